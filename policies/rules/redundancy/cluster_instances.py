"""Clusters of databases have an instance to fail over to."""

from collections.abc import Iterator

from ..kernel import CRITICAL, Context, Resource, Rule, count
from ..kernel.standards import REDUNDANCY
from ..kernel.values import Unknown

INSTANCES = {
    "aws:rds/cluster:Cluster": "aws:rds/clusterInstance:ClusterInstance",
    "aws:docdb/cluster:Cluster": "aws:docdb/clusterInstance:ClusterInstance",
    "aws:neptune/cluster:Cluster": "aws:neptune/clusterInstance:ClusterInstance",
}


def has_own_instances(r: Resource) -> bool:
    """The first kind of serverless Aurora, and a Multi-AZ cluster of RDS, run their instances by themselves."""
    return (r["engineMode"].text() or "").lower() == "serverless" or r["dbClusterInstanceClass"].present()


def instances(r: Resource, ctx: Context) -> tuple[int, set[str | None]]:
    """How many instances name the cluster, and their zones (None: AWS chooses). One that is not known yet counts."""
    found, undecided = ctx.stack.naming((INSTANCES[r.type],), "clusterIdentifier", (r.urn,), r.names)
    zones: set[str | None] = {None} if undecided else set()
    for instance in found:
        try:
            zones.add(instance["availabilityZone"].text())
        except Unknown:
            zones.add(None)
    return len(found) + len(undecided), zones


def check(r: Resource, ctx: Context) -> Iterator[str]:
    if ctx.facts.role_of(r) in ("warm", "cold") or has_own_instances(r):
        return  # a standby site may keep one instance, or none, until it is needed
    number, zones = instances(r, ctx)
    needed = ctx.number("minInstances")
    if number < needed:
        yield f"{number} instance(s) belong to it, needs at least {needed:g}: there is nothing to fail over to"
    elif needed > 1 and None not in zones and len(zones) < 2:
        yield f"its {number} instances are all in {', '.join(str(zone) for zone in zones)}"


RULE = Rule(
    id="DR-HAV-006",
    title="Aurora, DocumentDB and Neptune clusters have a second instance in another zone",
    severity=CRITICAL,
    types=tuple(INSTANCES),
    scope="stack",
    checks=(check,),
    reads=tuple(INSTANCES.values()),
    thresholds=(count("minInstances", 2, "instances of a cluster that serves"),),
    why=(
        "The storage of a cluster spans zones, its instances do not: with one instance the loss of a zone is an outage "
        "until a new one is made, for ten minutes and more, if the zone has room."
    ),
    remedy="Add a ClusterInstance, and leave availabilityZone out or name another zone.",
    serves=REDUNDANCY,
    see=(
        "AWS Config RDS_CLUSTER_MULTI_AZ_ENABLED",
        "prowler rds_cluster_multi_az",
        "prowler documentdb_cluster_multi_az_enabled",
        "prowler neptune_cluster_multi_az",
    ),
)

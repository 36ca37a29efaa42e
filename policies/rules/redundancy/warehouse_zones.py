"""Data warehouses can move to another zone."""

from collections.abc import Iterator

from ..kernel import MEDIUM, Context, Resource, Rule
from ..kernel.standards import REDUNDANCY


def check(r: Resource, ctx: Context) -> Iterator[str]:
    if r["multiAz"].flag() is not True and r["availabilityZoneRelocationEnabled"].flag() is not True:
        yield (
            f"multiAz is {r['multiAz'].shown()} and availabilityZoneRelocationEnabled is "
            f"{r['availabilityZoneRelocationEnabled'].shown()}, one of them needs to be true"
        )


RULE = Rule(
    id="DR-HAV-017",
    title="Redshift clusters can move to another zone",
    severity=MEDIUM,
    types=("aws:redshift/cluster:Cluster",),
    checks=(check,),
    why="Neither is on unless asked for: a cluster whose zone is lost comes back from a snapshot only.",
    remedy="Set availabilityZoneRelocationEnabled or multiAz (RA3 nodes).",
    serves=REDUNDANCY,
    see=("prowler redshift_cluster_multi_az_enabled", "AWS Config REDSHIFT_CLUSTER_MULTI_AZ_ENABLED"),
)

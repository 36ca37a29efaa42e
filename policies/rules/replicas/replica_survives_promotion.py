"""A promoted replica is not replaced by the next update."""

from collections.abc import Iterator

from ..kernel import HIGH, Context, Resource, Rule
from ..kernel.standards import SWITCHING


def postgres(r: Resource, ctx: Context) -> Iterator[str]:
    if not r["sourceServerResourceId"].present() and (r["createMode"].text() or "").lower() != "replica":
        return
    missing = {"sourceServerResourceId", "createMode"} - set(r.ignore_changes)
    if missing:
        yield f"ignoreChanges does not name {', '.join(sorted(missing))}"


def global_cache(r: Resource, ctx: Context) -> Iterator[str]:
    if "primaryReplicationGroupId" not in r.ignore_changes:
        yield "ignoreChanges does not name primaryReplicationGroupId"


RULES = (
    Rule(
        id="DR-REP-005",
        title="A promoted PostgreSQL replica is not replaced by the next update",
        severity=HIGH,
        types=("azure-native:dbforpostgresql:Server",),
        checks=(postgres,),
        why="sourceServerResourceId replaces the server when it changes or goes: that deletes the promoted database.",
        remedy="Keep the property, and add ignoreChanges for sourceServerResourceId and createMode.",
        serves=SWITCHING,
    ),
    Rule(
        id="DR-REP-006",
        title="A global cache is not replaced after a failover",
        severity=HIGH,
        types=("aws:elasticache/globalReplicationGroup:GlobalReplicationGroup",),
        checks=(global_cache,),
        why="A refresh after a failover reads another primary, and the next update replaces the global datastore.",
        remedy="Add ignoreChanges for primaryReplicationGroupId.",
        serves=SWITCHING,
    ),
)

"""Every primary database has a replica in another region."""

from collections.abc import Iterator

from ..kernel import CRITICAL, Context, Resource, Rule
from ..kernel.standards import OTHER_REGION
from .replica_in_another_region import SOURCES

REPLICATED_BACKUPS = "aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication"


def check(r: Resource, ctx: Context) -> Iterator[str]:
    if ctx.facts.role_of(r) not in ("all", "active") or not ctx.facts.sees_all_sites:
        return  # the other site is in another stack, whose rules look for the replica
    if ctx.facts.node("databasesFollowed").flag() is False:
        return  # the plan says that they are restored from backups that arrive in the other region
    prop = SOURCES[r.type]
    if r[prop].present() or r["globalClusterIdentifier"].present():
        return
    home = r.region()

    def is_replica(other: Resource) -> bool:
        return other is not r and other.region() != home

    if ctx.stack.first_naming((r.type,), prop, r, is_replica) is None:
        yield "no replica of it lies in another region"


RULE = Rule(
    id="DR-REP-003",
    title="Every primary database has a replica in another region",
    severity=CRITICAL,
    types=tuple(token for token in SOURCES if not token.endswith("LinkedServer")),
    scope="stack",
    checks=(check,),
    why="Policies do not see deletions: a replica taken out of the program passes every rule about replicas.",
    remedy="Add a replica in the recovery region, or look at all stacks of the system together.",
    serves=OTHER_REGION,
)

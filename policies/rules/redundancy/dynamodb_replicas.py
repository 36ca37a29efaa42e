"""DynamoDB tables have a replica in another region."""

from collections.abc import Iterator

from ..kernel import HIGH, Context, Node, Resource, Rule
from ..kernel.checks import each
from ..kernel.resource import plain_region
from ..kernel.standards import OTHER_REGION

TABLE_REPLICA = "aws:dynamodb/tableReplica:TableReplica"


def elsewhere(r: Resource, ctx: Context) -> Iterator[str]:
    home = r.region()
    found = {plain_region(replica["regionName"].text()) for replica in r["replicas"].items()} - {None, home}
    if found:
        return
    if ctx.stack.first_naming((TABLE_REPLICA,), "globalTableArn", r) is None:
        yield "replicas names no other region, and no TableReplica does"


def restorable(r: Resource, ctx: Context) -> Iterator[str]:
    def look(replica: Node) -> Iterator[str]:
        for key in ("pointInTimeRecovery", "deletionProtectionEnabled"):
            node = replica[key]
            if node.flag() is not True:
                yield f"{node.path} is {node.shown()}, needs to be true"

    yield from each([r.props] if r.type == TABLE_REPLICA else r["replicas"].items(), look)


RULES = (
    Rule(
        id="DR-GEO-011",
        title="DynamoDB tables have a replica in another region",
        severity=HIGH,
        types=("aws:dynamodb/table:Table",),
        scope="stack",
        checks=(elsewhere,),
        why="A table without a replica comes back from a backup only, in hours, and without its last minutes.",
        remedy="Add the recovery region to replicas.",
        serves=OTHER_REGION,
    ),
    Rule(
        id="DR-GEO-012",
        title="DynamoDB replicas are restorable and protected like their table",
        severity=HIGH,
        types=("aws:dynamodb/table:Table", TABLE_REPLICA),
        checks=(restorable,),
        why="Point-in-time recovery and deletion protection are not inherited: after a failover nothing covers it.",
        remedy="Set pointInTimeRecovery and deletionProtectionEnabled on each replica.",
        serves=OTHER_REGION,
        see=("checkov CKV_AWS_165",),
    ),
)

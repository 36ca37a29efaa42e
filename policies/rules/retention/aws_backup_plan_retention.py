"""AWS Backup keeps recovery points long enough."""

from collections.abc import Iterator

from ..kernel import HIGH, Context, Node, Resource, Rule, days
from ..kernel.checks import each
from ..kernel.standards import BACKUP


def check(r: Resource, ctx: Context) -> Iterator[str]:
    needed = ctx.number("minDays")
    if not r["rules"].present():
        yield "rules is absent: nothing is backed up"

    def look(lifecycle: Node) -> Iterator[str]:
        after = lifecycle["deleteAfter"]
        # Left out, recovery points are kept for ever.
        if after.raw is not None and (after.number() or 0) < needed:
            yield f"{after.path} is {after.shown()}, needs at least {needed:g} days"

    def of_rule(rule: Node) -> Iterator[str]:
        yield from look(rule["lifecycle"])
        yield from each((action["lifecycle"] for action in rule["copyActions"].items()), look)

    yield from each(r["rules"].items(), of_rule)


RULE = Rule(
    id="DR-RET-008",
    title="AWS Backup keeps recovery points and their copies long enough",
    severity=HIGH,
    types=("aws:backup/plan:Plan",),
    checks=(check,),
    thresholds=(days("minDays", 30, "shortest life of a recovery point", fact="backupRetentionDays"),),
    why="Ransomware and silent corruption are found weeks late; copies in other regions have a life of their own.",
    remedy="Raise lifecycle.deleteAfter of the rule and of each of its copy actions.",
    serves=BACKUP,
    see=("AWS Config BACKUP_PLAN_MIN_FREQUENCY_AND_MIN_RETENTION_CHECK", "prowler backup_plans_exist"),
)

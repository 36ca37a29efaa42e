"""Azure Backup policies keep recovery points long enough."""

from collections.abc import Iterator

from ..kernel import HIGH, Context, Node, Resource, Rule, days
from ..kernel.checks import each
from ..kernel.durations import iso_minutes
from ..kernel.standards import BACKUP


def check(r: Resource, ctx: Context) -> Iterator[str]:
    needed = ctx.number("minDays")
    longest = 0.0
    seen: list[str] = []

    def look(rule: Node) -> Iterator[str]:
        nonlocal longest
        if (rule["objectType"].text() or "") != "AzureRetentionRule":
            return
        for lifecycle in rule["lifecycles"].items():
            after = lifecycle["deleteAfter.duration"]
            longest = max(longest, (iso_minutes(after.text() or "") or 0) / 1440)
            seen.append(after.shown())
        yield from ()

    yield from each(r["properties.policyRules"].items(), look)
    if longest < needed:
        found = f"is {', '.join(seen)}" if seen else "is absent"
        yield f"the longest retention of properties.policyRules {found}, needs at least {needed:g} days"


RULE = Rule(
    id="DR-RET-009",
    title="Azure Backup policies keep recovery points long enough",
    severity=HIGH,
    types=("azure-native:dataprotection:BackupPolicy",),
    checks=(check,),
    thresholds=(days("minDays", 30, "shortest life of a recovery point", fact="backupRetentionDays"),),
    why="A policy without a retention rule, or with a short one, lets the only clean copy expire before it is needed.",
    remedy="Give the policy an AzureRetentionRule whose deleteAfter.duration is long enough (P30D).",
    serves=BACKUP,
    see=("prowler recovery_vault_backup_policy_retention_adequate",),
)

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


# Days of each word that a duration counts in (API specification).
UNITS = {"days": 1, "weeks": 7, "months": 30, "years": 365}
SCHEDULES = ("dailySchedule", "weeklySchedule", "monthlySchedule", "yearlySchedule")


def item_policy(r: Resource, ctx: Context) -> Iterator[str]:
    kept = [r["properties.retentionPolicy"]]
    kept += [part["retentionPolicy"] for part in r["properties.subProtectionPolicy"].items()]
    longest = 0.0
    for policy in kept:
        for duration in (policy["retentionDuration"], *(policy[f"{name}.retentionDuration"] for name in SCHEDULES)):
            unit = UNITS.get((duration["durationType"].text() or "").lower(), 0)
            longest = max(longest, (duration["count"].number() or 0) * unit)
    if longest < ctx.number("minDays"):
        yield f"properties keeps no recovery point for {ctx.number('minDays'):g} days"


RULES = (
    Rule(
        id="DR-RET-009",
        title="Azure Backup policies keep recovery points long enough",
        severity=HIGH,
        types=("azure-native:dataprotection:BackupPolicy",),
        checks=(check,),
        thresholds=(days("minDays", 30, "shortest life of a recovery point", fact="backupRetentionDays"),),
        why="Without a retention rule, or with a short one, the only clean copy expires before it is needed.",
        remedy="Give the policy an AzureRetentionRule whose deleteAfter.duration is long enough (P30D).",
        serves=BACKUP,
        see=("prowler recovery_vault_backup_policy_retention_adequate",),
    ),
    Rule(
        id="DR-RET-032",
        title="Policies of Recovery Services keep recovery points long enough",
        severity=HIGH,
        types=("azure-native:recoveryservices:ProtectionPolicy",),
        checks=(item_policy,),
        thresholds=(days("minDays", 30, "shortest life of a recovery point", fact="backupRetentionDays"),),
        why="A short retention lets the only clean copy of a machine or a share expire before it is needed.",
        remedy="Set properties.retentionPolicy.dailySchedule.retentionDuration to a count that is high enough.",
        serves=BACKUP,
        see=("prowler recovery_vault_backup_policy_retention_adequate",),
    ),
)

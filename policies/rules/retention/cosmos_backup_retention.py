"""Cosmos DB keeps backups long enough."""

from collections.abc import Iterator

from ..kernel import CRITICAL, Context, Resource, Rule, days
from ..kernel.standards import BACKUP

TIERS = {"continuous7days": 7, "continuous30days": 30}


def check(r: Resource, ctx: Context) -> Iterator[str]:
    needed = ctx.number("minDays")
    kind = (r["backupPolicy.type"].text() or "").lower()
    if kind == "continuous":
        tier = r["backupPolicy.continuousModeProperties.tier"]
        # Left out, the tier is that of 30 days.
        window = 30 if tier.raw is None else TIERS.get((tier.text() or "").lower(), 0)
        if window < needed:
            yield f"the tier {tier.shown()} keeps {window} days, needs at least {needed:g}"
    elif kind == "periodic":
        hours = r["backupPolicy.periodicModeProperties.backupRetentionIntervalInHours"]
        if (hours.number() or 0) < needed * 24:
            yield f"{hours.path} is {hours.shown()}, needs at least {needed * 24:g}"
    else:
        yield f"backupPolicy.type is {r['backupPolicy.type'].shown()}: the default keeps two copies, eight hours in all"


RULE = Rule(
    id="DR-RET-007",
    title="Cosmos DB keeps backups long enough",
    severity=CRITICAL,
    types=("azure-native:cosmosdb:DatabaseAccount",),
    checks=(check,),
    thresholds=(days("minDays", 7, "how far back a restore reaches"),),
    why="The default of Cosmos DB is periodic: a copy every four hours, kept for eight.",
    remedy="Use backupPolicy.type Continuous with the tier Continuous30Days (periodic to continuous is one way).",
    serves=BACKUP,
    see=("prowler cosmosdb_account_backup_policy_continuous",),
)

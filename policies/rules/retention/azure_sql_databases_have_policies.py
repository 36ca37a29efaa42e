"""Azure SQL databases have a policy that keeps their backups."""

from collections.abc import Iterator

from ..kernel import HIGH, MEDIUM, Context, Resource, Rule, days
from ..kernel.durations import iso_minutes
from ..kernel.standards import BACKUP
from ..kernel.values import Unknown

DATABASE = "azure-native:sql:Database"
SHORT = "azure-native:sql:BackupShortTermRetentionPolicy"
LONG = "azure-native:sql:LongTermRetentionPolicy"
KEPT = ("weeklyRetention", "monthlyRetention", "yearlyRetention")


def without_own_backups(r: Resource) -> bool:
    """A secondary has those of its primary, a data warehouse restore points of another kind, master none."""
    secondary = "secondary" in (r["createMode"].text() or "").lower()
    kind = f"{r['sku.tier'].text() or ''}{r['sku.name'].text() or ''}".lower()
    return secondary or kind.startswith(("datawarehouse", "dw")) or r["databaseName"].text() == "master"


def of_its_server(r: Resource, policy: Resource) -> bool:
    try:
        ours, theirs = r["serverName"].text(), policy["serverName"].text()
    except Unknown:
        return True
    return ours is None or theirs is None or ours == theirs


def short(r: Resource, ctx: Context) -> Iterator[str]:
    if without_own_backups(r) or ctx.number("minDays") <= 7:
        return  # seven days are kept without a policy
    if ctx.stack.first_naming((SHORT,), "databaseName", r, lambda policy: of_its_server(r, policy)) is None:
        yield f"no BackupShortTermRetentionPolicy names it: 7 days are kept, needs {ctx.number('minDays'):g}"


def long(r: Resource, ctx: Context) -> Iterator[str]:
    def keeps(policy: Resource) -> bool:
        return of_its_server(r, policy) and any((iso_minutes(policy[key].text() or "") or 0) > 0 for key in KEPT)

    if not without_own_backups(r) and ctx.stack.first_naming((LONG,), "databaseName", r, keeps) is None:
        yield "no LongTermRetentionPolicy keeps a weekly, monthly or yearly backup of it"


RULES = (
    Rule(
        id="DR-RET-023",
        title="Azure SQL databases have a policy for their point-in-time window",
        severity=HIGH,
        types=(DATABASE,),
        scope="stack",
        checks=(short,),
        reads=(SHORT,),
        thresholds=(days("minDays", 14, "shortest point-in-time window", fact="pitrDays"),),
        why="The window is a resource of its own: a database without one keeps seven days.",
        remedy="Add a BackupShortTermRetentionPolicy with retentionDays.",
        serves=BACKUP,
    ),
    Rule(
        id="DR-RET-024",
        title="Azure SQL databases keep backups for the long term",
        severity=MEDIUM,
        types=(DATABASE,),
        scope="stack",
        checks=(long,),
        reads=(LONG,),
        why="The point-in-time window ends after 35 days at the latest; a loss found later has no other way back.",
        remedy="Add a LongTermRetentionPolicy with weeklyRetention (P4W), monthlyRetention or yearlyRetention.",
        serves=BACKUP,
        see=("Azure Policy d38fc420-0735-4ef3-ac11-c806f651a570",),
    ),
)

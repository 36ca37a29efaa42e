"""Spanner: backups on a schedule, a window of versions, more than one region."""

from collections.abc import Iterator

from ..kernel import HIGH, MEDIUM, Context, Resource, Rule, days
from ..kernel.durations import go_minutes
from ..kernel.standards import BACKUP, OTHER_REGION

INSTANCE = "gcp:spanner/instance:Instance"
DATABASE = "gcp:spanner/database:Database"
SCHEDULE = "gcp:spanner/backupSchedule:BackupSchedule"


def minutes(text: str | None) -> float | None:
    """Minutes in `604800s`, `168h` or `7d`."""
    if text and text.endswith("d") and text[:-1].isdigit():
        return int(text[:-1]) * 1440
    return go_minutes(text or "")


def scheduled(r: Resource, ctx: Context) -> Iterator[str]:
    needed = ctx.number("minDays") * 1440

    def keeps(schedule: Resource) -> bool:
        return (minutes(schedule["retentionDuration"].text()) or 0) >= needed

    if ctx.stack.first_naming((SCHEDULE,), "database", r, keeps) is not None:
        return
    instance = ctx.stack.target((INSTANCE,), r, "instance")
    # What an instance makes by itself is kept for seven days (Spanner docs).
    automatic = instance is not None and (instance["defaultBackupScheduleType"].text() or "").upper() == "AUTOMATIC"
    if not automatic or needed > 7 * 1440:
        yield f"no BackupSchedule of it keeps backups for {ctx.number('minDays'):g} days, and its instance makes none"


def versions(r: Resource, ctx: Context) -> Iterator[str]:
    node, needed = r["versionRetentionPeriod"], ctx.number("minDays") * 1440
    if (60 if node.raw is None else minutes(node.text()) or 0) < needed:  # left out, an hour
        yield f"{node.path} is {node.shown()}, needs at least {ctx.number('minDays'):g} days"


def regions(r: Resource, ctx: Context) -> Iterator[str]:
    node = r["config"]
    if (node.text() or "regional-").rsplit("/", 1)[-1].lower().startswith("regional-"):
        yield f"config is {node.shown()}: its data lie in one region"


RULES = (
    Rule(
        id="DR-RET-029",
        title="Spanner databases have backups on a schedule",
        severity=HIGH,
        types=(DATABASE,),
        scope="stack",
        checks=(scheduled,),
        reads=(SCHEDULE, INSTANCE),
        thresholds=(days("minDays", 7, "shortest life of a backup"),),
        why="Replicas repeat a wrong delete. Without a schedule nothing is left after the window of versions.",
        remedy="Add a BackupSchedule, or set defaultBackupScheduleType of the instance to AUTOMATIC.",
        serves=BACKUP,
    ),
    Rule(
        id="DR-RET-030",
        title="Spanner databases keep versions long enough",
        severity=MEDIUM,
        types=(DATABASE,),
        checks=(versions,),
        thresholds=(days("minDays", 1, "shortest point-in-time window"),),
        why="Left out, the way back to a point in time ends after an hour, before most mistakes are noticed.",
        remedy="Set versionRetentionPeriod (up to 7d).",
        serves=BACKUP,
    ),
    Rule(
        id="DR-GEO-015",
        title="Spanner instances lie in several regions",
        severity=MEDIUM,
        types=(INSTANCE,),
        checks=(regions,),
        why="A regional instance is away with its region.",
        remedy="Use a dual-region or multi-region config such as eur3 or nam3.",
        serves=OTHER_REGION,
    ),
)

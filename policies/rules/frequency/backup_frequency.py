"""Backups are made as often as the objectives need."""

from collections.abc import Iterator

from ..kernel import HIGH, Context, Node, Resource, Rule, minutes
from ..kernel.checks import at_most, each, runs_often_enough, schedule_problem
from ..kernel.standards import BACKUP

# The longest time between two runs, of each word for it (API specification).
RUNS = {"hourly": 60, "daily": 1440, "weekly": 10080}
POLICY = "azure-native:recoveryservices:ProtectionPolicy"
LINK = "azure-native:redis:LinkedServer"


def aws_plan(r: Resource, ctx: Context) -> Iterator[str]:
    if not r["rules"].present():
        yield "rules is absent: nothing is ever backed up"
        return
    problems: list[str] = []
    enough = False

    def look(rule: Node) -> Iterator[str]:
        nonlocal enough
        # Continuous backups lose minutes, whatever the schedule of the snapshots.
        found = [] if rule["enableContinuousBackup"].flag() else list(schedule_problem(rule["schedule"], allowed))
        enough = enough or not found
        problems.extend(found)
        yield from ()

    allowed = ctx.number("maxMinutes")
    yield from each(r["rules"].items(), look)
    if not enough:
        yield from problems


def azure_policy(r: Resource, ctx: Context) -> Iterator[str]:
    schedules: list[Node] = []

    def look(rule: Node) -> Iterator[str]:
        if (rule["objectType"].text() or "") == "AzureBackupRule":
            schedules.extend(rule["trigger.schedule.repeatingTimeIntervals"].items())
        yield from ()

    yield from each(r["properties.policyRules"].items(), look)
    if not schedules:
        yield "properties.policyRules has no AzureBackupRule with a schedule"
    problems = [list(schedule_problem(schedule, ctx.number("maxMinutes"))) for schedule in schedules]
    if all(problems):
        for problem in problems:
            yield from problem


def item_policy(r: Resource, ctx: Context) -> Iterator[str]:
    """The policy of machines and shares has one schedule; that of databases in machines one for each of its parts."""
    parts = [part["schedulePolicy"] for part in r["properties.subProtectionPolicy"].items()]
    gaps = [gap for schedule in parts or [r["properties.schedulePolicy"]] if (gap := _gap(schedule))]
    if not gaps:
        yield "properties.schedulePolicy.scheduleRunFrequency says no known frequency: nobody knows when it runs"
    elif min(gaps) > ctx.number("maxMinutes"):
        yield f"properties runs less often than every {ctx.number('maxMinutes'):g} minutes"


def _gap(schedule: Node) -> float | None:
    """Minutes between two runs of a schedule of Recovery Services."""
    if (hours := schedule["hourlySchedule.interval"].number()) is not None:
        return hours * 60
    return schedule["scheduleFrequencyInMins"].number() or RUNS.get(
        (schedule["scheduleRunFrequency"].text() or "").lower()
    )


def managed_redis(r: Resource, ctx: Context) -> Iterator[str]:
    if len(list(r["geoReplication.linkedDatabases"].items())) > 1:
        return  # the other members hold the data
    if not any(r[f"persistence.{switch}"].flag() for switch in ("aofEnabled", "rdbEnabled")):
        yield "neither persistence.aofEnabled nor persistence.rdbEnabled is true, and it is linked to no other"


def cosmos(r: Resource, ctx: Context) -> Iterator[str]:
    if (r["backupPolicy.type"].text() or "").lower() == "continuous":
        return
    yield from at_most(
        "backupPolicy.periodicModeProperties.backupIntervalInMinutes", "maxMinutes", "minutes", absent=240
    )(r, ctx)


def redis(r: Resource, ctx: Context) -> Iterator[str]:
    configuration = r["redisConfiguration"]
    if any(ctx.stack.first_naming((LINK,), prop, r) for prop in ("name", "linkedRedisCacheId")):
        return  # a cache that is linked to another one cannot write its data down
    if configuration["aofBackupEnabled"].flag():
        return
    if configuration["rdbBackupEnabled"].flag() is not True:
        yield f"redisConfiguration.rdbBackupEnabled is {configuration['rdbBackupEnabled'].shown()}, needs to be true"
        return
    yield from at_most("redisConfiguration.rdbBackupFrequency", "maxMinutes", "minutes")(r, ctx)


RULES = (
    Rule(
        id="DR-RPO-001",
        title="AWS Backup runs as often as the plan promises",
        severity=HIGH,
        types=("aws:backup/plan:Plan",),
        checks=(aws_plan,),
        thresholds=(minutes("maxMinutes", 1440, "longest time between backups", fact="backupEveryMinutes"),),
        why="What was written since the last backup is lost in a restore.",
        remedy="Give a rule a schedule that runs often enough, or enableContinuousBackup.",
        serves=BACKUP,
        see=("AWS Config BACKUP_PLAN_MIN_FREQUENCY_AND_MIN_RETENTION_CHECK",),
    ),
    Rule(
        id="DR-RPO-002",
        title="Azure Backup runs as often as the plan promises",
        severity=HIGH,
        types=("azure-native:dataprotection:BackupPolicy",),
        checks=(azure_policy,),
        thresholds=(minutes("maxMinutes", 1440, "longest time between backups", fact="backupEveryMinutes"),),
        why="What was written since the last backup is lost in a restore.",
        remedy="Give an AzureBackupRule a trigger.schedule.repeatingTimeIntervals such as R/2026-01-01T02:00:00Z/PT4H.",
        serves=BACKUP,
    ),
    Rule(
        id="DR-RPO-003",
        title="Velero runs as often as the plan promises",
        severity=HIGH,
        types=("kubernetes:velero.io/v1:Schedule",),
        checks=(runs_often_enough("spec.schedule", "maxMinutes"),),
        thresholds=(minutes("maxMinutes", 1440, "longest time between cluster backups", fact="backupEveryMinutes"),),
        why="What was changed in the cluster since the last backup is lost in a restore.",
        remedy="Set spec.schedule to a cron expression that runs often enough.",
        serves=BACKUP,
    ),
    Rule(
        id="DR-RPO-004",
        title="Cosmos DB makes backups often enough",
        severity=HIGH,
        types=("azure-native:cosmosdb:DatabaseAccount",),
        checks=(cosmos,),
        thresholds=(minutes("maxMinutes", 240, "longest time between backups", fact="backupEveryMinutes"),),
        why="Periodic backups come every four hours when nothing is said.",
        remedy="Use continuous backups, or lower backupIntervalInMinutes (60 is the least).",
        serves=BACKUP,
    ),
    Rule(
        id="DR-RPO-005",
        title="Azure Redis writes its data down often enough",
        severity=HIGH,
        types=("azure-native:redis:Redis",),
        scope="stack",
        reads=(LINK,),
        checks=(redis,),
        thresholds=(minutes("maxMinutes", 60, "longest time between snapshots"),),
        why="A cache without persistence starts empty after a failure. Linked caches cannot have it, and are exempt.",
        remedy="Set redisConfiguration.rdbBackupEnabled and rdbBackupFrequency (15, 30, 60 ...), Premium only.",
        serves=BACKUP,
    ),
    Rule(
        id="DR-RPO-006",
        title="Policies of Recovery Services run as often as the plan promises",
        severity=HIGH,
        types=(POLICY,),
        checks=(item_policy,),
        thresholds=(minutes("maxMinutes", 1440, "longest time between backups", fact="backupEveryMinutes"),),
        why="What was written to a machine or a share since its last backup is lost in a restore.",
        remedy="Set properties.schedulePolicy.scheduleRunFrequency to Daily, or Hourly with hourlySchedule.interval.",
        serves=BACKUP,
    ),
    Rule(
        id="DR-RPO-007",
        title="Managed Redis writes its data down",
        severity=HIGH,
        types=("azure-native:redisenterprise:Database",),
        checks=(managed_redis,),
        why="A cache without persistence and without other members starts empty after a failure.",
        remedy="Set persistence.aofEnabled or persistence.rdbEnabled, or link it by geoReplication.linkedDatabases.",
        serves=BACKUP,
    ),
)

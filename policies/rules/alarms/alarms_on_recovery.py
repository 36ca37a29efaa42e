"""Somebody is told when a backup fails or a replica falls behind."""

from collections.abc import Iterator

from ..kernel import HIGH, MEDIUM, Context, Node, Resource, Rule, minutes, words
from ..kernel.checks import each
from ..kernel.standards import GDPR_RESTORE, ISO_PLANS, NIST_BACKUP
from ..kernel.values import Unknown

ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
ALERT = "azure-native:monitor:MetricAlert"
LAG = ("ReplicaLag", "AuroraReplicaLag", "AuroraGlobalDBReplicationLag", "AuroraGlobalDBRPOLag", "ReplicationLatency")
AZURE_LAG = ("physical_replication_delay_in_seconds", "replication_lag", "physical_replication_delay_in_bytes")
BACKUP_FAILED = (
    "NumberOfBackupJobsFailed",
    "NumberOfCopyJobsFailed",
    "BackupHealthEvent",
    "velero_backup_failure_total",
)
BACKUP_EVENTS = ("aws:backup/vaultNotifications:VaultNotifications", "aws:cloudwatch/eventRule:EventRule")
FAILURES = {"BACKUP_JOB_COMPLETED", "BACKUP_JOB_FAILED", "BACKUP_JOB_EXPIRED"}
AZURE_BACKUP_ALERTS = (
    "azure-native:monitor:ActivityLogAlert",
    "azure-native:monitor:ScheduledQueryRule",
    "azure-native:alertsmanagement:AlertProcessingRuleByName",
)
SOURCES = ("replicateSourceDb", "replicationSourceIdentifier", "globalClusterIdentifier", "sourceServerResourceId")
SERVES = (NIST_BACKUP, ISO_PLANS, GDPR_RESTORE)


def watches(alarm: Resource, *metrics: str) -> bool:
    names = {alarm["metricName"].text()}
    names |= {criterion["metricName"].text() for criterion in alarm["criteria.allOf"].items()}
    names |= {query["metric.metricName"].text() for query in alarm["metricQueries"].items()}
    return bool(names & set(metrics))


def follows(database: Resource) -> bool:
    """Whether a database is a replica; one whose source is not known yet is."""

    def given(prop: str) -> bool:
        try:
            return database[prop].present()
        except Unknown:
            return True

    return any(map(given, SOURCES))


def about(alarm: Resource, database: Resource) -> bool:
    """Whether an alarm that names an instance or a scope names this database."""
    named = [alarm["dimensions"].key(key).text() for key in ("DBInstanceIdentifier", "DBClusterIdentifier")]
    named += [scope.text() for scope in alarm["scopes"].items()]
    mine = {database.name, *(database[key].text() for key in ("identifier", "clusterIdentifier", "serverName"))}
    given = [name.rsplit("/", 1)[-1] for name in named if name]
    return not given or bool(mine & set(given)) or alarm.refers_to("scopes", database)


def lag_alarm(r: Resource, ctx: Context) -> Iterator[str]:
    if not follows(r):
        return
    if ctx.stack.first((ALARM, ALERT), lambda alarm: watches(alarm, *LAG, *AZURE_LAG) and about(alarm, r)) is None:
        yield "no alarm watches its replication lag"


def backup_alarm(r: Resource, ctx: Context) -> Iterator[str]:
    azure = r.type.startswith("azure-native")
    if ctx.stack.first((ALARM, ALERT), lambda alarm: watches(alarm, *BACKUP_FAILED)):
        return
    others = AZURE_BACKUP_ALERTS if azure else BACKUP_EVENTS

    def about_backup(other: Resource) -> bool:
        if other["enabled"].flag() is False or (other["state"].text() or "").upper() == "DISABLED":
            return False
        if other.type.endswith("EventRule"):
            return other["isEnabled"].flag() is not False and "aws.backup" in (other["eventPattern"].text() or "")
        if other.type.endswith("VaultNotifications"):
            return bool({event.text() for event in other["backupVaultEvents"].items()} & FAILURES)
        return True

    if ctx.stack.first(others, about_backup) is None:
        yield "no alarm or notification tells of failed backups"


def acts(r: Resource, ctx: Context) -> Iterator[str]:
    if r.type == ALARM:
        enabled, actions = r["actionsEnabled"], r["alarmActions"]
    else:
        enabled, actions = r["enabled"], r["actions"]
    if enabled.raw is not None and enabled.flag() is not True:
        yield f"{enabled.path} is {enabled.shown()}: nobody is told"
    if not actions.present():
        yield f"{actions.path} is absent: nobody is told"
    elif not names_somebody(actions):
        yield f"{actions.path} names nobody: nobody is told"


def names_somebody(actions: Node) -> bool:
    """Whether an action of a list leads anywhere; one that is not known yet does."""
    try:
        nodes = [action["actionGroupId"] if isinstance(action.raw, dict) else action for action in actions.items()]
        return any((node.text() or "").strip() for node in nodes)
    except Unknown:
        return True


def lag_within_rpo(r: Resource, ctx: Context) -> Iterator[str]:
    allowed = ctx.number("maxMinutes") * 60

    def look(node: Node, name: str | None) -> Iterator[str]:
        limit = node["threshold"]
        if name == "ReplicationLatency" and r["namespace"].text() == "AWS/S3":
            return
        # Aurora counts milliseconds, the others seconds.
        number = (limit.number() or 0) / (1000 if (name or "").startswith("Aurora") else 1)
        if limit.number() is None or number > allowed:
            yield f"{limit.path} is {limit.shown()}: the alarm comes when the objective ({allowed:g} s) is missed"

    if r.type == ALARM:
        if watches(r, *LAG):
            yield from look(r.props, r["metricName"].text())
    else:
        lags = (c for c in r["criteria.allOf"].items() if c["metricName"].text() in AZURE_LAG[:2])
        yield from each(lags, lambda criterion: look(criterion, criterion["metricName"].text()))


def missing_data(r: Resource, ctx: Context) -> Iterator[str]:
    node = r["treatMissingData"]
    if not watches(r, *LAG) or (node.text() or "").lower() == "breaching":
        return
    watched = r["dimensions.DBInstanceIdentifier"].text() or r["dimensions.DBClusterIdentifier"].text()
    # A primary reports no lag and is right: its alarm waits for the day when it follows another.
    for database in ctx.stack.of("aws:rds/instance:Instance", "aws:rds/cluster:Cluster"):
        name = database["identifier"].text() or database["clusterIdentifier"].text()
        if watched and name == watched and not follows(database):
            return
    yield f"treatMissingData is {node.shown()}, needs to be breaching"


def receivers(r: Resource, ctx: Context) -> Iterator[str]:
    if r["enabled"].raw is not None and r["enabled"].flag() is not True:
        yield f"enabled is {r['enabled'].shown()}: nobody is told"
    if not any(r[name].present() for name in ctx.words("receivers")):
        yield "the group has no receivers"


RULES = (
    Rule(
        id="DR-ALM-001",
        title="The lag of every replica is watched",
        severity=HIGH,
        types=("aws:rds/instance:Instance", "aws:rds/cluster:Cluster", "azure-native:dbforpostgresql:Server"),
        scope="stack",
        checks=(lag_alarm,),
        why="A replica that stopped a week ago looks like a replica. Its lag is what a failover loses.",
        remedy="Add an alarm on ReplicaLag (Azure: physical_replication_delay_in_seconds) to the replica's stack.",
        serves=SERVES,
    ),
    Rule(
        id="DR-ALM-002",
        title="Failed backups are told",
        severity=HIGH,
        types=(
            "aws:backup/plan:Plan",
            "azure-native:dataprotection:BackupVault",
            "azure-native:recoveryservices:Vault",
            "kubernetes:velero.io/v1:Schedule",
        ),
        scope="stack",
        checks=(backup_alarm,),
        why="Backups fail in silence for months.",
        remedy="Add VaultNotifications, an alarm on NumberOfBackupJobsFailed, or an alert on the vault's health.",
        serves=SERVES,
    ),
    Rule(
        id="DR-ALM-003",
        title="Alarms tell somebody",
        severity=HIGH,
        types=(ALARM, ALERT),
        checks=(acts,),
        why="An alarm without an action changes its colour on a page that nobody looks at.",
        remedy="Give it actions, and leave actionsEnabled (Azure: enabled) on.",
        serves=SERVES,
    ),
    Rule(
        id="DR-ALM-004",
        title="Replication lag alarms come before the objective is missed",
        severity=HIGH,
        types=(ALARM, ALERT),
        checks=(lag_within_rpo,),
        thresholds=(minutes("maxMinutes", 15, "lag at which somebody is told", fact="rpoMinutes"),),
        why="The lag at the moment of the disaster is the data that is lost.",
        remedy="Set the threshold below the recovery point objective.",
        serves=SERVES,
    ),
    Rule(
        id="DR-ALM-005",
        title="A lag that is not reported counts as a lag",
        severity=MEDIUM,
        types=(ALARM,),
        scope="stack",
        checks=(missing_data,),
        why="A replica that is gone reports no lag.",
        remedy="Set treatMissingData to breaching.",
        serves=SERVES,
    ),
    Rule(
        id="DR-ALM-006",
        title="Action groups reach somebody",
        severity=MEDIUM,
        types=("azure-native:monitor:ActionGroup",),
        checks=(receivers,),
        thresholds=(
            words(
                "receivers",
                (
                    "emailReceivers",
                    "smsReceivers",
                    "webhookReceivers",
                    "voiceReceivers",
                    "azureAppPushReceivers",
                    "armRoleReceivers",
                    "eventHubReceivers",
                    "logicAppReceivers",
                    "azureFunctionReceivers",
                ),
                "kinds of receivers that count",
            ),
        ),
        why="An empty group is where alerts end.",
        remedy="Add a receiver.",
        serves=SERVES,
    ),
)

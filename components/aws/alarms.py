"""
What calls a person before the disaster does: replication that falls behind, backups that fail, disks that fill.

Alarms are declared in every site with a database whatever its role, so that a failover adds and removes none; an alarm
on a lag that is not measured at the moment stays silent.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_aws as aws

from model.stores import Postgres

if TYPE_CHECKING:
    from model import Plan


@dataclass(frozen=True)
class AlarmsArgs:
    """
    `instances` maps the name of a database to its present identifier in this site. `follows` names those that are
    replicas, so that a lag which is not measured means a replica that is gone.
    """

    plan: "Plan"
    site: str
    instances: dict[str, str]
    vault: str
    follows: frozenset[str]


class Alarms(pulumi.ComponentResource):
    """Gives `topic_arn`, to which all of them report."""

    def __init__(self, name: str, args: AlarmsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("dr:aws:Alarms", name, None, opts)
        prefix = f"{args.plan.system}-{args.site}"
        self._region = args.plan.site(args.site).region
        topic = aws.sns.Topic(
            f"{name}-topic", region=self._region, name=f"{prefix}-alarms", opts=pulumi.ResourceOptions(parent=self)
        )
        self.topic_arn: pulumi.Output[str] = topic.arn
        for database in args.plan.stores_of(Postgres):
            identifier = args.instances.get(database.name)
            if identifier is None:
                continue
            of_instance = {"namespace": "AWS/RDS", "dimensions": {"DBInstanceIdentifier": identifier}}
            lag = database.replication.max_lag
            if lag is not None:
                self._alarm(
                    f"{name}-{database.name}-lag",
                    f"{prefix}-{database.name}-replica-lag",
                    "The replica is further behind than may be lost",
                    metric_name="ReplicaLag",
                    statistic="Maximum",
                    threshold=lag.total_seconds(),
                    treat_missing_data="breaching" if database.name in args.follows else "notBreaching",
                    **of_instance,
                )
            self._alarm(
                f"{name}-{database.name}-disk",
                f"{prefix}-{database.name}-free-storage",
                "Less than a tenth of the storage is free",
                metric_name="FreeStorageSpace",
                statistic="Minimum",
                comparison_operator="LessThanThreshold",
                threshold=database.storage_gb * 1024**3 / 10,
                treat_missing_data="missing",
                **of_instance,
            )
        self._alarm(
            f"{name}-backup-failed",
            f"{prefix}-backup-failed",
            "A backup or a copy of one failed",
            namespace="AWS/Backup",
            metric_name="NumberOfBackupJobsFailed",
            dimensions={"BackupVaultName": args.vault},
            statistic="Sum",
            threshold=0,
            period=3600,
            treat_missing_data="notBreaching",
        )
        self.register_outputs({"topicArn": topic.arn})

    def _alarm(self, name: str, alarm_name: str, description: str, **how: Any) -> None:
        settings = {"comparison_operator": "GreaterThanThreshold", "period": 60, "evaluation_periods": 1} | how
        aws.cloudwatch.MetricAlarm(
            name,
            region=self._region,
            name=alarm_name,
            alarm_description=description,
            alarm_actions=[self.topic_arn],
            **settings,
            opts=pulumi.ResourceOptions(parent=self),
        )

"""RDS for PostgreSQL: one instance, its snapshots and its automated backups."""

from __future__ import annotations

import math
import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from model import names
from scripts.clouds.aws.session import Session, code_of, said, unless
from scripts.clouds.protocol import Phase, PointKind, RestorePoint, StoreFeature, StoreState
from scripts.core.errors import CloudFailed, Refused

if TYPE_CHECKING:
    from model import Plan
    from scripts.clouds.protocol import Declared

NEVER_COMES_UP = frozenset(
    {"failed", "incompatible-network", "incompatible-restore", "insufficient-capacity", "restore-error"}
)
"""RDS: states of an instance that was being made, from which it does not recover by itself."""
SCRATCH_CLASS = "db.t4g.medium"
NOT_THERE = "DBInstanceNotFound"
RESOURCE = "aws:rds/instance:Instance"


class RdsPostgres:
    """See `ManagedStore`."""

    features = (
        StoreFeature.PROMOTE
        | StoreFeature.STANDBY
        | StoreFeature.RESTART
        | StoreFeature.SNAPSHOT
        | StoreFeature.POINT_IN_TIME
        | StoreFeature.FORGET_PASSWORD
    )

    clouds_own_users = ("rds",)

    def __init__(self, session: Session, plan: Plan, site: str, store: str, identifier: str) -> None:
        self.identifier = identifier
        self._session, self._plan, self._site, self._store = session, plan, site, store
        self._region = plan.site(site).region

    def state(self) -> StoreState | None:
        raw = describe(self._session, self._region, self.identifier)
        if raw is None:
            return None
        endpoint, status = raw.get("Endpoint") or {}, str(raw["DBInstanceStatus"])
        phase = Phase.FAILED if status in NEVER_COMES_UP else Phase.CHANGING
        return StoreState(
            self.identifier,
            Phase.AVAILABLE if status == "available" else phase,
            status,
            endpoint.get("Address", ""),
            int(endpoint.get("Port", 5432)),
            raw.get("ReadReplicaSourceDBInstanceIdentifier") or None,
        )

    def promote(self) -> None:
        """A promotion without retention would make a database without backups."""
        kept = self._plan.incarnated_store(self._store).backups.retention.total_seconds()
        with said(f"promoting {self.identifier}"):
            self._slow().promote_read_replica(
                DBInstanceIdentifier=self.identifier, BackupRetentionPeriod=max(math.ceil(kept / 86400), 1)
            )

    def fail_over_in_region(self) -> None:
        with said(f"failing {self.identifier} over to its standby"):
            self._slow().reboot_db_instance(DBInstanceIdentifier=self.identifier, ForceFailover=True)

    def why_no_standby(self) -> str | None:
        """RDS names the zone of the standby while there is one (API reference of DBInstance)."""
        raw = describe(self._session, self._region, self.identifier)
        if raw is None:
            return f"{self.identifier} is not there"
        if not raw.get("MultiAZ"):
            return f"{self.identifier} has no standby"
        if not raw.get("SecondaryAvailabilityZone"):
            return f"the standby of {self.identifier} is being made and not in step: it would lose acknowledged writes"
        return None

    def restart(self) -> None:
        with said(f"restarting {self.identifier}"):
            self._slow().reboot_db_instance(DBInstanceIdentifier=self.identifier, ForceFailover=False)

    def restore(self, point: RestorePoint, tags: Mapping[str, str]) -> None:
        common: dict[str, Any] = {
            "DBInstanceClass": self._plan.incarnated_store(self._store).size.get("aws", SCRATCH_CLASS),
            "MultiAZ": False,
            "PubliclyAccessible": False,
            "Tags": _tags(tags),
        }
        with said(f"restoring {self.identifier} from {point.name}"):
            if point.kind is PointKind.SNAPSHOT:
                self._slow().restore_db_instance_from_db_snapshot(
                    DBInstanceIdentifier=self.identifier, DBSnapshotIdentifier=point.name, **common
                )
                return
            when: dict[str, Any] = (
                {"UseLatestRestorableTime": True} if point.until is None else {"RestoreTime": point.until}
            )
            # RDS takes the ARN for replicated backups only (API reference of RestoreDBInstanceToPointInTime), and an
            # identifier for living instances only; the resource ID finds retained backups as well.
            is_replicated = point.reference.startswith("arn:")
            key = "SourceDBInstanceAutomatedBackupsArn" if is_replicated else "SourceDbiResourceId"
            self._slow().restore_db_instance_to_point_in_time(
                TargetDBInstanceIdentifier=self.identifier, **{key: point.reference}, **when, **common
            )

    def snapshot(self, name: str, tags: Mapping[str, str]) -> None:
        with unless("DBSnapshotAlreadyExists"), said(f"taking the snapshot {name}"):
            self._slow().create_db_snapshot(
                DBInstanceIdentifier=self.identifier, DBSnapshotIdentifier=name, Tags=_tags(tags)
            )

    def send_snapshot(self, name: str, to: str, tags: Mapping[str, str]) -> str:
        if self._region in self._session.lost:
            raise Refused(f"{self._region} counts as lost and is not asked", "this is a defect in a step")
        with said(f"looking for the snapshot {name}"):
            found = self._session.client("rds", self._region).describe_db_snapshots(DBSnapshotIdentifier=name)
        there = self._plan.site(to).region
        with unless("DBSnapshotAlreadyExists"), said(f"copying the snapshot {name} to {there}"):
            self._session.client("rds", there, slow=True).copy_db_snapshot(
                SourceDBSnapshotIdentifier=found["DBSnapshots"][0]["DBSnapshotArn"],
                TargetDBSnapshotIdentifier=name,
                SourceRegion=self._region,
                KmsKeyId=f"alias/{names.key(self._plan, to)}",
                Tags=_tags(tags),
            )
        return name

    def why_not_sent(self, to: str) -> str | None:
        del to  # whatever made it, RDS replicates its backups where the site's stack says so
        return None

    def set_password(self, password: str) -> None:
        with said(f"changing the password of {self.identifier}"):
            self._slow().modify_db_instance(
                DBInstanceIdentifier=self.identifier, MasterUserPassword=password, ApplyImmediately=True
            )

    def forget_password(self) -> None:
        """Whoever is to look inside sets another one by the same call."""
        self.set_password(secrets.token_hex(32))

    def release_followers(self) -> None:
        """RDS promotes the replicas of an instance that is deleted by itself."""

    def final_snapshot(self) -> str | None:
        return names.final_snapshot(self.identifier)

    def discard(self) -> None:
        with unless(NOT_THERE, "InvalidDBInstanceState"), said(f"taking the protection off {self.identifier}"):
            self._slow().modify_db_instance(
                DBInstanceIdentifier=self.identifier, DeletionProtection=False, ApplyImmediately=True
            )
        self.delete()

    def delete(self) -> None:
        with unless(NOT_THERE), said(f"deleting {self.identifier}"):
            self._slow().delete_db_instance(
                DBInstanceIdentifier=self.identifier, SkipFinalSnapshot=True, DeleteAutomatedBackups=True
            )

    def is_declared_by(self, resource: Declared) -> bool:
        return resource.type == RESOURCE and resource.inputs.get("identifier") == self.identifier

    def _slow(self) -> Any:
        return self._session.client("rds", self._region, slow=True)


def describe(session: Session, region: str, identifier: str) -> Mapping[str, Any] | None:
    """An instance as RDS shows it, or None where there is none."""
    try:
        with said(f"describing {identifier} in {region}"):
            found = session.client("rds", region).describe_db_instances(DBInstanceIdentifier=identifier)["DBInstances"]
    except CloudFailed as error:
        if code_of(error).removesuffix("Fault") == NOT_THERE:
            return None
        raise
    shown: Mapping[str, Any] | None = found[0] if found else None
    return shown


def restore_points(session: Session, region: str, site: str) -> list[RestorePoint]:
    """Everything in `region` that an instance can be restored from, newest first."""
    client = session.client("rds", region, slow=True)
    with said(f"listing the backups in {region}"):
        snapshots = [
            RestorePoint(
                each["DBSnapshotIdentifier"],
                site,
                PointKind.SNAPSHOT,
                each["DBInstanceIdentifier"],
                each.get("SnapshotDatabaseTime") or each["SnapshotCreateTime"],
                None,
                each["DBSnapshotIdentifier"],
                size_gb=each.get("AllocatedStorage"),
            )
            for page in client.get_paginator("describe_db_snapshots").paginate()
            for each in page["DBSnapshots"]
            if each.get("Status") == "available"
        ]
        logs = [
            _continuous(each, region, site)
            for page in client.get_paginator("describe_db_instance_automated_backups").paginate()
            for each in page["DBInstanceAutomatedBackups"]
        ]
    return sorted([*snapshots, *filter(None, logs)], key=lambda point: point.newest, reverse=True)


def _continuous(raw: Mapping[str, Any], region: str, site: str) -> RestorePoint | None:
    """
    The reference is the RDS resource ID of an instance of this region, alive or deleted; the ARN of a backup that was
    replicated from another region.
    """
    window, arn = raw.get("RestoreWindow") or {}, str(raw["DBInstanceAutomatedBackupsArn"])
    latest = _moment(window.get("LatestTime"))
    if latest is None:
        return None
    is_own = raw["DBInstanceArn"].split(":")[3] == region
    return RestorePoint(
        arn.rpartition(":")[2],
        site,
        PointKind.CONTINUOUS,
        raw["DBInstanceIdentifier"],
        latest,
        _moment(window.get("EarliestTime")),
        str(raw["DbiResourceId"]) if is_own else arn,
        size_gb=raw.get("AllocatedStorage"),
    )


def _moment(value: Any) -> datetime | None:
    return value if isinstance(value, datetime) else None


def _tags(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]

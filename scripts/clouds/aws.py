"""
AWS as the runbooks use it: a handful of calls, bounded, on the regions that survive.

Clients are made once per service and region and shared by threads. A region named in `lost` gets no client: a step
that asks for one fails here instead of hanging there.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

import boto3
import botocore.exceptions
from botocore.config import Config

from scripts.core.errors import CloudFailed, Refused
from scripts.core.net import Login

_FAST = Config(
    connect_timeout=1, read_timeout=3, retries={"total_max_attempts": 2, "mode": "standard"}, max_pool_connections=32
)
# Control-plane calls that the sandbox, unlike AWS, answers only when the effect is there.
_SLOW = Config(connect_timeout=1, read_timeout=90, retries={"total_max_attempts": 1}, max_pool_connections=32)


class ConditionFailed(CloudFailed):
    """A conditional write lost: the object is not what it was when it was read."""

    default_hint = "somebody else changed it; look at `dr status`"


@dataclass(frozen=True)
class StoredObject:
    """`changed_at` and `answered_at` are both the store's own clock, in whole seconds."""

    body: bytes
    etag: str
    changed_at: datetime
    answered_at: datetime


@dataclass(frozen=True)
class DatabaseInstance:
    """One RDS instance, reduced to what a step decides by."""

    identifier: str
    region: str
    status: str
    host: str
    port: int
    source: str | None
    multi_az: bool
    retention_days: int
    latest_restorable: datetime | None
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class RestorePoint:
    """
    Something a database can be restored from, where it lies. `newest` is the newest point in time that it may be
    restored to; `until` is set where that is not the end of its log. `resource_id` is the RDS resource ID of the
    instance whose own continuous backup this is, alive or deleted; empty for one that was replicated from another
    region.
    """

    name: str
    region: str
    kind: str  # "snapshot" or "continuous"
    source: str
    newest: datetime
    earliest: datetime | None
    arn: str
    until: datetime | None = None
    resource_id: str = ""


def _newest(value: Any) -> datetime | None:
    return value if isinstance(value, datetime) else None


@contextmanager
def said(what: str) -> Iterator[None]:
    """Turn botocore's errors into ours; the text names the call, never its arguments."""
    try:
        yield
    except botocore.exceptions.ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", ""))
        if code in {"PreconditionFailed", "ConditionalRequestConflict", "412", "409"}:
            raise ConditionFailed(f"{what}: the condition no longer holds") from error
        raise CloudFailed(f"{what}: {code}: {error.response.get('Error', {}).get('Message', '')}") from error
    except (botocore.exceptions.ConnectionError, botocore.exceptions.HTTPClientError) as error:
        raise CloudFailed(f"{what}: no answer") from error
    except botocore.exceptions.BotoCoreError as error:
        raise CloudFailed(f"{what}: {error}") from error


def code_of(error: CloudFailed) -> str:
    """The cloud's own code for what went wrong, empty where it gave none."""
    cause = error.__cause__
    return str(cause.response["Error"]["Code"]) if isinstance(cause, botocore.exceptions.ClientError) else ""


class Aws:
    """All calls of one run. `lost` regions are refused; `on_call` hears of every call (service, region, action)."""

    def __init__(
        self, lost: frozenset[str] = frozenset(), on_call: Callable[[str, str, str], None] | None = None
    ) -> None:
        self.lost = lost
        self._on_call = on_call
        self._session = boto3.session.Session()
        self._clients: dict[tuple[str, str, bool], Any] = {}
        self._lock = threading.Lock()

    def client(self, service: str, region: str, *, slow: bool = False) -> Any:
        """A shared client. Raises Refused for a lost region."""
        if region in self.lost:
            raise Refused(
                f"{service} in {region} is not asked: the region counts as lost", "this is a defect in a step"
            )
        key = (service, region, slow)
        with self._lock:
            if key not in self._clients:
                session: Any = self._session  # the service's name is not a literal here
                self._clients[key] = session.client(service, region_name=region, config=_SLOW if slow else _FAST)
            return self._clients[key]

    def warm_up(self, *wanted: tuple[str, str]) -> None:
        """Load what the clients need before it is urgent; asks no cloud anything."""
        for service, region in wanted:
            if region not in self.lost:
                self.client(service, region)

    # objects

    def read_object(self, region: str, bucket: str, key: str) -> StoredObject | None:
        """The object, or None where there is none."""
        try:
            with said(f"reading {key} in {bucket}"):
                answer = self.client("s3", region).get_object(Bucket=bucket, Key=key)
                body = answer["Body"].read()
        except CloudFailed as error:
            if code_of(error) in {"NoSuchKey", "404"}:
                return None
            raise
        return StoredObject(body, answer["ETag"], answer["LastModified"], _answered_at(answer))

    def write_object(
        self,
        region: str,
        bucket: str,
        key: str,
        body: bytes,
        *,
        replacing: str | None = None,
        only_if_new: bool = False,
    ) -> StoredObject:
        """Write; `replacing` an ETag, or `only_if_new`. Raises ConditionFailed when somebody was first."""
        condition: dict[str, str] = {"IfMatch": replacing} if replacing else {"IfNoneMatch": "*"} if only_if_new else {}
        with said(f"writing {key} in {bucket}"):
            answer = self.client("s3", region).put_object(
                Bucket=bucket, Key=key, Body=body, ContentType="application/json", **condition
            )
        at = _answered_at(answer)
        return StoredObject(body, answer["ETag"], at, at)

    def delete_object(self, region: str, bucket: str, key: str) -> None:
        with said(f"deleting {key} in {bucket}"):
            self.client("s3", region).delete_object(Bucket=bucket, Key=key)

    # front doors

    def front_door(self, region: str, name: str) -> str:
        """The DNS name of a load balancer."""
        with said(f"looking for the load balancer {name}"):
            found = self.client("elbv2", region).describe_load_balancers(Names=[name])["LoadBalancers"]
        return str(found[0]["DNSName"])

    # secrets

    def login(self, region: str, secret: str, *, host: str, port: int) -> Login:
        """How to log in to a database, from the region's own copy of its secret."""
        with said(f"reading the secret {secret} in {region}"):
            answer = self.client("secretsmanager", region).get_secret_value(SecretId=secret)
        held = json.loads(answer["SecretString"])
        return Login(host, port, held.get("dbname") or held["database"], held["username"], held["password"])

    # databases

    def database(self, region: str, identifier: str) -> DatabaseInstance | None:
        """What RDS says of an instance, or None where there is none."""
        try:
            with said(f"describing {identifier} in {region}"):
                found = self.client("rds", region).describe_db_instances(DBInstanceIdentifier=identifier)["DBInstances"]
        except CloudFailed as error:
            if code_of(error) in {"DBInstanceNotFound", "DBInstanceNotFoundFault"}:
                return None
            raise
        return _instance(region, found[0]) if found else None

    def promote(self, region: str, identifier: str, retention_days: int) -> None:
        """Make a replica a primary. Backups stay on: a promotion without retention makes a database without them."""
        with said(f"promoting {identifier}"):
            self.client("rds", region, slow=True).promote_read_replica(
                DBInstanceIdentifier=identifier, BackupRetentionPeriod=max(retention_days, 1)
            )

    def fail_over_in_region(self, region: str, identifier: str) -> None:
        """Cut the present node off and let the standby in the same region take its name."""
        with said(f"failing {identifier} over to its standby"):
            self.client("rds", region, slow=True).reboot_db_instance(
                DBInstanceIdentifier=identifier, ForceFailover=True
            )

    def restore_points(self, region: str) -> list[RestorePoint]:
        """Everything in `region` that a database can be restored from, newest first."""
        rds = self.client("rds", region, slow=True)
        points = []
        with said(f"listing the backups in {region}"):
            for page in rds.get_paginator("describe_db_snapshots").paginate():
                points += [
                    RestorePoint(
                        each["DBSnapshotIdentifier"],
                        region,
                        "snapshot",
                        each["DBInstanceIdentifier"],
                        each.get("SnapshotDatabaseTime") or each["SnapshotCreateTime"],
                        None,
                        each.get("DBSnapshotArn", ""),
                    )
                    for each in page["DBSnapshots"]
                    if each.get("Status") == "available"
                ]
            for page in rds.get_paginator("describe_db_instance_automated_backups").paginate():
                for each in page["DBInstanceAutomatedBackups"]:
                    window = each.get("RestoreWindow") or {}
                    own = each["DBInstanceArn"].split(":")[3] == region
                    if latest := _newest(window.get("LatestTime")):
                        points.append(
                            RestorePoint(
                                each["DBInstanceAutomatedBackupsArn"].rpartition(":")[2],
                                region,
                                "continuous",
                                each["DBInstanceIdentifier"],
                                latest,
                                _newest(window.get("EarliestTime")),
                                each["DBInstanceAutomatedBackupsArn"],
                                resource_id=each["DbiResourceId"] if own else "",
                            )
                        )
        return sorted(points, key=lambda point: point.newest, reverse=True)

    def restore(
        self,
        point: RestorePoint,
        identifier: str,
        *,
        instance_class: str,
        at: datetime | None = None,
        multi_az: bool = False,
        tags: Mapping[str, str] | None = None,
    ) -> None:
        """Make a new instance from a restore point; `at` a time, or the newest point there is."""
        rds = self.client("rds", point.region, slow=True)
        common: dict[str, Any] = {
            "DBInstanceClass": instance_class,
            "MultiAZ": multi_az,
            "PubliclyAccessible": False,
            "Tags": [{"Key": key, "Value": value} for key, value in (tags or {}).items()],
        }
        with said(f"restoring {identifier} from {point.name}"):
            if point.kind == "snapshot":
                rds.restore_db_instance_from_db_snapshot(
                    DBInstanceIdentifier=identifier, DBSnapshotIdentifier=point.name, **common
                )
            else:
                at = at or point.until
                when: dict[str, Any] = {"UseLatestRestorableTime": True} if at is None else {"RestoreTime": at}
                # RDS takes the ARN for replicated backups only (API reference of RestoreDBInstanceToPointInTime), and
                # an identifier for living instances only; the resource ID finds retained backups as well.
                source = (
                    {"SourceDbiResourceId": point.resource_id}
                    if point.resource_id
                    else {"SourceDBInstanceAutomatedBackupsArn": point.arn}
                )
                rds.restore_db_instance_to_point_in_time(
                    TargetDBInstanceIdentifier=identifier,
                    **source,
                    **when,
                    **common,
                )

    def snapshot(self, region: str, identifier: str, name: str, tags: Mapping[str, str]) -> None:
        """Take a snapshot; already there counts as done."""
        try:
            with said(f"taking the snapshot {name}"):
                self.client("rds", region, slow=True).create_db_snapshot(
                    DBInstanceIdentifier=identifier,
                    DBSnapshotIdentifier=name,
                    Tags=[{"Key": key, "Value": value} for key, value in tags.items()],
                )
        except CloudFailed as error:
            if code_of(error) not in {"DBSnapshotAlreadyExists", "DBSnapshotAlreadyExistsFault"}:
                raise

    def discard(self, region: str, identifier: str) -> None:
        """Delete an instance that never came up, whatever protects it."""
        try:
            with said(f"taking the protection off {identifier}"):
                self.client("rds", region, slow=True).modify_db_instance(
                    DBInstanceIdentifier=identifier, DeletionProtection=False, ApplyImmediately=True
                )
        except CloudFailed as error:
            if code_of(error) not in {"DBInstanceNotFound", "DBInstanceNotFoundFault", "InvalidDBInstanceState"}:
                raise
        self.delete_database(region, identifier)

    def delete_database(self, region: str, identifier: str) -> None:
        """Delete an instance without a last snapshot; already gone counts as done."""
        try:
            with said(f"deleting {identifier}"):
                self.client("rds", region, slow=True).delete_db_instance(
                    DBInstanceIdentifier=identifier, SkipFinalSnapshot=True, DeleteAutomatedBackups=True
                )
        except CloudFailed as error:
            if code_of(error) not in {"DBInstanceNotFound", "DBInstanceNotFoundFault"}:
                raise


def _answered_at(answer: Mapping[str, Any]) -> datetime:
    return parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"])


def _instance(region: str, raw: Mapping[str, Any]) -> DatabaseInstance:
    endpoint = raw.get("Endpoint") or {}
    return DatabaseInstance(
        identifier=raw["DBInstanceIdentifier"],
        region=region,
        status=raw["DBInstanceStatus"],
        host=endpoint.get("Address", ""),
        port=int(endpoint.get("Port", 5432)),
        source=raw.get("ReadReplicaSourceDBInstanceIdentifier") or None,
        multi_az=bool(raw.get("MultiAZ")),
        retention_days=int(raw.get("BackupRetentionPeriod", 0)),
        latest_restorable=_newest(raw.get("LatestRestorableTime")),
        tags={tag["Key"]: tag["Value"] for tag in raw.get("TagList", [])},
    )

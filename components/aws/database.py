"""
PostgreSQL on RDS: a site's incarnations of one database.

The present incarnation is a primary (with a standby in another zone of the region), or a cross-region replica that is
fit to be promoted, or restored from a backup. What an incarnation was built from never changes in its declaration:
`engine`, `username`, `db_name`, `kms_key_id`, `snapshot_identifier` and `restore_to_point_in_time` are create-only, and
a replica may not be given the first three at all. Backups are on everywhere, because a replica that is promoted with a
retention of 0 becomes a primary without backups (provider source: PromoteReadReplica takes the configured retention).
"""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_aws as aws

from components.aws import addresses
from model import Incarnation, names

if TYPE_CHECKING:
    from model import Plan
    from model.stores import Postgres

# What says where an incarnation came from. A retiring one keeps in its state what it had, whatever that was: giving up
# `replicateSourceDb` would promote it, and a final snapshot of a replica is refused.
ORIGIN = (
    "replicateSourceDb",
    "restoreToPointInTime",
    "snapshotIdentifier",
    "engine",
    "engineVersion",
    "username",
    "password",
    "dbName",
    "allocatedStorage",
    "storageType",
    "skipFinalSnapshot",
    "finalSnapshotIdentifier",
)
AUTOMATED_BACKUP = ":auto-backup:"
RESOURCE_ID = re.compile("db-[A-Z0-9]+")  # RDS keeps identifiers and names of snapshots in lower case


@dataclass(frozen=True)
class ReplicatedPostgresArgs:
    """
    `key_arn` is a key of the site's own region. `password` is that of an incarnation built new or restored; a replica
    has the one of its source.
    """

    plan: "Plan"
    site: str
    database: "Postgres"
    incarnation: Incarnation
    subnet_ids: list[pulumi.Output[str]]
    security_group_id: pulumi.Output[str]
    key_arn: pulumi.Output[str]
    password: pulumi.Output[str]
    protect: bool


class ReplicatedPostgres(pulumi.ComponentResource):
    """Gives `address`, `port` and `arn` of the present incarnation (the newest retiring one when there is no other)."""

    def __init__(self, name: str, args: ReplicatedPostgresArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("dr:aws:ReplicatedPostgres", name, None, opts)
        subnets = aws.rds.SubnetGroup(
            f"{name}-subnets",
            region=args.plan.site(args.site).region,
            name=f"{args.plan.system}-{args.site}-{args.database.name}",
            subnet_ids=args.subnet_ids,
            opts=pulumi.ResourceOptions(parent=self),
        )
        instances = [self._instance(name, args, subnets, number, retiring=True) for number in args.incarnation.retiring]
        if args.incarnation.number is not None:
            instances.append(self._instance(name, args, subnets, args.incarnation.number, retiring=False))
        present = instances[-1]
        self.identifier: str = names.store_identifier(
            args.plan, args.site, args.database.name, args.incarnation.number or args.incarnation.retiring[-1]
        )
        self.address: pulumi.Output[str] = present.address
        self.port: pulumi.Output[int] = present.port
        self.arn: pulumi.Output[str] = present.arn
        self.register_outputs({"identifier": self.identifier, "address": self.address, "port": self.port})

    def _instance(
        self, name: str, args: ReplicatedPostgresArgs, subnets: aws.rds.SubnetGroup, number: int, *, retiring: bool
    ) -> aws.rds.Instance:
        plan, database = args.plan, args.database
        identifier = names.store_identifier(plan, args.site, database.name, number)
        return aws.rds.Instance(
            f"{name}-{number}",
            region=plan.site(args.site).region,
            identifier=identifier,
            instance_class=database.size.get("aws", "db.t4g.medium"),
            multi_az=database.standby == "same_region",
            db_subnet_group_name=subnets.name,
            vpc_security_group_ids=[args.security_group_id],
            storage_encrypted=True,
            kms_key_id=args.key_arn,
            backup_retention_period=database.backups.pitr_retention.days,
            backup_window="02:00-03:00",
            maintenance_window="sun:03:30-sun:04:30",
            copy_tags_to_snapshot=True,
            delete_automated_backups=not args.protect,
            deletion_protection=not retiring and args.protect,
            auto_minor_version_upgrade=False,
            apply_immediately=True,
            publicly_accessible=False,
            tags={"dr-backup": f"{plan.system}-{database.name}"},
            **({} if retiring else self._origin(args, identifier)),
            opts=pulumi.ResourceOptions(
                parent=self,
                protect=not retiring and args.protect,
                ignore_changes=list(ORIGIN) if retiring else None,
            ),
        )

    @staticmethod
    def _origin(args: ReplicatedPostgresArgs, identifier: str) -> dict[str, Any]:
        plan, database, incarnation = args.plan, args.database, args.incarnation
        if incarnation.source is not None and incarnation.source_number is not None:
            source = addresses.database_arn(plan, incarnation.source, database.name, incarnation.source_number)
            return {"replicate_source_db": source, "skip_final_snapshot": True}
        kept = {"skip_final_snapshot": not args.protect, "final_snapshot_identifier": names.final_snapshot(identifier)}
        if incarnation.origin == "new":
            return kept | {
                "engine": "postgres",
                "engine_version": database.version,
                "allocated_storage": database.storage_gb,
                "storage_type": "gp3",
                "db_name": names.database_name(database.name),
                "username": names.database_user(plan),
                "password": args.password,
            }
        backup = incarnation.restored_from
        if backup is None:  # a replica that was promoted
            return kept
        kept |= {"password": args.password}  # a restore brings the one of its day, which may not be good any more
        source, _, moment = backup.partition("@")
        if AUTOMATED_BACKUP in source:  # replicated from another region
            restore: dict[str, Any] = {"source_db_instance_automated_backups_arn": source}
        elif RESOURCE_ID.fullmatch(source):  # of an instance of this region, which may be gone
            restore = {"source_dbi_resource_id": source}
        else:
            return kept | {"snapshot_identifier": source}
        restore |= {"restore_time": moment} if moment else {"use_latest_restorable_time": True}
        return kept | {"restore_to_point_in_time": restore}

"""
PostgreSQL on flexible servers: a site's incarnations of one database.

The present incarnation is a primary (with a standby in another zone), or a replica in another region that is fit to be
promoted, or restored from a backup. What an incarnation was built from never changes in its declaration, and is ignored
once it is there: a promoted server no longer says what it followed, and a program that went on saying it would replace
the database that has just become the primary (provider metadata: `sourceServerResourceId` is create-only). Promotion
itself is no input, but an act of a run. A replica has neither standby nor geo-redundant backup; a promoted one gets its
standby here, and geo-redundant backup never (Microsoft Learn: it can be asked for when a server is made, and no later).
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_azure_native as azure_native

from components.azure import addresses
from components.azure.lock import keep
from model import Incarnation, names
from model.clouds import azure, pair_of

if TYPE_CHECKING:
    from model import Plan
    from model.stores import Postgres

ORIGIN = (
    "sourceServerResourceId",
    "pointInTimeUTC",
    "availabilityZone",
    "administratorLogin",
    "version",
    "backup.geoRedundantBackup",
)
"""
What says where an incarnation came from, in the words of the provider. `createMode` is not among it: a promoted server
that went on being declared as a replica would have to name its source with every change, and has none any more.
"""
PORT = 5432


@dataclass(frozen=True)
class ReplicatedPostgresArgs:
    """`password` is that of an incarnation built new; a replica, and what is restored, has the one of its source."""

    plan: "Plan"
    site: str
    database: "Postgres"
    incarnation: Incarnation
    group: pulumi.Input[str]
    subnet_id: pulumi.Output[str]
    zone_id: pulumi.Output[str]
    password: pulumi.Output[str]
    protect: bool


class ReplicatedPostgres(pulumi.ComponentResource):
    """Gives `address` and `port` of the present incarnation (the newest retiring one when there is no other)."""

    def __init__(self, name: str, args: ReplicatedPostgresArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("dr:azure:ReplicatedPostgres", name, None, opts)
        self._name, self._args = name, args
        servers = [self._server(number, retiring=True) for number in args.incarnation.retiring]
        if args.incarnation.number is not None:
            servers.append(self._server(args.incarnation.number, retiring=False))
        self.identifier: str = names.store_identifier(
            args.plan, args.site, args.database.name, args.incarnation.number or args.incarnation.retiring[-1]
        )
        self.address: pulumi.Output[str] = servers[-1].fully_qualified_domain_name
        self.port: pulumi.Output[int] = pulumi.Output.from_input(PORT)
        self.register_outputs({"identifier": self.identifier, "address": self.address, "port": self.port})

    def _server(self, number: int, *, retiring: bool) -> azure_native.dbforpostgresql.Server:
        args, plan, database = self._args, self._args.plan, self._args.database
        region, is_kept = plan.site(args.site).region, args.protect and not retiring
        tier, _, size = database.size.get("azure", azure.DEFAULT_SIZE).partition("_")
        origin = {} if retiring else self._origin()
        # A retiring one keeps what it had: a replica cannot be given a standby, nor a password.
        kept = ["createMode", "highAvailability", "administratorLoginPassword"] if retiring else []
        if origin.get("create_mode") == "Replica":
            kept.append("createMode")  # a promotion changes it, and the program may learn of that later
        ignored = [*ORIGIN, *kept]
        server = azure_native.dbforpostgresql.Server(
            f"{self._name}-{number}",
            resource_group_name=args.group,
            location=region,
            server_name=names.store_identifier(plan, args.site, database.name, number),
            sku={"name": size, "tier": azure.TIERS[tier]},
            storage={"storage_size_gb": database.storage_gb, "auto_grow": "Enabled"},
            backup={
                "backup_retention_days": database.backups.pitr_retention.days,
                "geo_redundant_backup": "Enabled" if self._sends_backups() and not retiring else "Disabled",
            },
            high_availability={"mode": "Disabled" if retiring else self._standby(region)},
            network={
                "delegated_subnet_resource_id": args.subnet_id,
                "private_dns_zone_arm_resource_id": args.zone_id,
            },
            **origin,
            opts=pulumi.ResourceOptions(parent=self, protect=is_kept, ignore_changes=ignored),
        )
        if self._is_first(number, retiring=retiring):
            # The engine's own first database belongs to the cloud, and the guard needs one that is ours. It stays
            # declared for as long as its server is, because what is not declared is deleted.
            azure_native.dbforpostgresql.Database(
                f"{self._name}-{number}-database",
                resource_group_name=args.group,
                server_name=server.name,
                database_name=names.database_name(database.name),
                charset="UTF8",
                collation="en_US.utf8",
                opts=pulumi.ResourceOptions(parent=self, protect=is_kept, retain_on_delete=True),
            )
        if args.protect:
            keep(f"{self._name}-{number}", server.id, "database", pulumi.ResourceOptions(parent=self))
        return server

    def _origin(self) -> dict[str, Any]:
        args, plan, database, incarnation = self._args, self._args.plan, self._args.database, self._args.incarnation
        if incarnation.source is not None and incarnation.source_number is not None:
            source = addresses.server(plan, incarnation.source, database.name, incarnation.source_number)
            return {"create_mode": "Replica", "source_server_resource_id": source}
        if incarnation.origin == "new":
            return {
                "create_mode": "Default",
                "version": database.version,
                "administrator_login": names.database_user(plan),
                "administrator_login_password": args.password,
            }
        if incarnation.restored_from is None:  # a replica that was promoted
            return {}
        source, _, moment = incarnation.restored_from.partition("@")
        is_own = source.lower().startswith(f"{addresses.group(plan, args.site).lower()}/")
        return {
            "create_mode": "PointInTimeRestore" if is_own else "GeoRestore",
            "source_server_resource_id": source,
            # A restore to now ends with the newest log that there is. Ignored once the server is there.
            "point_in_time_utc": moment or f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        }

    def _is_first(self, number: int, *, retiring: bool) -> bool:
        """Was it built new? Of one that is retiring only the number is known, and the primary's first is 1."""
        if retiring:
            return number == 1 and self._args.site == self._args.plan.primary.name
        return self._args.incarnation.origin == "new"

    def _sends_backups(self) -> bool:
        """Does a site of the plan lie in the paired region, and receive them? Replicas have none to send."""
        args, plan = self._args, self._args.plan
        if args.incarnation.origin == "replica":
            return False
        where = plan.site(args.site)
        there = [site.name for site in plan.sites if site.region == pair_of(where.cloud, where.region)]
        return any(name in args.database.copied_to for name in there)

    def _standby(self, region: str) -> str:
        args = self._args
        if args.incarnation.source is not None or args.database.standby != "same_region":
            return "Disabled"
        return "SameZone" if region in azure.WITHOUT_ZONES else "ZoneRedundant"

"""
A site and its parts. Its role decides what it runs: the active site all of it, a warm one the fewest pods, a cold one
no compute and no database, a fenced one exactly what it had.
"""

from dataclasses import dataclass
from typing import Any

import pulumi

from components.aws import addresses
from components.aws.alarms import Alarms, AlarmsArgs
from components.aws.backups import Backups, BackupsArgs
from components.aws.database import ReplicatedPostgres, ReplicatedPostgresArgs
from components.aws.front_door import FrontDoor, FrontDoorArgs
from components.aws.keys import KeyArgs, MultiRegionKey
from components.aws.network import Network, NetworkArgs
from components.aws.objects import ReplicatedBucket, ReplicatedBucketArgs, holders_of
from components.aws.recovery_bucket import RecoveryBucket, RecoveryBucketArgs
from components.aws.secrets import DatabaseSecret, DatabaseSecretArgs
from components.compute import ComputeArgs, declare_compute
from components.settings import Settings
from model import names
from model.roles import role_of, scale_of
from model.sites import Site
from model.stores import Objects, Postgres


@dataclass(frozen=True)
class SiteArgs:
    settings: Settings
    spec: Site


class RecoverySite(pulumi.ComponentResource):
    """Children are named by their part alone (`network`, `core`): a stack holds one site. Gives `exports`."""

    def __init__(self, name: str, args: SiteArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("dr:components:RecoverySite", name, None, opts)
        self._settings, self._spec = args.settings, args.spec
        self._child = pulumi.ResourceOptions(parent=self)
        plan, topology = args.settings.plan, args.settings.topology
        self.role = role_of(plan, topology, name)

        self._network = self._declare_network()
        self._key = self._declare_key()
        self._secrets()
        self._objects()
        front_door = self._front_door()
        RecoveryBucket("recovery", RecoveryBucketArgs(plan=plan, site=name, protect=args.settings.protect), self._child)
        databases = self._databases()
        Backups(
            "backups",
            BackupsArgs(plan=plan, topology=topology, site=name, key_arn=self._key.arn, protect=args.settings.protect),
            self._child,
        )
        Alarms(
            "alarms",
            AlarmsArgs(
                plan=plan,
                site=name,
                instances={database: instance.identifier for database, instance in databases.items()},
                vault=names.vault(plan, name),
                follows=frozenset(
                    store for store, held in topology.stores.get(name, {}).items() if held.source is not None
                ),
            ),
            self._child,
        )
        scale = scale_of(plan, topology, name)
        if scale != "none":
            declare_compute(ComputeArgs(args.settings, args.spec, scale, self._network, front_door, databases), self)

        self.exports: dict[str, Any] = {
            "site": name,
            "region": args.spec.region,
            "role": self.role,
            "record": {
                "key": self._key.arn,
                "frontDoor": {"name": front_door.dns_name, "zone": front_door.zone_id},
            },
            "databases": {
                database: {"identifier": instance.identifier, "address": instance.address, "port": instance.port}
                for database, instance in databases.items()
            },
        }
        self.register_outputs({"role": self.role})

    def _declare_network(self) -> Network:
        plan, spec = self._settings.plan, self._spec
        zones = spec.zones or (f"{spec.region}a", f"{spec.region}b")
        number = 10 + plan.sites.index(spec)
        return Network("network", NetworkArgs(spec.region, number, tuple(zones), plan.traffic.ports), self._child)

    def _declare_key(self) -> MultiRegionKey:
        plan, spec = self._settings.plan, self._spec
        original: str | None = None
        if spec != plan.primary:
            record = self._settings.records.get(plan.primary.name)
            if record is None or record.key is None:
                raise pulumi.RunError(
                    f"config dr:records: the key of site {plan.primary.name} is not recorded, and site {spec.name} "
                    f"holds a replica of it; `dr up` brings up stack {plan.primary.stack} first and records it"
                )
            original = record.key
        args = KeyArgs(
            region=spec.region,
            alias=addresses.key_alias(plan, spec.name),
            description=f"Data of {plan.system} in {spec.name}",
            replica_of=original,
            protect=self._settings.protect,
        )
        return MultiRegionKey("key", args, self._child)

    def _secrets(self) -> None:
        plan, spec = self._settings.plan, self._spec
        for database in plan.stores_of(Postgres):
            args = DatabaseSecretArgs(
                region=spec.region,
                secret_name=names.database_secret(plan, spec.name, database.name),
                replica_regions=tuple(site.region for site in plan.sites if site != spec),
                username=names.database_user(plan),
                database=names.database_name(database.name),
                password=self._settings.password,
                protect=self._settings.protect,
            )
            DatabaseSecret(f"{database.name}-login", args, self._child)

    def _objects(self) -> None:
        plan, site = self._settings.plan, self._spec.name
        for store in plan.stores_of(Objects):
            if site in holders_of(plan, store):
                args = ReplicatedBucketArgs(
                    plan, site, store, self._key.arn, self._settings.records, self._settings.protect
                )
                ReplicatedBucket(store.name, args, self._child)

    def _front_door(self) -> FrontDoor:
        plan, spec = self._settings.plan, self._spec
        health = plan.traffic.health
        args = FrontDoorArgs(
            region=spec.region,
            load_balancer=names.load_balancer(plan, spec.name),
            vpc_id=self._network.vpc_id,
            subnet_ids=self._network.public_subnet_ids,
            security_group_id=self._network.front_door_group_id,
            port=plan.traffic.port,
            tls=plan.traffic.tls,
            certificate_arn=self._settings.certificate_arn,
            health_path=health.path,
            health_interval=int(health.interval.total_seconds()),
            health_failures=health.failures,
            protect=self._settings.protect,
        )
        return FrontDoor("front-door", args, self._child)

    def _databases(self) -> dict[str, ReplicatedPostgres]:
        plan, site = self._settings.plan, self._spec.name
        held = self._settings.topology.stores.get(site, {})
        return {
            database.name: ReplicatedPostgres(
                database.name,
                ReplicatedPostgresArgs(
                    plan=plan,
                    site=site,
                    database=database,
                    incarnation=held[database.name],
                    subnet_ids=self._network.private_subnet_ids,
                    security_group_id=self._network.database_group_id,
                    key_arn=self._key.arn,
                    password=self._settings.password,
                    protect=self._settings.protect,
                ),
                self._child,
            )
            for database in plan.stores_of(Postgres)
            if database.name in held
        }

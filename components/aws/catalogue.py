"""Which component of AWS declares which kind: the one table of this cloud."""

from collections.abc import Sequence
from typing import Any

import pulumi

from components.aws.alarms import Alarms, AlarmsArgs
from components.aws.backups import Backups, BackupsArgs
from components.aws.cluster import declare_pod_roles, declare_pods
from components.aws.database import ReplicatedPostgres, ReplicatedPostgresArgs
from components.aws.ground import AwsGround, lay_ground
from components.aws.objects import ReplicatedBucket, ReplicatedBucketArgs
from components.aws.provider import provider
from components.aws.secrets import DatabaseSecret, DatabaseSecretArgs
from components.aws.traffic_switch import TrafficSwitch, TrafficSwitchArgs
from components.aws.vm_group import declare_machine_roles, declare_machines
from components.parts import CloudComponents, Endpoint, Endpoints, Place
from components.settings import Settings
from model import names
from model.sites import Site
from model.stores import Objects, Postgres

TRAFFIC_REGION = "us-east-1"  # where Route 53's control plane lives; its data plane is everywhere


def _provider(settings: Settings, site: Site | None) -> pulumi.ProviderResource:
    where = site or settings.plan.primary
    region, place = (site.region, site.name) if site else (TRAFFIC_REGION, "traffic")
    return provider(settings.plan, where.account, region, place)


def _postgres(place: Place, ground: AwsGround, store: Postgres) -> Endpoint | None:
    """Its login is in every site, so that a site that is built anew finds it; a server only where one is held."""
    settings, site = place.settings, place.site
    login = DatabaseSecretArgs(
        region=site.region,
        secret_name=names.database_secret(settings.plan, site.name, store.name),
        replica_regions=tuple(each.region for each in settings.plan.sites if each != site),
        username=names.database_user(settings.plan),
        database=names.database_name(store.name),
        password=settings.password,
        protect=settings.protect,
    )
    DatabaseSecret(f"{store.name}-login", login, place.child)
    held = settings.topology.held(site.name, store.name)
    if held is None:
        return None
    args = ReplicatedPostgresArgs(
        plan=settings.plan,
        site=site.name,
        database=store,
        incarnation=held,
        subnet_ids=ground.network.private_subnet_ids,
        security_group_id=ground.network.database_group_id,
        key_arn=ground.key.arn,
        password=settings.password,
        protect=settings.protect,
    )
    server = ReplicatedPostgres(store.name, args, place.child)
    return Endpoint(server.identifier, server.address, server.port)


def _objects(place: Place, ground: AwsGround, store: Objects) -> None:
    settings, site = place.settings, place.site.name
    if site in store.held_in(settings.plan.primary.name):
        args = ReplicatedBucketArgs(settings.plan, site, store, ground.key.arn, settings.records, settings.protect)
        ReplicatedBucket(store.name, args, place.child)


def _safeguards(place: Place, ground: AwsGround, endpoints: Endpoints) -> None:
    settings, site = place.settings, place.site.name
    plan, topology = settings.plan, settings.topology
    backups = BackupsArgs(plan=plan, topology=topology, site=site, key_arn=ground.key.arn, protect=settings.protect)
    Backups("backups", backups, place.child)
    held = topology.stores.get(site, {})
    alarms = AlarmsArgs(
        plan=plan,
        site=site,
        instances={name: endpoint.identifier for name, endpoint in endpoints.items()},
        vault=names.vault(plan, site),
        follows=frozenset(name for name, each in held.items() if each.source is not None),
    )
    Alarms("alarms", alarms, place.child)


def _traffic(settings: Settings, opts: pulumi.ResourceOptions) -> dict[str, Any]:
    args = TrafficSwitchArgs(settings.plan, settings.records, settings.zone_id, settings.protect)
    switch = TrafficSwitch("traffic", args, opts)
    return {"zoneId": switch.zone_id, "record": settings.plan.traffic.record}


def _pods(place: Place, ground: AwsGround, services: Sequence[Any], endpoints: Endpoints) -> None:
    declare_pods(place, ground.network, ground.front_door, services, endpoints)


def _vm_groups(place: Place, ground: AwsGround, services: Sequence[Any], endpoints: Endpoints) -> None:
    declare_machines(place, ground.network, ground.front_door, services, endpoints)


def _pod_roles(place: Place, ground: AwsGround, services: Sequence[Any]) -> None:
    declare_pod_roles(place, ground.network, services)


def _machine_roles(place: Place, ground: AwsGround, services: Sequence[Any]) -> None:
    del ground
    declare_machine_roles(place, services)


COMPONENTS = CloudComponents(
    provider=_provider,
    ground=lay_ground,
    stores={"postgres": _postgres, "objects": _objects},
    services={"pods": _pods, "vm_group": _vm_groups},
    safeguards=_safeguards,
    traffic=_traffic,
    identities={"pods": _pod_roles, "vm_group": _machine_roles},
)

"""Which component of Azure declares which kind: the one table of this cloud."""

from collections.abc import Sequence
from datetime import timedelta
from math import ceil
from typing import Any

import pulumi

from components.azure import addresses
from components.azure.alarms import watch_stores
from components.azure.apps import declare_apps
from components.azure.cache import ManagedRedis, ManagedRedisArgs
from components.azure.database import ReplicatedPostgres, ReplicatedPostgresArgs
from components.azure.ground import AzureGround, Opened, Standing, lay_ground
from components.azure.login import CacheLogin, CacheLoginArgs, DatabaseLogin, DatabaseLoginArgs
from components.azure.objects import ReplicatedContainers, ReplicatedContainersArgs
from components.azure.provider import provider
from components.azure.registry import Registry, RegistryArgs
from components.azure.traffic_switch import TrafficSwitch, TrafficSwitchArgs
from components.azure.vault import Reached, Vault, VaultArgs
from components.parts import CloudComponents, Endpoint, Endpoints, Place
from components.settings import Settings
from model import names
from model.clouds import azure
from model.sites import Site
from model.stores import Objects, Postgres, Redis
from model.stores import Registry as RegistryStore
from model.stores import Vault as VaultStore


def _provider(settings: Settings, site: Site | None) -> pulumi.ProviderResource:
    plan = settings.plan
    return provider((site or plan.site(plan.fencing.witness)).account)


def _postgres(place: Place, ground: AzureGround, store: Postgres) -> Endpoint | None:
    """Its login is in every site, so that a site that is built anew finds it; a server only where one is held."""
    settings, site = place.settings, place.site
    login = DatabaseLoginArgs(
        group=ground.group,
        vault=ground.logins.name,
        secret_name=names.database_secret(settings.plan, site.name, store.name),
        username=names.database_user(settings.plan),
        database=names.database_name(store.name),
        password=settings.password,
    )
    DatabaseLogin(f"{store.name}-login", login, place.child)
    held = settings.topology.held(site.name, store.name)
    if held is None:
        return None
    args = ReplicatedPostgresArgs(
        plan=settings.plan,
        site=site.name,
        database=store,
        incarnation=held,
        group=ground.group,
        subnet_id=ground.network.database_subnet_id,
        zone_id=ground.network.zone_id,
        password=settings.password,
        protect=settings.protect,
    )
    server = ReplicatedPostgres(store.name, args, place.child)
    return Endpoint(server.identifier, server.address, server.port)


def _vault(place: Place, ground: AzureGround, store: VaultStore) -> None:
    """One in every site: a secret is written to each of them, and a site that is built anew finds its own."""
    settings, site = place.settings, place.site
    name = azure.vault(settings.plan, site.name, store.name)
    args = VaultArgs(
        region=site.region,
        group=ground.group,
        name=name,
        keep_days=store.soft_delete_keep.days,
        # What is given up with its data has to be purged, and a protected one cannot be.
        purge_protection=store.purge_protection and settings.protect,
        audit_id=ground.audit.id,
        protect=settings.protect,
        reached=Reached((ground.network.apps_subnet_id,), store.reached_from),
    )
    made = Vault(store.name, args, place.child)
    where = addresses.vault(settings.plan, site.name, store.name)
    ground.standing[store.name] = Standing({where: "Key Vault Secrets User"}, {"NAME": name}, [made.resource])


def _redis(place: Place, ground: AzureGround, store: Redis) -> None:
    """
    One wherever something runs, or could at once: a site that is empty until it is built gets one with its services.
    """
    settings, site, network = place.settings, place.site, ground.network
    if place.scale == "none" or network.endpoints_subnet_id is None or network.caches_zone_id is None:
        return
    args = ManagedRedisArgs(
        region=site.region,
        group=ground.group,
        name=azure.cache(settings.plan, site.name, store.name),
        store=store,
        subnet_id=network.endpoints_subnet_id,
        zone_id=network.caches_zone_id,
        protect=settings.protect and site.kind != "cold",  # it goes when the site is empty again
    )
    made = ManagedRedis(store.name, args, place.child)
    login = CacheLoginArgs(
        group=ground.group,
        vault=ground.logins.name,
        secret_name=names.database_secret(settings.plan, site.name, store.name),
        key=made.key,
    )
    CacheLogin(f"{store.name}-login", login, place.child)
    ground.opened[store.name] = Opened(made.address, made.port, made.key)


def _registry(place: Place, ground: AzureGround, store: RegistryStore) -> None:
    """One for all sites: the witness's stack declares it, and the roles on it are given once that is recorded."""
    settings, plan, witness = place.settings, place.settings.plan, place.settings.plan.fencing.witness
    name, made = azure.registry(plan, store.name), None
    if place.site.name == witness:
        args = RegistryArgs(
            regions=azure.registry_regions(plan, store),
            group=ground.group,
            name=name,
            # Never shorter than the plan says, which may be half a day.
            untagged_days=ceil(store.untagged_keep / timedelta(days=1)) if store.untagged_keep is not None else None,
            audit_id=ground.audit.id,
            protect=settings.protect,
        )
        made = Registry(store.name, args, place.child).resource
    elif witness not in settings.records:
        return
    where, host = addresses.registry(plan, store.name), addresses.registry_host(plan, store.name)
    here = [made] if made is not None else []
    ground.standing[store.name] = Standing({where: "AcrPull"}, {"NAME": name}, here, images_at=host)


def _objects(place: Place, ground: AzureGround, store: Objects) -> None:
    """A service writes into what is its site's alone, and reads what lies beside it from the other sites."""
    settings, plan, site = place.settings, place.settings.plan, place.site.name
    primary = plan.primary.name
    if site not in store.held_in(primary):
        return
    args = ReplicatedContainersArgs(plan, site, store, ground.group, settings.records, settings.protect)
    made = ReplicatedContainers(store.name, args, place.child)
    if made.receives:
        ground.receives[store.name] = made.receives
    if site not in store.live_in(primary):
        return
    own, others = azure.container(store.name), [each for each in store.live_in(primary) if each != site]
    copies = [azure.copies(store.name, each) for each in others]
    roles = {own: "Storage Blob Data Contributor"} | dict.fromkeys(copies, "Storage Blob Data Reader")
    ground.standing[store.name] = Standing(
        {addresses.container(plan, site, store.name, each): role for each, role in roles.items()},
        {
            "NAME": azure.storage_account(plan, site, store.name),
            "CONTAINER": own,
            **({"COPIES": ",".join(copies)} if copies else {}),
        },
        made.containers,
    )


def _web_app(place: Place, ground: AzureGround, services: Sequence[Any], endpoints: Endpoints) -> None:
    declare_apps(place, ground, services, endpoints)


def _safeguards(place: Place, ground: AzureGround, endpoints: Endpoints) -> None:
    """Backups are part of a server here."""
    watch_stores(place, ground.alarms, endpoints)


def _traffic(settings: Settings, opts: pulumi.ResourceOptions) -> dict[str, Any]:
    plan = settings.plan
    group = azure.resource_group(plan, plan.fencing.witness)
    args = TrafficSwitchArgs(plan, settings.records, group, settings.protect, settings.certificate_arn)
    switch = TrafficSwitch("traffic", args, opts)
    return {"zoneId": switch.zone_id, "record": plan.traffic.record}


COMPONENTS = CloudComponents(
    provider=_provider,
    ground=lay_ground,
    stores={"postgres": _postgres, "redis": _redis, "vault": _vault, "registry": _registry, "objects": _objects},
    services={"web_app": _web_app},
    safeguards=_safeguards,
    traffic=_traffic,
)

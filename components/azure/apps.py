"""
What runs in a site without a cluster: the plan of its machines, its services, and its agent.

The agent is an app beside the services, always on and alone (`docs/decisions/agent-without-a-cluster.md`). It alone
logs in to the stores as their owner.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import pulumi
import pulumi_azure_native as azure_native

from components import variables
from components.azure import addresses
from components.azure.alarms import ILL
from components.azure.ground import AzureGround, Standing
from components.azure.identity import Identity, IdentityArgs
from components.azure.recovery_account import CLAIMS, LEASE
from components.azure.web_app import WebApp, WebAppArgs
from components.parts import Endpoints, Place
from model import logins, names
from model.clouds import azure
from model.routes import service_routes
from model.services import WebApp as WebAppService
from model.stores import Registry

if TYPE_CHECKING:
    from model import Plan


def declare_apps(place: Place, ground: AzureGround, services: Sequence[WebAppService], endpoints: Endpoints) -> None:
    """Apps of a site use the stores of their own site and no other."""
    plan, site, group = place.settings.plan, place.site, ground.group
    sizes = [service.size["azure"] for service in services if "azure" in service.size]
    size = max(sizes, default=azure.DEFAULT_APP_SIZE)
    # Spread over zones, which Premium plans of two machines and more can be, it outlives the loss of one.
    is_spread = size.startswith("P") and site.region not in azure.WITHOUT_ZONES
    farm = azure_native.web.AppServicePlan(
        "apps-plan",
        resource_group_name=group,
        location=site.region,
        name=f"{plan.system}-{site.name}",
        kind="linux",
        reserved=True,
        per_site_scaling=True,  # each app says for itself on how many machines it runs
        zone_redundant=is_spread,
        sku={
            "name": size,
            "capacity": max(2 if is_spread else 1, *(replicas(service, place.scale) for service in services)),
        },
        opts=place.child,
    )
    common = variables.of_site(place, lambda each: azure.storage_account(plan, each, "recovery"))
    registry = place.settings.registry or _images_at(plan)
    routes = {route.service: route for route in service_routes(plan)}
    for service in services:
        count = replicas(service, place.scale)
        route = routes.get(service.name)
        image = service.image or f"{registry}/{plan.system}-{service.name}:stable"
        args = WebAppArgs(
            region=site.region,
            group=group,
            name=azure.app(plan, site.name, service.name),
            service=service.name,
            farm_id=farm.id,
            subnet_id=ground.network.apps_subnet_id,
            identity=_identity(place, ground, service.name, _roles_of(ground, service, image)),
            image=image,
            command=service.command,
            count=count,
            settings={
                **common,
                "SERVICE": service.name,
                "APPLICATIONINSIGHTS_CONNECTION_STRING": ground.alarms.connection,
                **({"BASE_PATH": route.path} if route else {}),
                **_claim_of(place, service),
                **_stores_of(place, ground, service, endpoints, logins.service_role(service.name)),
            },
            health_path="/health/ready",
            is_public=service.front_door,
            slot=service.slot,
            record=plan.traffic.record if service.front_door and plan.traffic.tls else None,
            certificate=place.settings.certificate_arn,
        )
        app = WebApp(service.name, args, place.child)
        ground.alarms.watch(service.name, app.id, ILL)
        ground.alarms.watch_errors(service.name)
        if service.migrates_by and _used(service, endpoints):
            _migrator(place, ground, service, args, {**common, "SERVICE": service.name}, endpoints)
    if endpoints:
        _agent(place, ground, farm.id, f"{registry}/{names.SENTINEL}:stable", common, endpoints)


def replicas(service: WebAppService, scale: str) -> int:
    """On how many machines a service of a site runs at a scale."""
    return service.replicas.active if scale == "active" else service.replicas.warm


def _agent(  # noqa: PLR0917 (private, and called once)
    place: Place,
    ground: AzureGround,
    farm_id: pulumi.Input[str],
    image: str,
    common: dict[str, str],
    endpoints: Endpoints,
) -> None:
    plan, site = place.settings.plan, place.site
    settings: dict[str, pulumi.Input[str]] = {**common, **variables.of_agent(place, endpoints)}
    for store, endpoint in endpoints.items():
        settings |= {**variables.address_of(store, endpoint), **variables.as_owner(place, store)}
    args = WebAppArgs(
        region=site.region,
        group=ground.group,
        name=azure.app(plan, site.name, names.SENTINEL),
        service=names.SENTINEL,
        farm_id=farm_id,
        subnet_id=ground.network.apps_subnet_id,
        identity=_identity(place, ground, names.SENTINEL, {**_of_agent(place), **_pulled(ground, image)}),
        image=image,
        command=("sentinel",),
        count=1,  # two would renew against each other's condition
        settings=settings,
        health_path="/health",
        is_public=False,
    )
    ground.alarms.watch(names.SENTINEL, WebApp(names.SENTINEL, args, place.child).id, ILL)


def _of_agent(place: Place) -> dict[str, str]:
    """It renews the lease at the witness, and takes its own site's claim back."""
    plan, site, witness = place.settings.plan, place.site.name, place.settings.plan.fencing.witness
    given = {addresses.container(plan, site, "recovery", CLAIMS): "Storage Blob Data Contributor"}
    if witness == site or witness in place.settings.records:
        given[addresses.container(plan, witness, "recovery", LEASE)] = "Storage Blob Data Contributor"
    return given


def _identity(place: Place, ground: AzureGround, service: str, roles: dict[str, str]) -> Identity:
    site = place.site
    name = names.agent_role(place.settings.plan, site.name)
    if service != names.SENTINEL:
        name = names.service_role(place.settings.plan, site.name, service)
    stands_on = [*ground.recovery.containers, *(it for each in ground.standing.values() for it in each.resources)]
    args = IdentityArgs(site.account, site.region, ground.group, name, roles, stands_on)
    return Identity(f"{service}-acts-as", args, place.child)


def _migrator(  # noqa: PLR0917 (private, and called once)
    place: Place,
    ground: AzureGround,
    service: WebAppService,
    served: WebAppArgs,
    common: dict[str, str],
    endpoints: Endpoints,
) -> None:
    """An app of its own: App Service runs nothing in an app before it serves, and that one never gets this login."""
    name = f"{names.MIGRATOR}{service.name}"
    args = replace(
        served,
        name=azure.app(place.settings.plan, place.site.name, name),
        service=name,
        identity=_identity(place, ground, name, _roles_of(ground, service, served.image)),
        command=service.migrates_by,
        count=1,
        settings={**common, **_stores_of(place, ground, service, endpoints, logins.MIGRATE)},
        health_path="/health",
        is_public=False,
        slot=None,
        record=None,
        certificate=None,
    )
    WebApp(name, args, place.child)


def _claim_of(place: Place, service: WebAppService) -> dict[str, str]:
    """
    Where an app sees whether its site claims the traffic: it tells the global front door so. The first site of a plan
    is sent what no other claims, and is told nothing.
    """
    plan, site = place.settings.plan, place.site
    if plan.traffic.global_front_door is None or not service.front_door or site.name == plan.sites[0].name:
        return {}
    return {"DR_CLAIM_URL": f"https://{addresses.blob_host(plan, site.name, 'recovery')}/{names.CLAIM_KEY}"}


def _images_at(plan: "Plan") -> str:
    """Where the images of a plan lie that does not say where: in its registry, or in one that is there without it."""
    mine = next((store.name for store in plan.stores if isinstance(store, Registry)), "images")
    return addresses.registry_host(plan, mine)


def _roles_of(ground: AzureGround, service: WebAppService, image: str) -> dict[str, str]:
    """What a service may do with the stores that it names and finds by their names, and where its image lies."""
    named = [found for store, found in ground.standing.items() if store in service.uses]
    return _held_on(named) | _pulled(ground, image)


def _pulled(ground: AzureGround, image: str) -> dict[str, str]:
    return _held_on(each for each in ground.standing.values() if each.has(image))


def _held_on(stores: Iterable[Standing]) -> dict[str, str]:
    return {scope: role for each in stores for scope, role in each.roles.items()}


def _stores_of(
    place: Place, ground: AzureGround, service: WebAppService, endpoints: Endpoints, role: str
) -> dict[str, pulumi.Input[str]]:
    """Who logs in as this role is told of exactly the stores that the service names."""
    found: dict[str, pulumi.Input[str]] = {}
    named = _used(service, endpoints)
    by_name = [store for store in service.uses if store in ground.standing and not ground.standing[store].images_at]
    by_key = [store for store in service.uses if store in ground.opened]
    if named or by_name or by_key:
        found["DR_STORES"] = ",".join(store for store in service.uses if store in {*named, *by_name, *by_key})
    for store in by_name:
        found |= {logins.variable(store, part): value for part, value in ground.standing[store].parts.items()}
    for store in by_key:
        opened = ground.opened[store]
        found |= {
            logins.variable(store, "HOST"): opened.address,
            logins.variable(store, "PORT"): opened.port.apply(str),
            logins.variable(store, "PASSWORD"): opened.key,
        }
    for store in named:
        found |= variables.address_of(store, endpoints[store])
        found |= variables.as_role(place, store, role)
    return found


def _used(service: WebAppService, endpoints: Endpoints) -> list[str]:
    return [store for store in service.uses if store in endpoints]

"""
App Service over real processes: plans, apps, their slots, and what is configured of them.

An app and each of its slots run processes of their own behind a door of their own. A swap warms the other version up
with the settings of where it goes, then exchanges which processes stand behind which door.
"""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from model.clouds.azure import WITHOUT_ZONES
from sandbox.clouds.azure.errors import ArmError, not_done
from sandbox.clouds.azure.ids import ResourceId, parse
from sandbox.clouds.azure.kind import Action, Body, Kind, Record
from sandbox.clouds.azure.kinds.identity import UserAssignedIdentity, identities_of, identity_of
from sandbox.fabric import FabricError, Listener, PodSpec, PodState, Route

if TYPE_CHECKING:
    from sandbox.clouds.azure.world import AzureWorld

VERSIONS = (
    "2022-03-01",
    "2022-09-01",
    "2023-01-01",
    "2023-12-01",
    "2024-04-01",
    "2024-11-01",
    "2025-03-01",
    "2025-05-01",
)
DOMAIN = "azurewebsites.net"
NAME = re.compile(r"(?!-)[a-zA-Z0-9-]{2,60}(?<!-)")
FIRST_NODE_PORT = 31000
PORT = 8080
FEWEST_IN_ZONES = 2
"""Machines of a plan that is spread over zones (Microsoft Learn: reliability in App Service)."""
WARM_SECONDS = 60.0
READ_BY_PROCESSES = re.compile(r"(?!.*_(FILE|DIR|HOME|PATH|PROJECT|PLAN)$)(DR_[A-Z0-9_]+|SERVICE)|BASE_PATH")
"""The settings that the images of a world read; App Service keeps others, and nothing here reads them."""
PRODUCTION = "production"
DATABASE_PORT, PORT_IN_THE_CLOUD = re.compile(r"DR_STORE_[A-Z0-9_]+_PORT"), "5432"


def read_by_processes(world: AzureWorld, settings: Mapping[str, str]) -> dict[str, str]:
    """The settings of a process, out of all that it was given."""
    found = {k: v for k, v in settings.items() if READ_BY_PROCESSES.fullmatch(k)}
    # The cloud has every server at the same port, and a world has all of its own at another.
    there = str(world.context.ports.postgres)
    return found | {k: there for k, v in found.items() if DATABASE_PORT.fullmatch(k) and v == PORT_IN_THE_CLOUD}


class Plan(Kind):
    """The machines that apps share."""

    type = "Microsoft.Web/serverfarms"
    versions = VERSIONS
    regional = True
    takes_capacity = True
    created_status = 200

    def check(self, new: Record, old: Record | None) -> None:
        sku = new.body.get("sku") or {}
        if not sku.get("name"):
            raise ArmError(400, "BadRequest", "The parameter sku is required.")
        if new.properties.get("zoneRedundant"):
            if not str(sku["name"]).startswith("P") or new.location in WITHOUT_ZONES:
                message = f"Zone redundancy is not supported for {sku['name']} in {new.location}."
                raise ArmError(400, "BadRequest", message)
            if int(sku.get("capacity") or 1) < FEWEST_IN_ZONES:
                message = f"The capacity of a zone redundant plan must be at least {FEWEST_IN_ZONES}."
                raise ArmError(400, "BadRequest", message)

    def settle(self, record: Record, old: Record | None) -> None:
        for site in _sites_of(self, record):
            Site(self.world).settle(site, site)

    def check_gone(self, record: Record) -> None:
        if _sites_of(self, record):
            message = f"Server farm '{record.id.name}' cannot be deleted because it has web app(s) assigned to it."
            raise ArmError(409, "Conflict", message)

    def shown(self, record: Record) -> Body:
        return {**super().shown(record), "status": "Ready", "numberOfSites": len(_sites_of(self, record))}


class Site(Kind):
    """An app. What it is called is taken for everybody, because its host name is."""

    type = "Microsoft.Web/sites"
    versions = VERSIONS
    regional = True
    created_status = 200
    defaults = {"properties.enabled": True, "properties.publicNetworkAccess": "Enabled", "properties.httpsOnly": False}

    def host(self, record: Record) -> str:
        return f"{self.place(record)}.{DOMAIN}"

    def place(self, record: Record) -> str:
        """The name of its door."""
        return record.id.name.lower()

    def check(self, new: Record, old: Record | None) -> None:
        if not NAME.fullmatch(new.id.name):
            raise ArmError(400, "BadRequest", f"The name {new.id.name} of the app is not valid.")
        if old is None and new.id.type == Site.type and self.world.named(Site.type, new.id.name) is not None:
            message = f"Website with given name {new.id.name} already exists."
            raise ArmError(409, "Conflict", message)
        farm = self.store.find(str(new.properties.get("serverFarmId") or ""))
        if farm is None or farm.location != new.location:
            raise ArmError(400, "BadRequest", "serverFarmId names no plan in the region of the app.")
        given = new.properties.get("siteConfig") or {}
        before = old.held.get("config") if old else {}
        config = {**(before or {}), **{name: value for name, value in given.items() if value is not None}}
        settings = config.pop("appSettings", None)
        if isinstance(settings, list):
            settings = {str(each["name"]): str(each.get("value", "")) for each in settings}
        kept = settings if settings is not None else (old.held.get("settings", {}) if old else {})
        new.held.update(config=config, settings=kept)
        new.properties.pop("siteConfig", None)
        for identity in identities_of(new):
            found = self.store.find(identity)
            if found is None or found.id.type.lower() != UserAssignedIdentity.type.lower():
                raise ArmError(400, "FailedIdentityOperation", f"The identity '{identity}' was not found.")
        if old is None:
            new.held.update(running=bool(new.properties["enabled"]), deployment=f"{uuid.uuid4().hex[:12]}")
        elif new.properties["enabled"] != old.properties.get("enabled"):
            new.held["running"] = bool(new.properties["enabled"])

    # what is real -----------------------------------------------------------------------------------------------------
    def settle(self, record: Record, old: Record | None) -> None:
        record.held["modified"] = datetime.now(UTC).isoformat(timespec="seconds")
        self.run(record, record.held["deployment"])
        self.lead(record)

    def run(self, record: Record, deployment: str, *, at_least: int = 0) -> None:
        """Have so many processes of it as its plan and its settings say."""
        config, count = record.held["config"], self.count(record)
        command = tuple(str(config.get("appCommandLine") or "app").split())
        settings = read_by_processes(self.world, record.held["settings"])
        self.world.context.fabric.compute.apply(
            record.location,
            PodSpec(
                namespace=self.namespace(record), deployment=deployment, replicas=max(at_least, count), command=command,
                env={**settings, "DR_IMAGE": str(config.get("linuxFxVersion") or "")}, port=PORT,
                identity=identity_of(self.world, record),
            ),
        )  # fmt: skip

    def count(self, record: Record) -> int:
        if not record.held["running"]:
            return 0
        farm = self.store.find(str(record.properties["serverFarmId"]))
        capacity = int(((farm.body.get("sku") or {}).get("capacity") or 1) if farm is not None else 1)
        per_site = farm is not None and farm.properties.get("perSiteScaling")
        return min(int(record.held["config"].get("numberOfWorkers") or 1), capacity) if per_site else capacity

    def namespace(self, record: Record) -> str:
        return f"app-{record.id.names[0].lower()}"

    def lead(self, record: Record) -> None:
        """Have its door lead to the processes that are its own now."""
        fabric, region, place = self.world.context.fabric, record.location, self.place(record)
        if "port" not in record.held:
            record.held["port"] = self._free_port(region)
        fabric.compute.expose(region, record.held["port"], self.namespace(record), [record.held["deployment"]])
        hosts = [self.host(record), *self.bound(record)]
        closed = str(record.properties.get("publicNetworkAccess", "Enabled")).lower() == "disabled"
        if closed or not record.held["running"]:
            routes = (Route(hosts=tuple(hosts), status=403), Route(status=404))
        else:
            routes = (Route(hosts=tuple(hosts), node_port=record.held["port"]), Route(status=404))
        plain = routes
        if record.properties.get("httpsOnly"):
            plain = (
                Route(hosts=tuple(hosts), redirect="https://#{host}#{path}?#{query}", status=301),
                Route(status=404),
            )
        issued = self.world.authority.issue(hosts)
        listeners = (Listener(80, plain), Listener(443, routes, issued.certificate + issued.key))
        fabric.front_doors.open(region, place, listeners)
        self.world.context.names.add_front_door(self.host(record), region, place)

    def bound(self, record: Record) -> list[str]:
        return [each.id.name.lower() for each in self.store.children(record, HostNameBinding.type)]

    def _free_port(self, region: str) -> int:
        every = [*self.store.of_type(Site.type), *self.store.of_type(Slot.type)]
        taken = {each.held.get("port") for each in every if each.location == region}
        return next(port for port in range(FIRST_NODE_PORT, FIRST_NODE_PORT + 1000) if port not in taken)

    def remove(self, record: Record) -> None:
        fabric, names = self.world.context.fabric, self.world.context.names
        fabric.front_doors.close(record.location, self.place(record))
        fabric.compute.expose(record.location, record.held["port"], self.namespace(record), [])
        fabric.compute.remove(record.location, self.namespace(record), record.held["deployment"])
        names.remove(self.host(record))

    def pods(self, record: Record) -> list[PodState]:
        try:
            found = self.world.context.fabric.compute.pods(record.location, self.namespace(record))
        except FabricError:
            return []
        return [each for each in found if each.deployment == record.held["deployment"]]

    # what it looks like -----------------------------------------------------------------------------------------------
    def shown(self, record: Record) -> Body:
        hosts = [self.host(record), *self.bound(record)]
        shown = {
            "state": "Running" if record.held["running"] else "Stopped",
            "defaultHostName": hosts[0],
            "hostNames": hosts,
            "enabledHostNames": hosts,
            "availabilityState": "Normal",
            "usageState": "Normal",
            "lastModifiedTimeUtc": record.held.get("modified"),
            "repositorySiteName": record.id.names[0],
        }
        return {**shown, **({"inProgressOperationId": str(uuid.uuid4())} if record.busy else {})}

    def document(self, record: Record) -> Body:
        """Settings are never shown, and the configuration is a document of its own."""
        body = super().document(record)
        body["properties"]["siteConfig"] = None
        return body

    def actions(self) -> Mapping[str, Action]:
        return {
            "start": lambda record, _: self._turn(record, running=True),
            "stop": lambda record, _: self._turn(record, running=False),
            "restart": self._restart,
            "slotsswap": self._swap,
            "containerlogs": self._logs,
        }

    def _turn(self, record: Record, *, running: bool) -> None:
        record.held["running"] = running
        record.properties["enabled"] = running
        self.settle(record, record)

    def _restart(self, record: Record, body: Body) -> None:
        if record.held["running"]:
            self.world.context.fabric.compute.restart(
                record.location, self.namespace(record), record.held["deployment"]
            )

    def _logs(self, record: Record, body: Body) -> str:
        compute, space = self.world.context.fabric.compute, self.namespace(record)
        return "".join(compute.pod_log(record.location, space, each.name) for each in self.pods(record))

    def _swap(self, record: Record, body: Body) -> Any:
        slot = str(body.get("targetSlot") or "")
        production = record.id if record.id.type == Site.type else parse(record.id.parent or "")
        other_id = production.text if slot.lower() == PRODUCTION else f"{production.text}/slots/{slot}"
        other = self.store.find(other_id)
        if other is None or other is record:
            raise ArmError(404, "NotFound", f"Cannot find slot '{slot}' for site '{production.name}'.")
        if other.busy:
            raise ArmError(409, "Conflict", f"Another operation is in progress in the slot {slot}.")
        if not other.held["running"] or not record.held["running"]:
            raise ArmError(409, "Conflict", "Cannot swap slots of an app that is stopped.")
        target, source = (record, other) if record.id.type == Site.type else (other, record)
        other.busy = "Updating"
        return lambda: self._exchange(source, target, other)

    def _exchange(self, source: Record, target: Record, other: Record) -> None:
        """Warm up what is in the slot under the settings of production; then exchange what stands behind the doors."""
        sticky = self._sticky(target)
        before = {"source": dict(source.held["settings"]), "target": dict(target.held["settings"])}

        def under(mine: Mapping[str, str], there: Mapping[str, str]) -> dict[str, str]:
            moving = {name: value for name, value in mine.items() if name not in sticky}
            return moving | {name: value for name, value in there.items() if name in sticky}

        try:
            source.held["settings"] = under(before["source"], before["target"])
            self._warm(source, self.count(target))
            target_settings = under(before["target"], before["source"])
            for part in ("deployment", "config"):
                source.held[part], target.held[part] = target.held[part], source.held[part]
            target.held["settings"], source.held["settings"] = source.held["settings"], target_settings
        except (ArmError, FabricError):
            source.held["settings"] = before["source"]
            self.run(source, source.held["deployment"])
            raise
        finally:
            other.busy = ""
        for each in (target, source):
            each.held["modified"] = datetime.now(UTC).isoformat(timespec="seconds")
            self._kind_of(each).lead(each)
        self.run(source, source.held["deployment"])

    def _warm(self, source: Record, count: int) -> None:
        self.run(source, source.held["deployment"], at_least=count)
        deadline = time.monotonic() + WARM_SECONDS
        while True:
            pods = [each for each in self.pods(source) if each.is_current and each.ready]
            if len(pods) >= max(1, count):
                return
            if time.monotonic() > deadline or self.world.context.stopping.wait(0.05):
                message = f"Cannot swap site slots for site '{source.id.names[0]}' because the '{source.id.name}' slot "
                raise ArmError(409, "Conflict", f"{message}did not respond to http ping.")

    def _sticky(self, target: Record) -> set[str]:
        names = self.store.find(f"{target.id.text}/config/slotConfigNames")
        return set((names.properties.get("appSettingNames") or ()) if names is not None else ())

    def _kind_of(self, record: Record) -> Site:
        return Site(self.world) if record.id.type == Site.type else Slot(self.world)


class Slot(Site):
    """A slot runs beside its app, with a host name of its own."""

    type = "Microsoft.Web/sites/slots"

    def place(self, record: Record) -> str:
        return "-".join(record.id.names).lower()

    def bound(self, record: Record) -> list[str]:
        return []


class Config(Kind):
    """`web`, `appsettings` and `slotConfigNames`: each is there with its app."""

    type = "Microsoft.Web/sites/config"
    versions = VERSIONS
    taken_methods = ("GET", "PUT", "PATCH")
    created_status = 200

    def site(self, identity: ResourceId) -> Record:
        found = self.store.find(identity.parent or "")
        if found is None:
            raise ArmError(404, "ResourceNotFound", f"The app of '{identity.text}' was not found.")
        return found

    def implicit(self, identity: ResourceId) -> Record | None:
        site = self.store.find(identity.parent or "")
        if site is None or identity.name.lower() not in {"web", "appsettings", "slotconfignames"}:
            return None
        return Record(identity, {"properties": dict(site.held["config"]) if identity.name.lower() == "web" else {}})

    def check(self, new: Record, old: Record | None) -> None:
        name, site = new.id.name.lower(), self.site(new.id)
        given = {k: v for k, v in new.properties.items() if v is not None}
        if name == "slotconfignames":
            return
        if name == "appsettings":
            site.held["settings"] = {str(k): str(v) for k, v in given.items()}
        elif name == "web":
            settings = given.pop("appSettings", None)
            site.held["config"] = {**site.held["config"], **given}
            if settings is not None:
                site.held["settings"] = {str(each["name"]): str(each.get("value", "")) for each in settings}
        else:
            raise not_done(f"the configuration {new.id.name} of an app")

    def settle(self, record: Record, old: Record | None) -> None:
        if record.id.name.lower() == "slotconfignames":
            return
        self.store.forget(record.id)  # the app itself keeps it
        site = self.site(record.id)
        kind = Site(self.world) if site.id.type == Site.type else Slot(self.world)
        kind.settle(site, site)

    def shown(self, record: Record) -> Body:
        if record.id.name.lower() != "web":
            return {}
        return {**self.site(record.id).held["config"], "appSettings": None}

    def actions(self) -> Mapping[str, Action]:
        return {"list": self._settings}

    def _settings(self, record: Record, body: Body) -> Body:
        if record.id.name.lower() != "appsettings":
            raise self.not_offered(f"{record.id.name}/list")
        settings = self.site(record.id).held["settings"]
        return {"id": record.id.text, "name": "appsettings", "type": self.type, "properties": settings}


class SlotConfig(Config):
    type = "Microsoft.Web/sites/slots/config"


class Instance(Kind):
    """The processes of an app, as App Service shows them."""

    type = "Microsoft.Web/sites/instances"
    versions = VERSIONS
    taken_methods = ("GET",)

    def listed(self, parent: ResourceId) -> list[Record]:
        site = self.store.find(parent.parent or "")
        if site is None:
            raise ArmError(404, "ResourceNotFound", f"The app '{parent.parent}' was not found.")
        kind = Site(self.world) if site.id.type == Site.type else Slot(self.world)
        return [
            Record(
                parse(f"{parent.text}/{each.name}"),
                {"properties": {"state": "READY" if each.ready and each.is_current else "STOPPED"}},
            )
            for each in kind.pods(site)
        ]

    def shown(self, record: Record) -> Body:
        return {}


class SlotInstance(Instance):
    type = "Microsoft.Web/sites/slots/instances"


class HostNameBinding(Kind):
    """A name of one's own that an app answers to. With sslState SniEnabled its door has a certificate for it."""

    type = "Microsoft.Web/sites/hostNameBindings"
    versions = VERSIONS
    created_status = 200

    def check(self, new: Record, old: Record | None) -> None:
        if new.properties.get("sslState") != "SniEnabled":
            raise not_done("a host name of an app without SniEnabled: nothing is served in a world without TLS")

    def settle(self, record: Record, old: Record | None) -> None:
        self._lead(record)

    def remove(self, record: Record) -> None:
        self.store.forget(record.id)
        self._lead(record)

    def _lead(self, record: Record) -> None:
        site = self.store.find(record.id.parent or "")
        if site is not None:
            Site(self.world).lead(site)

    def shown(self, record: Record) -> Body:
        return {"siteName": record.id.names[0], "hostNameType": "Verified"}


def _sites_of(kind: Kind, farm: Record) -> list[Record]:
    every = [*kind.store.of_type(Site.type), *kind.store.of_type(Slot.type)]
    return [each for each in every if str(each.properties.get("serverFarmId")).lower() == farm.id.key]


KINDS = (Plan, Site, Slot, Config, SlotConfig, Instance, SlotInstance, HostNameBinding)

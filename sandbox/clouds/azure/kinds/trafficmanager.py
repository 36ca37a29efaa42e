"""
Traffic Manager: names that are answered by what probes found.

A profile answers with the first of its endpoints that serves; if none does, with the first that is enabled. A nested
profile counts as serving while so many of its own endpoints do.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

from sandbox.clouds.azure.errors import ArmError, not_done
from sandbox.clouds.azure.ids import parse
from sandbox.clouds.azure.kind import Body, Kind, Record
from sandbox.clouds.azure.probes import Probed, Probes
from sandbox.clouds.names import Answer

VERSIONS = ("2018-08-01", "2022-04-01", "2022-04-01-preview", "2024-04-01-preview", "2026-09-01")
DOMAIN = "trafficmanager.net"
KINDS_OF_ENDPOINTS = ("externalEndpoints", "azureEndpoints", "nestedEndpoints")
INTERVALS = {10: range(5, 10), 30: range(5, 11)}
"""By the interval of probes, how many seconds each may take (Microsoft Learn: Traffic Manager endpoint monitoring)."""


def name_of(profile: Record) -> str:
    return f"{profile.properties['dnsConfig']['relativeName']}.{DOMAIN}".lower()


class Profile(Kind):
    """A PUT replaces all of its endpoints, those too that were made as resources of their own."""

    type = "Microsoft.Network/trafficManagerProfiles"
    versions = VERSIONS
    is_global = True

    def check(self, new: Record, old: Record | None) -> None:
        given = new.properties
        given.setdefault("profileStatus", "Enabled")
        if given.get("trafficRoutingMethod") != "Priority":
            raise not_done(f"the traffic-routing method {given.get('trafficRoutingMethod')}")
        relative = str((given.get("dnsConfig") or {}).get("relativeName") or "")
        for other in self.store.of_type(self.type):
            if other.id.key != new.id.key and other.properties["dnsConfig"]["relativeName"].lower() == relative.lower():
                raise ArmError(409, "Conflict", f"Domain name {relative}.{DOMAIN} already exists.")
        monitor = {"intervalInSeconds": 30, "timeoutInSeconds": 10, "toleratedNumberOfFailures": 3} | {
            name: value for name, value in (given.get("monitorConfig") or {}).items() if value is not None
        }
        given["monitorConfig"] = monitor
        interval, timeout = int(monitor["intervalInSeconds"]), int(monitor["timeoutInSeconds"])
        if interval not in INTERVALS or timeout not in INTERVALS[interval]:
            message = f"intervalInSeconds {interval} with timeoutInSeconds {timeout} is not supported."
            raise ArmError(400, "BadRequest", message)
        if not 0 <= int(monitor["toleratedNumberOfFailures"]) <= 9:
            raise ArmError(400, "BadRequest", "toleratedNumberOfFailures must be between 0 and 9.")
        endpoints = [_plain(each) for each in given.pop("endpoints", None) or ()]
        priorities = [each["properties"].get("priority") for each in endpoints]
        if len(set(priorities)) < len(priorities):
            raise ArmError(400, "BadRequest", "Two endpoints of a profile have the same priority.")
        for each in endpoints:
            _check_endpoint(self, each)
        new.held["endpoints"] = endpoints if "endpoints" in (new.held["request"].get("properties") or {}) else []

    def settle(self, record: Record, old: Record | None) -> None:
        given = record.held.pop("endpoints")
        wanted = {f"{each['type'].rpartition('/')[2]}/{each['name']}".lower(): each for each in given}
        is_patch = "trafficRoutingMethod" not in (record.held["request"].get("properties") or {})
        for each in endpoints_of(self, record):
            if "/".join(each.id.segments[-1]).lower() not in wanted and not is_patch:
                self.store.forget(each.id)
        for each in wanted.values():
            identity = parse(f"{record.id.text}/{each['type'].rpartition('/')[2]}/{each['name']}")
            self.store.keep(Record(identity, {"properties": each["properties"]}))
        where = record.id.text
        self.world.context.names.add_zone(name_of(record), lambda _name, _kind: self.answer(where))
        self.world.context.one(Probes).watch(self.world, DOMAIN, lambda: list(_probed(self)))

    def check_gone(self, record: Record) -> None:
        for each in self.store.of_type(f"{self.type}/nestedEndpoints"):
            if str(each.properties.get("targetResourceId")).lower() == record.id.key:
                raise ArmError(409, "Conflict", f"The profile is nested in {each.id.names[0]}.")

    def remove(self, record: Record) -> None:
        self.world.context.names.remove_zone(name_of(record))

    def shown(self, record: Record) -> Body:
        given = record.properties
        states = [state_of(self, each) for each in endpoints_of(self, record)]
        status = "Online" if serving(self, record) else "Degraded" if states else "Inactive"
        if given["profileStatus"] != "Enabled":
            status = "Disabled"
        return {
            "dnsConfig": {**given["dnsConfig"], "fqdn": name_of(record)},
            "monitorConfig": {**given["monitorConfig"], "profileMonitorStatus": status},
            "endpoints": [shown_endpoint(self, each) for each in endpoints_of(self, record)],
        }

    def answer(self, identity: str) -> Answer | None:
        profile = self.store.find(identity)
        if profile is None or profile.properties["profileStatus"] != "Enabled":
            return None
        ttl = float(profile.properties["dnsConfig"].get("ttl") or 60)
        chosen = chosen_of(self, profile)
        return Answer("CNAME", [chosen], ttl) if chosen else Answer("CNAME", [], ttl)


def chosen_of(kind: Kind, profile: Record) -> str | None:
    """The name that a profile answers with."""
    enabled = [each for each in endpoints_of(kind, profile) if each.properties["endpointStatus"] == "Enabled"]
    serve = [each for each in enabled if state_of(kind, each) in {"Online", "Unmonitored"}] or enabled
    if not serve:
        return None
    target = kind.store.find(str(serve[0].properties.get("targetResourceId") or ""))
    if target is not None and target.id.type.lower() == Profile.type.lower():
        return chosen_of(kind, target)
    if target is not None:
        return f"{target.id.name.lower()}.azurewebsites.net"
    return str(serve[0].properties["target"])


def endpoints_of(kind: Kind, profile: Record) -> list[Record]:
    """By priority."""
    found = [each for name in KINDS_OF_ENDPOINTS for each in kind.store.children(profile, f"{Profile.type}/{name}")]
    return sorted(found, key=lambda each: float(each.properties.get("priority") or 1000))


def serving(kind: Kind, profile: Record) -> int:
    """How many of its endpoints serve. Whether those that are never probed count, the documents do not say."""
    counted = {"Online", "Unmonitored"} if kind.world.unprobed_children_count else {"Online"}
    return sum(state_of(kind, each) in counted for each in endpoints_of(kind, profile))


def state_of(kind: Kind, endpoint: Record) -> str:
    """Its endpointMonitorStatus."""
    given = endpoint.properties
    if given["endpointStatus"] != "Enabled":
        return "Disabled"
    if endpoint.id.segments[-1][0] == "nestedEndpoints":
        child = kind.store.find(str(given["targetResourceId"]))
        if child is None:
            return "Inactive"
        return "Online" if serving(kind, child) >= int(given.get("minChildEndpoints") or 1) else "Degraded"
    if given.get("alwaysServe") == "Enabled":
        return "Unmonitored"
    found = kind.world.context.one(Probes).of(endpoint.id.key)
    return {None: "CheckingEndpoint", True: "Online", False: "Degraded"}[found]


def shown_endpoint(kind: Kind, endpoint: Record) -> Body:
    properties = {**copy.deepcopy(endpoint.properties), "endpointMonitorStatus": state_of(kind, endpoint)}
    type_ = f"{Profile.type}/{endpoint.id.segments[-1][0]}"
    return {"id": endpoint.id.text, "name": endpoint.id.name, "type": type_, "properties": properties}


def _probed(kind: Kind) -> Iterator[Probed]:
    """Every endpoint that is asked: given up after so many failures in a row and one more, back after one success."""
    for profile in kind.store.of_type(Profile.type):
        monitor = profile.properties["monitorConfig"]
        for endpoint in endpoints_of(kind, profile):
            given = endpoint.properties
            is_asked = given.get("endpointStatus") == "Enabled" and given.get("alwaysServe") != "Enabled"
            if endpoint.id.segments[-1][0] == "nestedEndpoints" or not is_asked:
                continue
            target = kind.store.find(str(given.get("targetResourceId") or ""))
            yield Probed(
                key=endpoint.id.key,
                name=endpoint.id.name,
                host=f"{target.id.name.lower()}.azurewebsites.net" if target is not None else str(given["target"]),
                path=str(monitor.get("path") or "/"),
                secure=str(monitor.get("protocol", "HTTP")).upper() == "HTTPS",
                interval_seconds=float(monitor["intervalInSeconds"]),
                window=int(monitor["toleratedNumberOfFailures"]) + 1,
            )


def _plain(endpoint: Body) -> Body:
    """An endpoint of a profile's list, with what is said of it below `properties`."""
    beside = {name: value for name, value in endpoint.items() if name not in {"id", "name", "type", "properties"}}
    properties = {**beside, **(endpoint.get("properties") or {})}
    given = {name: value for name, value in properties.items() if value is not None}
    given.setdefault("endpointStatus", "Enabled")
    given.pop("endpointMonitorStatus", None)
    return {"name": endpoint.get("name"), "type": str(endpoint.get("type") or ""), "properties": given}


def _check_endpoint(kind: Kind, endpoint: Body) -> None:
    of, given = endpoint["type"].rpartition("/")[2], endpoint["properties"]
    if of not in KINDS_OF_ENDPOINTS:
        raise ArmError(
            400, "BadRequest", f"The type of the endpoint {endpoint['name']} is not known: {endpoint['type']}"
        )
    if of == "externalEndpoints":
        if not given.get("target"):
            raise ArmError(400, "BadRequest", f"The endpoint {endpoint['name']} has no target.")
        return
    target = kind.store.find(str(given.get("targetResourceId") or ""))
    wanted = Profile.type if of == "nestedEndpoints" else "Microsoft.Web/sites"
    if target is None or target.id.type.lower() != wanted.lower():
        message = f"The target of the endpoint {endpoint['name']} was not found, or is no {wanted}."
        raise ArmError(400, "BadRequest", message)


class ExternalEndpoint(Kind):
    """One of a profile, as a resource of its own."""

    type = f"{Profile.type}/externalEndpoints"
    versions = VERSIONS
    is_global = True

    def check(self, new: Record, old: Record | None) -> None:
        new.properties.setdefault("endpointStatus", "Enabled")
        new.properties.pop("endpointMonitorStatus", None)
        new.properties.setdefault("priority", 1)
        _check_endpoint(self, {"name": new.id.name, "type": self.type, "properties": new.properties})
        profile = self.store.find(new.id.parent or "")
        others: list[Any] = endpoints_of(self, profile) if profile is not None else []
        for other in others:
            if other.id.key != new.id.key and other.properties.get("priority") == new.properties["priority"]:
                raise ArmError(400, "BadRequest", f"The priority {new.properties['priority']} is taken.")

    def shown(self, record: Record) -> Body:
        return {"endpointMonitorStatus": state_of(self, record)}


class AzureEndpoint(ExternalEndpoint):
    type = f"{Profile.type}/azureEndpoints"


class NestedEndpoint(ExternalEndpoint):
    type = f"{Profile.type}/nestedEndpoints"


KINDS = (Profile, ExternalEndpoint, AzureEndpoint, NestedEndpoint)

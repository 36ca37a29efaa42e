"""
What the places of Front Door know of a profile: what was said of it some minutes ago, and what they found since.

A request goes to a healthy origin of the best priority, in turn; while none is healthy, to each that is enabled, in
turn. An origin that nothing was found of yet is not healthy. Without probes every origin counts as healthy.
"""

from __future__ import annotations

import copy
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sandbox.clouds.azure.probes import Probed, Probes
from sandbox.dataplane.addresses import OUTSIDE
from sandbox.fabric import Edge, Origin

if TYPE_CHECKING:
    from sandbox.clouds.azure.kind import Kind, Record
    from sandbox.clouds.context import Context

SPREAD_SECONDS = 300.0
"""Microsoft Learn, Front Door FAQ: a change takes 3 to 20 minutes to arrive everywhere, in 2026."""
PROFILES = "Microsoft.Cdn/profiles"
ENDPOINTS, GROUPS, DOMAINS = (f"{PROFILES}/{name}" for name in ("afdEndpoints", "originGroups", "customDomains"))
ROUTES, ORIGINS = f"{ENDPOINTS}/routes", f"{GROUPS}/origins"
TEXTS = "Microsoft.Network/dnsZones/TXT"


def host_of(endpoint: Record) -> str:
    """Its name, which a digest makes unlike any other's."""
    return f"{endpoint.id.name}-{uuid.uuid5(uuid.NAMESPACE_URL, endpoint.id.key).hex[:16]}.z01.azurefd.net".lower()


def front_door_id(profile: Record) -> str:
    """What it says of itself to origins, in X-Azure-FDID."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, profile.id.key))


def token_of(domain: Record) -> str:
    """What a TXT record beside the name of a domain has to say before the domain is served."""
    return f"_{uuid.uuid5(uuid.NAMESPACE_DNS, domain.id.key).hex}"


def is_proven(kind: Kind, domain: Record) -> bool:
    wanted, token = f"_dnsauth.{domain.properties['hostName']}".lower(), token_of(domain)
    return any(
        f"{each.id.name}.{each.id.names[0]}".lower() == wanted
        and token in {"".join(text.get("value") or ()) for text in each.properties.get("TXTRecords") or ()}
        for each in kind.store.of_type(TEXTS)
    )


@dataclass(frozen=True)
class _Known:
    """What was said of an endpoint when it was spread."""

    endpoint: Record
    domains: tuple[Record, ...]
    group: Record
    origins: tuple[Record, ...]
    own_host: bool

    @property
    def probed(self) -> Iterator[Probed]:
        asked = self.group.properties.get("healthProbeSettings")
        if not asked:
            return
        judged = self.group.properties["loadBalancingSettings"]
        for each in self.origins:
            yield Probed(
                key=f"{self.endpoint.id.key} {each.id.key}",
                name=each.id.name,
                host=str(each.properties["hostName"]),
                path=str(asked.get("probePath") or "/"),
                secure=asked.get("probeProtocol") == "Https",
                interval_seconds=float(asked.get("probeIntervalInSeconds") or 240),
                window=int(judged["sampleSize"]),
                needed=int(judged["successfulSamplesRequired"]),
            )


class Spreading:
    """One in a world."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._known: dict[str, _Known] = {}

    def changed(self, kind: Kind, profile: Record) -> None:
        """Have what is said of a profile now known everywhere in a while."""
        kind.world.later("front door", lambda: self._later(kind, profile))

    def gone(self, endpoint: Record) -> None:
        self._known.pop(endpoint.id.key, None)
        self._context.names.remove(host_of(endpoint))
        self._context.fabric.edges.close(host_of(endpoint))

    def _later(self, kind: Kind, profile: Record) -> None:
        if self._context.stopping.wait(SPREAD_SECONDS / self._context.pace):
            return
        with kind.store.lock:
            found = {each.id.key: _said(kind, each) for each in kind.store.children(profile, ENDPOINTS)}
        for key, known in found.items():
            if known is not None:
                self._known[key] = known
                self._open(kind, profile, known)
        self._context.one(Probes).watch(kind.world, PROFILES, self._probed)

    def _probed(self) -> list[Probed]:
        return [each for known in list(self._known.values()) for each in known.probed]

    def _open(self, kind: Kind, profile: Record, known: _Known) -> None:
        host = host_of(known.endpoint)
        names = [host, *(str(each.properties["hostName"]) for each in known.domains)]
        issued = kind.world.authority.issue(names)
        edge = Edge(
            lambda asked: self._origins(kind, known.endpoint.id.key, asked),
            {"X-Azure-FDID": front_door_id(profile)},
            issued.certificate + issued.key,
        )
        self._context.fabric.edges.open(host, edge)
        self._context.names.add_front_door(host, OUTSIDE, host)

    def _origins(self, kind: Kind, endpoint: str, asked: str) -> Sequence[Origin] | None:
        known = self._known.get(endpoint)
        if known is None:
            return None
        is_its_own = known.own_host and asked == host_of(known.endpoint)
        named = (each for each in known.domains if str(each.properties["hostName"]).lower() == asked)
        if not is_its_own and not any(is_proven(kind, each) for each in named):
            return None
        return [found for each in self._chosen(known) for found in self._where(each)]

    def _chosen(self, known: _Known) -> Sequence[Record]:
        probes = self._context.one(Probes)
        asked = {each.key for each in known.probed}
        keys = {f"{known.endpoint.id.key} {each.id.key}": each for each in known.origins}
        healthy = [each for key, each in keys.items() if key not in asked or probes.of(key)]
        if not healthy:
            return known.origins
        best = min(each.properties["priority"] for each in healthy)
        return [each for each in healthy if each.properties["priority"] == best]

    def _where(self, origin: Record) -> Iterator[Origin]:
        host = str(origin.properties["hostName"])
        for address in self._context.names.resolve(host, OUTSIDE)[:1]:
            yield Origin(
                address, self._context.ports.https, host, str(origin.properties.get("originHostHeader") or host)
            )


def enabled(record: Record) -> bool:
    return bool(record.properties.get("enabledState", "Enabled") == "Enabled")


def _said(kind: Kind, endpoint: Record) -> _Known | None:
    """What the first of its routes in use says, as it is now; None: there is none."""
    route = next((each for each in kind.store.children(endpoint, ROUTES) if enabled(each)), None)
    group = kind.store.find(str((route.properties.get("originGroup") or {}).get("id"))) if route else None
    if route is None or group is None or not enabled(endpoint):
        return None
    domains = [kind.store.find(str(each["id"])) for each in route.properties.get("customDomains") or ()]
    return copy.deepcopy(
        _Known(
            endpoint,
            tuple(each for each in domains if each is not None),
            group,
            tuple(each for each in kind.store.children(group, ORIGINS) if enabled(each)),
            route.properties.get("linkToDefaultDomain") == "Enabled",
        )
    )

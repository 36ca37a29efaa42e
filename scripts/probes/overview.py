"""
Everything `dr status` shows, asked now: each site in a thread of its own, each bounded, so that a lost one costs
nothing.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from model import names
from model.roles import role_of, scale_of
from scripts.core.errors import DrError
from scripts.core.moments import now
from scripts.core.net import Unreachable
from scripts.probes import traffic
from scripts.probes.backups import of_what_it_holds
from scripts.probes.caches import CacheStatus, caches_of

if TYPE_CHECKING:
    from model import Plan, Topology
    from scripts.clouds.access import Clouds

T = TypeVar("T")
BOUND_SECONDS = 6.0


@dataclass
class DatabaseStatus:
    """
    `writes`: accepted, refused (with the reason in `said`) or silent. `lag_seconds` only for a copy that follows.
    `unguarded`: what takes writes here without a lease, each with the reason.
    """

    name: str
    identifier: str
    writes: str = "silent"
    said: str = ""
    lag_seconds: float | None = None
    unguarded: list[str] = field(default_factory=list)


@dataclass
class ServiceStatus:
    name: str
    tier: int
    ready: int
    wanted: int


@dataclass
class RestorePointStatus:
    """The newest point that a database can be restored to from what lies in a site and belongs to what it holds now."""

    database: str
    name: str
    kind: str
    newest: datetime
    age_seconds: float


@dataclass
class SiteStatus:
    """`said` holds what could not be learnt, and why. `traffic`: is it what clients reach now; None: nobody knows."""

    name: str
    region: str
    role: str
    databases: list[DatabaseStatus] = field(default_factory=list)
    services: list[ServiceStatus] = field(default_factory=list)
    restorable: list[RestorePointStatus] = field(default_factory=list)
    caches: list[CacheStatus] = field(default_factory=list)
    traffic: bool | None = None
    said: list[str] = field(default_factory=list)


@dataclass
class Overview:
    """`writers` are the sites whose database really took a write; `lease` is the witness's word on who may."""

    system: str
    active_site: str
    epoch: int
    at: datetime
    sites: list[SiteStatus]
    lease: dict[str, Any] | None
    said: list[str]

    @property
    def writers(self) -> list[str]:
        return [site.name for site in self.sites if any(each.writes == "accepted" for each in site.databases)]

    @property
    def tiers(self) -> dict[int, tuple[int, int]]:
        """Of the active site: for each tier how many services are at full strength, and how many there are."""
        found: dict[int, tuple[int, int]] = {}
        for site in self.sites:
            if site.name == self.active_site:
                for service in site.services:
                    good, total = found.get(service.tier, (0, 0))
                    found[service.tier] = (good + (service.ready >= service.wanted > 0), total + 1)
        return dict(sorted(found.items()))


def look(plan: Plan, topology: Topology, clouds: Clouds) -> Overview:
    """Never raises for what it sees: what does not answer is said to be silent."""
    said: list[str] = []
    asked = {site.name: _begin(partial(_site, plan, topology, clouds, site.name)) for site in plan.sites}
    lease, serves = _begin(clouds.witness().read), _begin(partial(traffic.serving, plan))
    end = time.monotonic() + BOUND_SECONDS
    sites = []
    for site in plan.sites:
        found, reason = asked[site.name](end)
        role = role_of(plan, topology, site.name)
        sites.append(found or SiteStatus(site.name, site.region, role, said=[reason]))
    seen, reason = serves(end)
    if seen is None:
        said.append(f"{plan.traffic.record}: {reason}")
    elif not seen.site:
        said.append(f"{plan.traffic.record}: {seen.why_not(topology.active_site)}")
    else:
        for site_status in sites:
            site_status.traffic = site_status.name == seen.site
    held, reason = lease(end)
    if held is None:
        said.append(f"witness {plan.fencing.witness}: {reason}" if reason else "nobody ever held the writer lease")
    return Overview(
        system=plan.system,
        active_site=topology.active_site,
        epoch=topology.epoch,
        at=now(),
        sites=sites,
        lease=None
        if held is None
        else {"site": held.lease.site, "epoch": held.lease.epoch, "renewed": held.changed_at},
        said=said,
    )


def _begin(ask: Callable[[], T]) -> Callable[[float], tuple[T | None, str]]:
    """Ask in a thread that nobody has to wait for; the answer is fetched with a moment (monotonic) as its bound."""
    answer: list[T] = []
    failure: list[str] = []

    def run() -> None:
        try:
            answer.append(ask())
        except (DrError, Unreachable) as error:
            failure.append(str(error))
        except Exception as error:  # noqa: BLE001  (one strange answer must not hide the other sites)
            failure.append(f"{type(error).__name__}: {error}")

    thread = threading.Thread(target=run, daemon=True)
    thread.start()

    def fetch(end: float) -> tuple[T | None, str]:
        thread.join(max(0.0, end - time.monotonic()))
        if answer:
            return answer[0], ""
        return None, failure[0] if failure else f"no answer in {BOUND_SECONDS:g} s"

    return fetch


def _site(plan: Plan, topology: Topology, clouds: Clouds, name: str) -> SiteStatus:
    site = SiteStatus(name, plan.site(name).region, role_of(plan, topology, name))
    if name in topology.isolated:
        site.said.append("found compromised and isolated: it is not asked")
        return site
    parts = {
        "database": _begin(lambda: _databases(plan, topology, clouds, name)),
        "services": _begin(lambda: _services(plan, clouds, name)),
        "backups": _begin(lambda: _restorable(plan, topology, clouds, name)),
        "caches": _begin(lambda: _caches(plan, topology, clouds, name)),
    }
    end = time.monotonic() + BOUND_SECONDS - 0.5
    for part, fetch in parts.items():
        found, reason = fetch(end)
        if reason:
            site.said.append(f"{part}: {reason}")
        elif part == "database":
            site.databases = found  # type: ignore[assignment]
        elif part == "caches":
            site.caches = found  # type: ignore[assignment]
        elif part == "services":
            site.services = found  # type: ignore[assignment]
        else:
            site.restorable = found  # type: ignore[assignment]
    return site


def _databases(plan: Plan, topology: Topology, clouds: Clouds, site: str) -> list[DatabaseStatus]:
    held = topology.incarnations(site)
    return [_database(plan, topology, clouds, site, each.name) for each in plan.incarnated_stores if each.name in held]


def _database(plan: Plan, topology: Topology, clouds: Clouds, site: str, name: str) -> DatabaseStatus:
    number = topology.incarnation(site, name)
    status = DatabaseStatus(name, names.store_identifier(plan, site, name, number))
    try:
        store = clouds.engine(site, name, number)
        attempt = store.try_write(site, topology.epoch, name="status", note="dr status asks whether writes are taken")
        if attempt.answered:
            status.writes = "accepted" if attempt.accepted else "refused"
        status.said = "" if attempt.accepted else attempt.said
        if attempt.answered:
            where = store.position()
            status.lag_seconds = where.seconds_behind if where.in_recovery else None
            if not where.in_recovery:
                status.unguarded = [f"{each.name}: {each.reason}" for each in store.guard.unguarded()]
    except (DrError, Unreachable) as error:
        status.said = str(error)
    return status


def _caches(plan: Plan, topology: Topology, clouds: Clouds, site: str) -> list[CacheStatus]:
    """A site that runs nothing has none."""
    return [] if scale_of(plan, topology, site) == "none" else caches_of(plan, clouds, site)


def _services(plan: Plan, clouds: Clouds, site: str) -> list[ServiceStatus]:
    found = clouds.at(site).running()
    services = sorted(plan.services, key=lambda each: plan.effective_tier(each.name))
    return [
        ServiceStatus(each.name, plan.effective_tier(each.name), found[each.name].ready, found[each.name].wanted)
        for each in services
        if each.name in found
    ]


def _restorable(plan: Plan, topology: Topology, clouds: Clouds, site: str) -> list[RestorePointStatus]:
    found = []
    for each in plan.incarnated_stores:
        points = clouds.at(site).restore_points(each.name)
        for point in of_what_it_holds(plan, topology, site, each.name, points)[:1]:
            age = (now() - point.newest).total_seconds()
            found.append(RestorePointStatus(each.name, point.name, point.kind, point.newest, age))
    return found

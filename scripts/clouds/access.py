"""
How a run reaches the things of each site: drivers, connections and the witness, made once and shared by its steps.

Sites in `lost` are never asked anything: their region gets no client, their cluster none, their stores no connection.
"""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from model import names
from scripts.clouds.registry import driver, traffic
from scripts.core.errors import CloudFailed, DatabaseFailed, Refused
from scripts.core.net import Login
from scripts.core.waiting import wait_until
from scripts.engines.protocol import LoginRefused
from scripts.engines.registry import cache_engine, engine
from scripts.fencing.lease import WitnessLease

if TYPE_CHECKING:
    from model import Plan
    from scripts.clouds.protocol import Cloud, Driver, Inventory, ManagedStore, StoreState, Traffic
    from scripts.engines.protocol import CacheEngine, Engine

ADMITTED_SECONDS = 300.0
"""For a changed password, which a cloud brings to its server in its own time."""


@dataclass
class Clouds:
    """What one run reaches sites through."""

    plan: Plan
    lost: frozenset[str] = frozenset()  # names of sites
    _drivers: dict[str, Driver] = field(default_factory=dict, init=False)
    _sites: dict[str, Cloud] = field(default_factory=dict, init=False)
    _engines: dict[str, Engine] = field(default_factory=dict, init=False)
    _lock: threading.RLock = field(default_factory=threading.RLock, init=False)

    def at(self, site: str) -> Cloud:
        """A site, as its cloud sees it. Raises Refused for a lost one."""
        if site in self.lost:
            raise Refused(f"site {site} counts as lost and is not asked", "this is a defect in a step")
        with self._lock:
            if site not in self._sites:
                self._sites[site] = self._driver(self.plan.site(site).cloud).at(site)
            return self._sites[site]

    def _driver(self, cloud: str) -> Driver:
        with self._lock:
            if cloud not in self._drivers:
                self._drivers[cloud] = driver(cloud, self.plan, self.lost)
            return self._drivers[cloud]

    def inventories(self) -> list[Inventory]:
        """One for each cloud of the plan."""
        return [self._driver(cloud).inventory() for cloud in sorted({each.cloud for each in self.plan.sites})]

    def inventory(self, site: str) -> Inventory:
        """That of a site's cloud."""
        return self._driver(self.plan.site(site).cloud).inventory()

    def witness(self) -> WitnessLease:
        """The writer lease in the witness site."""
        return WitnessLease(self.at(self.plan.fencing.witness).objects(), self.plan.system)

    @cached_property
    def traffic(self) -> Traffic:
        """The switch of the plan's record."""
        return traffic(self.plan.primary.cloud, self.plan, lambda site: self.at(site).objects())

    def store(self, site: str, store: str, incarnation: int) -> ManagedStore:
        """One incarnation of a store, as the site's cloud manages it."""
        return self.at(site).store(store, incarnation)

    def state(self, site: str, store: str, incarnation: int) -> StoreState:
        """What the cloud says of it. Raises DatabaseFailed where there is none."""
        managed = self.store(site, store, incarnation)
        found = managed.state()
        if found is None:
            where = self.plan.site(site).region
            raise DatabaseFailed(f"{managed.identifier}: there is no such database in {where}")
        return found

    def engine(self, site: str, store: str, incarnation: int) -> Engine:
        """What speaks to one incarnation of a site's store over its own protocol, connected at first use."""
        identifier = self.store(site, store, incarnation).identifier
        with self._lock:
            if identifier not in self._engines:
                self._engines[identifier] = engine(self.plan.store(store).kind, self.login(site, store, incarnation))
            return self._engines[identifier]

    def engine_at(self, site: str, store: str, state: StoreState) -> Engine:
        """The same for an instance that this cloud shows. The caller closes it."""
        return engine(self.plan.store(store).kind, self.login_at(site, store, state))

    def engine_of_restored(self, site: str, store: str, restored: ManagedStore) -> Engine:
        """
        The same for one that was just restored. Such a one has the password of the day that it was restored to: where
        that was changed since, it is given the present one. The caller closes it.

        Raises DatabaseFailed where it lets nobody in, OutcomeUnknown where it does not take the password in time.
        """
        state = restored.state()
        if state is None:
            raise DatabaseFailed(f"{restored.identifier} is not there any more")
        login = self.login_at(site, store, state)
        inside = engine(self.plan.store(store).kind, login)
        try:
            try:
                inside.position()
            except LoginRefused:
                restored.set_password(login.password)
                what = f"{restored.identifier} to take the present password of {site}"
                wait_until(inside.position, seconds=ADMITTED_SECONDS, what=what, every=0.2)
        except BaseException:
            inside.close()
            raise
        return inside

    def inside_cache(self, site: str, store: str) -> CacheEngine:
        """What speaks to the cache of a site over its own protocol. The caller closes it. Raises DatabaseFailed."""
        state = self.at(site).cache(store).state()
        if state is None:
            raise DatabaseFailed(f"{site} has no cache {store}", f"`dr up` on the stack of {site} makes it")
        return cache_engine(self.plan.store(store).kind, self.login_of_cache(site, store, state))

    def login_of_cache(self, site: str, store: str, state: StoreState) -> Login:
        """A key opens it, and nobody's name."""
        secret = names.database_secret(self.plan, site, store)
        found = self.at(site).secrets().read(secret)
        try:
            return Login(state.host, state.port, "", "", str(json.loads(found.text if found else "")["password"]))
        except (ValueError, KeyError, TypeError):
            raise CloudFailed(f"the secret {secret} of {site} holds no key", "`dr up` writes it anew") from None

    def login(self, site: str, store: str, incarnation: int) -> Login:
        """How to log in to one incarnation: the address from the cloud, the rest from the site's secret."""
        return self.login_at(site, store, self.state(site, store, incarnation))

    def login_at(self, site: str, store: str, state: StoreState) -> Login:
        """How to log in to an instance that this cloud shows, with the site's own login of `store`."""
        secret = names.database_secret(self.plan, site, store)
        found = self.at(site).secrets().read(secret)
        try:
            held = json.loads(found.text) if found else {}
            return Login(
                state.host, state.port, held.get("dbname") or held["database"], held["username"], held["password"]
            )
        except (ValueError, KeyError, TypeError):
            raise CloudFailed(f"the secret {secret} of {site} holds no login", "`dr up` writes it anew") from None

    def forget(self, site: str, store: str, incarnation: int) -> None:
        """Drop the connection: the database moved or was replaced."""
        with self._lock:
            gone = self._engines.pop(self.store(site, store, incarnation).identifier, None)
        if gone is not None:
            gone.close()

    def close(self) -> None:
        with self._lock:
            for each in self._engines.values():
                each.close()
            self._engines.clear()

"""What is the same of a site in every cloud: the driver of a store or a service is chosen by its kind, from tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Generic, TypeVar

from model import names
from scripts.core.errors import Refused

if TYPE_CHECKING:
    from model import Plan
    from scripts.clouds.protocol import Cache, ManagedService, ManagedStore, Services, ServiceState

S = TypeVar("S")
"""The session of a cloud."""


class ByKind(Generic[S]):
    """
    The part of `Cloud` that asks drivers. `stores`, `caches` and `services` are the tables of the cloud. `beside` is
    the kind of what runs beside the services of the plan: the site's agent.
    """

    stores: Mapping[str, Callable[[S, Plan, str, str, str], ManagedStore]]
    caches: Mapping[str, Callable[[S, Plan, str, str], Cache]]
    services: Mapping[str, Callable[[S, Plan, str], Services]]
    beside: str

    def __init__(self, session: S, plan: Plan, site: str) -> None:
        self.site, self.session, self.region = site, session, plan.site(site).region
        self._plan = plan
        self._by_kind: dict[str, Services] = {}

    def store(self, store: str, incarnation: int) -> ManagedStore:
        return self.scratch(store, names.store_identifier(self._plan, self.site, store, incarnation))

    def scratch(self, store: str, identifier: str) -> ManagedStore:
        return self.stores[self._plan.store(store).kind](self.session, self._plan, self.site, store, identifier)

    def cache(self, store: str) -> Cache:
        kind = self._plan.store(store).kind
        if kind not in self.caches:
            raise Refused(f"{store} is no cache in its cloud", "`dr plan check` says what each kind of store can do")
        return self.caches[kind](self.session, self._plan, self.site, store)

    def service(self, service: str) -> ManagedService:
        kinds = {each.name: each.kind for each in self._plan.services}
        return self._of_kind(kinds.get(service, self.beside)).service(service)

    def running(self) -> Mapping[str, ServiceState]:
        kinds = dict.fromkeys([self.beside, *(each.kind for each in self._plan.services)])
        return {name: state for kind in kinds for name, state in self._of_kind(kind).running().items()}

    def _of_kind(self, kind: str) -> Services:
        if kind not in self._by_kind:
            self._by_kind[kind] = self.services[kind](self.session, self._plan, self.site)
        return self._by_kind[kind]

"""The plan of one system: the single source of truth. Its attributes are named as the keys of the YAML file."""

from datetime import timedelta
from functools import cached_property
from typing import Annotated, Literal, Protocol, TypeVar

from pydantic import Field

from .acceptance import Check, Moment
from .audit import AuditQuery
from .base import Model, Name, Text
from .governance import Contact, Decision, Drills, Escalation, Person, Residency, Role, Waiver
from .hooks import Hook, HookName
from .mistakes import listed
from .objectives import Disaster, Environment, Objective
from .services import Service
from .sites import Site
from .stores import IncarnatedStore, ServerStore, Store
from .tiers import Tier
from .traffic import Detection, Fencing, Switchover, Traffic
from .workload import OwnWorkload

VERSION = 1
StoreKind = TypeVar("StoreKind")
# Stores live in names of at most 63 characters together with site and incarnation.
System = Annotated[Name, Field(max_length=20)]


class Plan(Model):
    """Load one with `load_plan`, which also makes the checks that need more than one part of it."""

    version: Literal[1]
    system: System
    description: Text = "no description"
    owner: Role
    environment: Name = "prod"

    sites: Annotated[tuple[Site, ...], Field(min_length=1, max_length=9)]
    traffic: Traffic
    fencing: Fencing
    stores: tuple[Store, ...] = ()
    services: Annotated[tuple[Service, ...], Field(min_length=1, max_length=2000)]
    tiers: Annotated[tuple[Tier, ...], Field(min_length=1)]
    objectives: Annotated[tuple[Objective, ...], Field(min_length=1)]
    environments: dict[Name, Environment] = Field(default_factory=dict)
    residency: Residency
    detection: Detection
    switchover: Switchover = Switchover()
    contacts: Annotated[tuple[Contact, ...], Field(min_length=1)]
    escalation: tuple[Escalation, ...] = ()
    approvals: dict[Disaster | Decision, Annotated[int, Field(ge=0, le=10, strict=True)]] = Field(default_factory=dict)
    people: tuple[Person, ...] = ()
    drills: Drills
    checks: tuple[Check, ...] = ()
    audit: tuple[AuditQuery, ...] = ()
    workload: OwnWorkload | None = None
    hooks: dict[HookName, Hook] = Field(default_factory=dict)
    waivers: tuple[Waiver, ...] = ()

    def site(self, name: str) -> Site:
        """Raises KeyError with the names there are."""
        return _named(self.sites, name, "site")

    def store(self, name: str) -> Store:
        """Raises KeyError with the names there are."""
        return _named(self.stores, name, "store")

    def stores_of(self, kind: type[StoreKind]) -> tuple[StoreKind, ...]:
        """The stores of one kind, or of one family of kinds: `plan.stores_of(Postgres)`."""
        return tuple(store for store in self.stores if isinstance(store, kind))

    def stays_in(self, disaster: Disaster) -> bool:
        """Does it promise to recover from a disaster where the service was?"""
        found = [each for each in self.objectives if each.disaster == disaster and not each.component]
        return any(each.is_in_place(self.primary.name) for each in found)

    @cached_property
    def incarnated_stores(self) -> tuple[IncarnatedStore, ...]:
        """The stores of which a site holds one numbered incarnation after another."""
        return self.stores_of(IncarnatedStore)

    def incarnated_store(self, name: str) -> IncarnatedStore:
        """Raises KeyError with the names there are, also for a store that has no incarnations."""
        return _named(self.incarnated_stores, name, "store with incarnations")

    @cached_property
    def refilled_stores(self) -> tuple[ServerStore, ...]:
        """The stores of which every site has one of its own, which begins empty or with a snapshot."""
        return tuple(store for store in self.stores_of(ServerStore) if store.traits.moves == "refilled")

    @cached_property
    def guarded_stores(self) -> tuple[IncarnatedStore, ...]:
        """The stores whose engine itself refuses an old writer."""
        return tuple(store for store in self.incarnated_stores if store.traits.why_not_guarded is None)

    def service(self, name: str) -> Service:
        """Raises KeyError with the names there are."""
        return _named(self.services, name, "service")

    def checks_at(self, moment: Moment) -> tuple[Check, ...]:
        """The user's checks that are asked at a moment."""
        return tuple(check for check in self.checks if moment in check.at)

    @cached_property
    def primary(self) -> Site:
        return next(site for site in self.sites if site.kind == "primary")

    @cached_property
    def warm(self) -> Site | None:
        """The first warm site, or None."""
        return next((site for site in self.sites if site.kind == "warm"), None)

    @cached_property
    def cold(self) -> Site | None:
        """The first cold site, or None."""
        return next((site for site in self.sites if site.kind == "cold"), None)

    @cached_property
    def sites_by_stack(self) -> dict[str, Site]:
        """The stack of the traffic switch is not in it: it holds no site."""
        return {site.stack: site for site in self.sites}

    @property
    def stacks(self) -> list[str]:
        """Every stack of the system: those of the sites in the plan's order, then that of the traffic switch."""
        return [*self.sites_by_stack, self.traffic.stack]

    def max_downtime(self, tier: int) -> timedelta:
        """How long services of a tier may be down. Raises KeyError for a tier that `tiers` does not have."""
        for entry in self.tiers:
            if entry.tier == tier:
                return entry.max_downtime
        raise KeyError(f"no tier {tier} in the plan")

    @cached_property
    def effective_tiers(self) -> dict[str, int]:
        """
        The tier in which each service and each store must be recovered: its own, or the lowest number of anything that
        uses it, directly or through others. A store that has no tier of its own and no users has the last tier.
        """
        tiers = {store.name: max(entry.tier for entry in self.tiers) for store in self.stores}
        tiers |= {store.name: store.tier for store in self.stores_of(ServerStore)}
        tiers |= {service.name: service.tier for service in self.services}
        uses = {service.name: service.uses for service in self.services}
        changed = True
        while changed:  # settles after as many rounds as the longest chain of `uses`, cycles included
            changed = False
            for service, used in uses.items():
                for name in used:
                    if name in tiers and tiers[name] > tiers[service]:
                        tiers[name] = tiers[service]
                        changed = True
        return tiers

    def effective_tier(self, name: str) -> int:
        """See `effective_tiers`. Raises KeyError for a name that is not in the plan."""
        return self.effective_tiers[name]

    def in_environment(self, name: str) -> "Plan":
        """
        The plan as it holds in an environment: the objectives of `environments[name]` in place of the plan's.

        The plan's own environment gives the plan itself. Raises KeyError for one that the plan does not have.
        """
        if name == self.environment:
            return self
        override = self.environments[name]
        changes: dict[str, object] = {"environment": name}
        if override.objectives is not None:
            changes["objectives"] = override.objectives
        return self.model_copy(update=changes)


class _HasName(Protocol):
    @property
    def name(self) -> str: ...


_Named = TypeVar("_Named", bound=_HasName)


def _named(entries: tuple[_Named, ...], name: str, what: str) -> _Named:
    for entry in entries:
        if entry.name == name:
            return entry
    raise KeyError(f"no {what} {name!r} in the plan; there is {listed([entry.name for entry in entries])}")

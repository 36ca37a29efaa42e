"""The plan of one system: the single source of truth. Its attributes are named as the keys of the YAML file."""

from datetime import timedelta
from functools import cached_property
from typing import Annotated, Literal, TypeVar

from pydantic import Field

from .base import Model, Name, Text, form
from .databases import Database
from .governance import Contact, Drills, Escalation, Residency, Role, Waiver
from .objectives import Disaster, Environment, Objective
from .objects import ObjectStore
from .services import Service, Tier
from .sites import Site
from .traffic import Detection, Fencing, Traffic

VERSION = 1
# Databases and object stores live in names of at most 63 characters together with site and incarnation.
System = Annotated[Name, Field(max_length=20)]
Account = Annotated[
    str,
    form(
        r"^([0-9]{12}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$",
        "an account: 12 digits, or a subscription id",
        longest=36,
    ),
]


class Plan(Model):
    """Load one with `load_plan`, which also makes the checks that need more than one part of it."""

    version: Literal[1]
    system: System
    description: Text = "no description"
    owner: Role
    environment: Name = "prod"
    account: Account

    sites: Annotated[tuple[Site, ...], Field(min_length=1, max_length=9)]
    traffic: Traffic
    fencing: Fencing
    databases: tuple[Database, ...] = ()
    objects: tuple[ObjectStore, ...] = ()
    services: Annotated[tuple[Service, ...], Field(min_length=1, max_length=2000)]
    tiers: Annotated[tuple[Tier, ...], Field(min_length=1)]
    objectives: Annotated[tuple[Objective, ...], Field(min_length=1)]
    environments: dict[Name, Environment] = Field(default_factory=dict)
    residency: Residency
    detection: Detection
    contacts: Annotated[tuple[Contact, ...], Field(min_length=1)]
    escalation: tuple[Escalation, ...] = ()
    approvals: dict[Disaster, Annotated[int, Field(ge=0, le=10, strict=True)]] = Field(default_factory=dict)
    drills: Drills
    waivers: tuple[Waiver, ...] = ()

    def site(self, name: str) -> Site:
        """Raises KeyError with the names there are."""
        return _named(self.sites, name, "site")

    def database(self, name: str) -> Database:
        """Raises KeyError with the names there are."""
        return _named(self.databases, name, "database")

    def object_store(self, name: str) -> ObjectStore:
        """Raises KeyError with the names there are."""
        return _named(self.objects, name, "object store")

    def service(self, name: str) -> Service:
        """Raises KeyError with the names there are."""
        return _named(self.services, name, "service")

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
        The tier in which each service, database and object store must be recovered: its own, or the lowest number of
        anything that uses it, directly or through others. An object store without users has the last tier.
        """
        tiers = {store.name: max(entry.tier for entry in self.tiers) for store in self.objects}
        tiers |= {database.name: database.tier for database in self.databases}
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


_Named = TypeVar("_Named", Site, Database, Service, ObjectStore)


def _named(entries: tuple[_Named, ...], name: str, what: str) -> _Named:
    for entry in entries:
        if entry.name == name:
            return entry
    raise KeyError(f"no {what} {name!r} in the plan; there is {', '.join(entry.name for entry in entries)}")

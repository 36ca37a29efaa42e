"""What the neutral part of the program and the components of a cloud agree on."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import pulumi

from components.settings import Settings
from model.services import BaseService
from model.sites import Site
from model.stores import BaseStore

Scale = Literal["active", "warm", "none"]


@dataclass(frozen=True)
class Place:
    """A site that is being declared: all of it are children of `parent`. `scale` is that of its services."""

    settings: Settings
    site: Site
    parent: pulumi.Resource
    scale: Scale

    @property
    def child(self) -> pulumi.ResourceOptions:
        """The options of what stands in the site."""
        return pulumi.ResourceOptions(parent=self.parent)


@dataclass(frozen=True)
class Endpoint:
    """Where the services of a site find one of its stores."""

    identifier: str
    address: pulumi.Output[str]
    port: pulumi.Output[int]


Endpoints = Mapping[str, Endpoint]


class Ground(Protocol):
    """What a cloud lays in a site before anything stands on it. `record` is what other stacks need to know of it."""

    @property
    def record(self) -> Mapping[str, Any]: ...


@dataclass(frozen=True)
class CloudComponents:
    """
    The components of one cloud. `provider` makes the provider of a stack, of a site or (None) of the traffic switch.
    `ground` lays what a site stands on. `stores` maps a kind of store to what declares one in a site, and gives where
    services find it, None for one that they find by its name; `services` maps a kind to what declares all of that kind.
    `safeguards` declares backups and alarms once the stores are there. `traffic` declares the switch. `identities` maps
    a kind of service to what declares beforehand what it acts as, in a site where that could not be made when it is
    wanted; a kind that is not in it needs nothing beforehand.
    """

    provider: Callable[[Settings, Site | None], pulumi.ProviderResource]
    ground: Callable[[Place], Any]
    stores: Mapping[str, Callable[[Place, Any, Any], Endpoint | None]]
    services: Mapping[str, Callable[[Place, Any, Sequence[Any], Endpoints], None]]
    safeguards: Callable[[Place, Any, Endpoints], None]
    traffic: Callable[[Settings, pulumi.ResourceOptions], dict[str, Any]]
    identities: Mapping[str, Callable[[Place, Any, Sequence[Any]], None]] = field(default_factory=dict)

    def declare_stores(self, place: Place, ground: Any) -> Endpoints:
        """Declare the stores of the plan in a site; gives those that services find by address."""
        found: dict[str, Endpoint] = {}
        for store in place.settings.plan.stores:
            if (endpoint := self._of(self.stores, store)(place, ground, store)) is not None:
                found[store.name] = endpoint
        return found

    def declare_services(self, place: Place, ground: Any, endpoints: Endpoints) -> None:
        """Declare the services of the plan in a site, kind by kind, at the scale of its role."""
        for of_kind in self._by_kind(place):
            self._of(self.services, of_kind[0])(place, ground, of_kind, endpoints)

    def declare_identities(self, place: Place, ground: Any) -> None:
        """Declare what the services of the plan will act as in a site, and nothing that runs."""
        for of_kind in self._by_kind(place):
            if (declare := self.identities.get(of_kind[0].kind)) is not None:
                declare(place, ground, of_kind)

    @staticmethod
    def _by_kind(place: Place) -> list[list[Any]]:
        services = place.settings.plan.services
        kinds = dict.fromkeys(service.kind for service in services)
        return [[service for service in services if service.kind == kind] for kind in kinds]

    @staticmethod
    def _of(table: Mapping[str, Any], part: Any) -> Any:
        """Raises pulumi.RunError for a kind without a component; the check of the plan refuses it before."""
        if part.kind not in table:
            what = "store" if isinstance(part, BaseStore) else "service" if isinstance(part, BaseService) else "part"
            raise pulumi.RunError(f"{what} {part.name}: there is no component of kind {part.kind}")
        return table[part.kind]

"""
What pods are told of the stores of their site: each service of exactly those that it names, each under its own keys
(`model.logins.variable`), with a login of its own.

The sentinel alone is given the login of the owner, from which it works out those of the services.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import pulumi

from components import variables
from components.parts import Endpoints, Place
from components.variables import Variables
from model import logins
from model.services import Pods
from model.stores import BaseStore, Objects

Source = tuple[str, str]


@dataclass(frozen=True)
class StoreLogins:
    """The ConfigMaps and Secrets of a site's stores, by name. Names of parts hold no dot, so no two of them meet."""

    place: Place
    endpoints: Endpoints

    def configs(self) -> dict[str, Variables]:
        """Where each store is."""
        here = [store.name for store in self._stores]
        return {_config(store): variables.where(self.place, store, self.endpoints) for store in here}

    def logins(self, services: Iterable[Pods]) -> dict[str, Variables]:
        """Of each service in each store that it names, of its migrations, and of the sentinel as the owner."""
        found = {_owner(store): variables.as_owner(self.place, store) for store in self.endpoints}
        for service in services:
            for store in self._with_logins(service):
                found[_login(store, service.name)] = variables.as_role(
                    self.place, store, logins.service_role(service.name)
                )
                if service.migrates_by:
                    found[_migration(store)] = variables.as_role(self.place, store, logins.MIGRATE)
        return found

    def sources(self, service: Pods) -> list[Source]:
        """What a service reads of its stores."""
        named = [("config", _config(store)) for store in self._named_by(service)]
        return [*named, *(("login", _login(store, service.name)) for store in self._with_logins(service))]

    def environment(self, service: Pods) -> dict[str, str]:
        """Which stores a service names, the one that it keeps its writes in first."""
        named = self._named_by(service)
        return {"DR_STORES": ",".join(named)} if named else {}

    def migration_sources(self, service: Pods) -> list[Source]:
        """What its migrations read instead; nothing where they change no store."""
        stores = self._with_logins(service) if service.migrates_by else []
        kinds = (("config", _config), ("login", _migration))
        return [(kind, name(store)) for store in stores for kind, name in kinds]

    def agent_sources(self) -> list[Source]:
        """What the sentinel reads."""
        kinds = (("config", _config), ("login", _owner))
        return [(kind, name(store)) for store in self.endpoints for kind, name in kinds]

    def agent_environment(self) -> dict[str, str]:
        """Which stores the sentinel guards, and which services log in to each."""
        return variables.of_agent(self.place, self.endpoints)

    def addresses(self, service: Pods | None = None) -> list[pulumi.Output[str]]:
        """
        Of the stores that a service names, or of all. A store at another address is another store: whoever reads it
        starts anew, and nobody else.
        """
        named = list(self.endpoints) if service is None else self._with_logins(service)
        return [self.endpoints[store].address for store in named]

    @property
    def _stores(self) -> list[BaseStore]:
        """Those that services find here: by address, or a bucket by its name."""
        stores = self.place.settings.plan.stores
        return [store for store in stores if store.name in self.endpoints or isinstance(store, Objects)]

    def _named_by(self, service: Pods) -> list[str]:
        here = {store.name for store in self._stores}
        return [used for used in service.uses if used in here]

    def _with_logins(self, service: Pods) -> list[str]:
        return [used for used in service.uses if used in self.endpoints]


def _config(store: str) -> str:
    return f"store.{store}"


def _login(store: str, service: str) -> str:
    return f"login.{store}.{service}"


def _migration(store: str) -> str:
    return f"migrate.{store}"


def _owner(store: str) -> str:
    return f"owner.{store}"

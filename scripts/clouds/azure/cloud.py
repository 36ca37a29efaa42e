"""Azure: one site of a plan, and what all sites of a run share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from model.clouds import azure
from model.routes import service_routes
from scripts.clouds.azure.flexible_server import FlexibleServer, restore_points
from scripts.clouds.azure.inventory import AzureInventory
from scripts.clouds.azure.isolation import Closing
from scripts.clouds.azure.managed_redis import ManagedRedis
from scripts.clouds.azure.objects import Account
from scripts.clouds.azure.secrets import SiteSecrets
from scripts.clouds.azure.session import Session, in_site
from scripts.clouds.azure.web_app import KIND as APPS
from scripts.clouds.azure.web_app import WebApps
from scripts.clouds.by_kind import ByKind
from scripts.core.errors import CloudFailed, Refused

if TYPE_CHECKING:
    from collections.abc import Callable

    from model import Plan
    from scripts.clouds.protocol import (
        Cache,
        Firewall,
        Inventory,
        Isolation,
        ManagedStore,
        ObjectStore,
        RestorePoint,
        Secrets,
        Services,
    )

STORES: Mapping[str, Callable[[Session, Plan, str, str, str], ManagedStore]] = {"postgres": FlexibleServer}
"""The driver of each kind of store that has incarnations. Nothing is done to the others in a move or a restore."""
CACHES: Mapping[str, Callable[[Session, Plan, str, str], Cache]] = {"redis": ManagedRedis}
"""The driver of each kind of store of which a site has one, which is filled again."""
SERVICES: Mapping[str, Callable[[Session, Plan, str], Services]] = {"web_app": WebApps}
"""What runs the services of each kind at a site."""
BESIDE = "web_app"
"""The kind of what runs beside the services of the plan: the site's agent."""


class AzureDriver:
    """See `Driver`."""

    def __init__(self, plan: Plan, lost: frozenset[str]) -> None:
        self.session = Session(frozenset(plan.site(site).region for site in lost if plan.site(site).cloud == "azure"))
        self._plan = plan

    def at(self, site: str) -> AzureSite:
        return AzureSite(self.session, self._plan, site)

    def inventory(self) -> Inventory:
        return AzureInventory(self.session, self._plan)


class AzureSite(ByKind[Session]):
    """See `Cloud`."""

    stores, caches, services, beside = STORES, CACHES, SERVICES, BESIDE

    def __init__(self, session: Session, plan: Plan, site: str) -> None:
        super().__init__(session, plan, site)
        self._front_door = ""

    def objects(self) -> ObjectStore:
        return Account(self.session, self.region, azure.storage_account(self._plan, self.site, "recovery"))

    def secrets(self) -> Secrets:
        return SiteSecrets(self.session, self.region, azure.vault(self._plan, self.site, azure.LOGINS))

    def restore_points(self, store: str) -> list[RestorePoint]:
        return restore_points(self.session, self._plan, self.site, store)

    def front_door(self) -> str:
        """The name of the app that requests from outside reach, which the cloud gives it."""
        if not self._front_door:
            name = azure.app(self._plan, self.site, service_routes(self._plan)[0].service)
            found = self.session.arm(self.region).get(in_site(self._plan, self.site, APPS, name))
            if found is None:
                raise CloudFailed(f"{name} is not there", f"`dr up` on the stack of {self.site} makes it")
            self._front_door = str(found["properties"]["defaultHostName"])
        return self._front_door

    def isolation(self, instances: tuple[str, ...]) -> Isolation:
        del instances  # the rules of a site's network are those of all that is in it
        return Closing(self.session, self._plan, self.site)

    def firewall(self) -> Firewall:
        raise Refused("no front door in Azure can keep single addresses out yet", "leave `firewall` out of the plan")

    def warm_up(self) -> None:
        self.session.arm(self.region)

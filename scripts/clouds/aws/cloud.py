"""AWS: one site of a plan, and what all sites of a run share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from model import names
from scripts.clouds.aws.inventory import AwsInventory
from scripts.clouds.aws.isolation import SecurityGroups
from scripts.clouds.aws.objects import Bucket
from scripts.clouds.aws.rds import RdsPostgres, restore_points
from scripts.clouds.aws.secrets import SiteSecrets
from scripts.clouds.aws.session import Session, said
from scripts.clouds.kubernetes.pods import Pods

if TYPE_CHECKING:
    from collections.abc import Callable

    from model import Plan
    from scripts.clouds.protocol import (
        Inventory,
        Isolation,
        ManagedService,
        ManagedStore,
        ObjectStore,
        RestorePoint,
        Secrets,
        ServiceState,
    )

STORES: Mapping[str, Callable[[Session, Plan, str, str, str], ManagedStore]] = {"postgres": RdsPostgres}
"""The driver of each kind of store."""


class AwsDriver:
    """See `Driver`."""

    def __init__(self, plan: Plan, lost: frozenset[str]) -> None:
        self.session = Session(frozenset(plan.site(site).region for site in lost if plan.site(site).cloud == "aws"))
        self._plan = plan

    def at(self, site: str) -> AwsSite:
        return AwsSite(self.session, self._plan, site)

    def inventory(self) -> Inventory:
        return AwsInventory(self.session, self._plan)


class AwsSite:
    """See `Cloud`."""

    def __init__(self, session: Session, plan: Plan, site: str) -> None:
        self.site, self.session, self.region = site, session, plan.site(site).region
        self._plan = plan
        self._front_door = ""
        self._pods: Pods | None = None

    def objects(self) -> ObjectStore:
        return Bucket(self.session, self.region, names.recovery_bucket(self._plan, self.site))

    def secrets(self) -> Secrets:
        regions = {each.name: each.region for each in self._plan.sites}
        return SiteSecrets(self.session, self.region, regions)

    def store(self, store: str, incarnation: int) -> ManagedStore:
        return self.scratch(store, names.store_identifier(self._plan, self.site, store, incarnation))

    def scratch(self, store: str, identifier: str) -> ManagedStore:
        kind = next(each.kind for each in self._plan.stores if each.name == store)
        return STORES[kind](self.session, self._plan, self.site, store, identifier)

    def restore_points(self, store: str) -> list[RestorePoint]:
        del store  # RDS lists those of a region at once
        return restore_points(self.session, self.region, self.site)

    def service(self, service: str) -> ManagedService:
        return self._cluster().service(service)

    def running(self) -> Mapping[str, ServiceState]:
        return self._cluster().running()

    def front_door(self) -> str:
        if not self._front_door:
            name = names.load_balancer(self._plan, self.site)
            with said(f"looking for the load balancer {name}"):
                found = self.session.client("elbv2", self.region).describe_load_balancers(Names=[name])
            self._front_door = str(found["LoadBalancers"][0]["DNSName"])
        return self._front_door

    def isolation(self, instances: tuple[str, ...]) -> Isolation:
        return SecurityGroups(self.session, self._plan, self.site, instances)

    def warm_up(self) -> None:
        self.session.client("rds", self.region)

    def _cluster(self) -> Pods:
        if self._pods is None:
            self._pods = Pods(names.cluster(self._plan, self.site), names.namespace(self._plan))
        return self._pods

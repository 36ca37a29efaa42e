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
from scripts.clouds.aws.vm_group import MachineGroups
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
        Services,
        ServiceState,
    )

STORES: Mapping[str, Callable[[Session, Plan, str, str, str], ManagedStore]] = {"postgres": RdsPostgres}
"""The driver of each kind of store that has incarnations. Nothing is done to the others in a move or a restore."""


def _in_cluster(_: Session, plan: Plan, site: str) -> Pods:
    return Pods(names.cluster(plan, site), names.namespace(plan))


SERVICES: Mapping[str, Callable[[Session, Plan, str], Services]] = {"pods": _in_cluster, "vm_group": MachineGroups}
"""What runs the services of each kind at a site."""
BESIDE = "pods"
"""The kind of what runs beside the services of the plan: the site's agent."""


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
        self._services: dict[str, Services] = {}

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
        kinds = {each.name: each.kind for each in self._plan.services}
        return self._of_kind(kinds.get(service, BESIDE)).service(service)

    def running(self) -> Mapping[str, ServiceState]:
        kinds = dict.fromkeys([BESIDE, *(each.kind for each in self._plan.services)])
        return {name: state for kind in kinds for name, state in self._of_kind(kind).running().items()}

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

    def _of_kind(self, kind: str) -> Services:
        if kind not in self._services:
            self._services[kind] = SERVICES[kind](self.session, self._plan, self.site)
        return self._services[kind]

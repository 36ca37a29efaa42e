"""AWS: one site of a plan, and what all sites of a run share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from model import names
from scripts.clouds.aws.firewall import AddressSets
from scripts.clouds.aws.inventory import AwsInventory
from scripts.clouds.aws.isolation import SecurityGroups
from scripts.clouds.aws.objects import Bucket
from scripts.clouds.aws.rds import RdsPostgres, restore_points
from scripts.clouds.aws.secrets import SiteSecrets
from scripts.clouds.aws.session import Session, said
from scripts.clouds.aws.vm_group import MachineGroups
from scripts.clouds.by_kind import ByKind
from scripts.clouds.kubernetes.pods import Pods

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

STORES: Mapping[str, Callable[[Session, Plan, str, str, str], ManagedStore]] = {"postgres": RdsPostgres}
"""The driver of each kind of store that has incarnations. Nothing is done to the others in a move or a restore."""


def _in_cluster(_: Session, plan: Plan, site: str) -> Pods:
    return Pods(names.cluster(plan, site), names.namespace(plan))


CACHES: Mapping[str, Callable[[Session, Plan, str, str], Cache]] = {}
"""The driver of each kind of store of which a site has one, which is filled again."""
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


class AwsSite(ByKind[Session]):
    """See `Cloud`."""

    stores, caches, services, beside = STORES, CACHES, SERVICES, BESIDE

    def __init__(self, session: Session, plan: Plan, site: str) -> None:
        super().__init__(session, plan, site)
        self._front_door = ""

    def objects(self) -> ObjectStore:
        return Bucket(self.session, self.region, names.recovery_bucket(self._plan, self.site))

    def secrets(self) -> Secrets:
        regions = {each.name: each.region for each in self._plan.sites}
        return SiteSecrets(self.session, self.region, regions)

    def restore_points(self, store: str) -> list[RestorePoint]:
        del store  # RDS lists those of a region at once
        return restore_points(self.session, self.region, self.site)

    def front_door(self) -> str:
        if not self._front_door:
            name = names.load_balancer(self._plan, self.site)
            with said(f"looking for the load balancer {name}"):
                found = self.session.client("elbv2", self.region).describe_load_balancers(Names=[name])
            self._front_door = str(found["LoadBalancers"][0]["DNSName"])
        return self._front_door

    def isolation(self, instances: tuple[str, ...]) -> Isolation:
        return SecurityGroups(self.session, self._plan, self.site, instances)

    def firewall(self) -> Firewall:
        return AddressSets(self.session, self._plan, self.site)

    def warm_up(self) -> None:
        self.session.client("rds", self.region)

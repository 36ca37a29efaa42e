"""
Connections to Azure: one identity, one client of the Resource Manager, and where each site's things are.

A region named in `lost` is not asked: a step that asks for one fails here instead of hanging there.
"""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Any

from azure.identity import DefaultAzureCredential

from model.clouds import azure
from scripts.clouds.azure.arm import Arm
from scripts.core.errors import Refused

if TYPE_CHECKING:
    from model import Plan

NETWORKS = "Microsoft.Network/virtualNetworks"

logging.getLogger("azure").addHandler(logging.NullHandler())
"""What goes wrong is told by our errors, in two lines; without a handler the SDK's own pages go to the terminal."""


class Session:
    """All calls of one run. Whoever runs it is found as by every tool of Azure (`DefaultAzureCredential`)."""

    def __init__(self, lost: frozenset[str] = frozenset()) -> None:
        self.lost = lost
        self._lock = threading.Lock()
        self._credential: Any = None
        self._arm: Arm | None = None

    @property
    def credential(self) -> Any:
        with self._lock:
            if self._credential is None:
                self._credential = DefaultAzureCredential(exclude_interactive_browser_credential=True)
            return self._credential

    def arm(self, region: str) -> Arm:
        """To act on what lies in a region. Raises Refused for a lost one."""
        self.check(region)
        credential = self.credential
        with self._lock:
            if self._arm is None:
                self._arm = Arm(credential)
            return self._arm

    def check(self, region: str) -> None:
        """Raises Refused for a lost region."""
        if region in self.lost:
            raise Refused(f"nothing in {region} is asked: the region counts as lost", "this is a defect in a step")


def group_id(plan: Plan, site: str) -> str:
    """Of the resource group of a site."""
    return f"/subscriptions/{plan.site(site).account}/resourceGroups/{azure.resource_group(plan, site)}"


def in_site(plan: Plan, site: str, kind: str, name: str = "") -> str:
    """The ID of a resource of a site, or of the collection: `kind` is `Microsoft.Web/sites`."""
    found = f"{group_id(plan, site)}/providers/{kind}"
    return f"{found}/{name}" if name else found


def subnet_id(plan: Plan, site: str, name: str) -> str:
    """Of a part of the site's network (`model.clouds.azure.network`)."""
    return f"{in_site(plan, site, NETWORKS, azure.network(plan, site))}/subnets/{name}"

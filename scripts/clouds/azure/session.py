"""
Connections to Azure: one identity, one client of the Resource Manager, and where each site's things are.

A region named in `lost` is not asked: a step that asks for one fails here instead of hanging there.
"""

from __future__ import annotations

import logging
import threading
from typing import Any

from azure.identity import DefaultAzureCredential

from scripts.clouds.azure.arm import Arm
from scripts.core.errors import Refused

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


def in_group(subscription: str, group: str, kind: str, name: str = "") -> str:
    """The ID of a resource, or of the collection: `kind` is `Microsoft.Web/sites`."""
    found = f"/subscriptions/{subscription}/resourceGroups/{group}/providers/{kind}"
    return f"{found}/{name}" if name else found

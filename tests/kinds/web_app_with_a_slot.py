"""A web app with a slot: what is deployed runs in the slot first and is swapped in, and swapped out again."""

import time
from typing import Any

from model.clouds import azure
from scripts.clouds.azure.session import Session, in_site
from scripts.clouds.azure.web_app import KIND
from scripts.drills.stage import Stage
from tests.kinds.service import ServiceLife

SWAP = {"targetSlot": "staging", "preserveVnet": True}


class WebAppWithASlot(ServiceLife):
    """See `Life`. What is written to a service is a new version of it."""

    name = "web"

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage)
        self._session = Session()

    def write(self) -> None:
        self._deploy({"linuxFxVersion": f"DOCKER|shop:{time.time_ns()}"})
        self._settled(self._stage.active)

    def back_up(self) -> str:
        """Nothing is to be done for it: a swap leaves what ran in the slot."""
        return self._wanted()

    def damage(self) -> None:
        """A version that is warm when it is swapped in, and is not the one that was meant."""
        self._deploy({"linuxFxVersion": "DOCKER|shop:a-bad-release"})
        self._settled(self._stage.active)

    def is_restored(self, backup: str) -> bool:
        assert self._wanted() != backup
        self._managed(self._stage.active).roll_back(backup)
        self._settled(self._stage.active)
        return self._wanted() == backup

    def _wanted(self) -> str:
        return next(each.name for each in self._managed(self._stage.active).versions() if each.is_wanted)

    def _deploy(self, config: dict[str, Any]) -> None:
        """As a pipeline does: into the slot, and by a swap into production."""
        plan, site = self._stage.plan, self._stage.active
        arm = self._session.arm(plan.site(site).region)
        app = in_site(plan, site, KIND, azure.app(plan, site, self.name))
        arm.patch(f"{app}/slots/staging/config/web", {"properties": config}, "deploying into the slot")
        arm.post(app, "slotsswap", "swapping the slot in", SWAP, wait=120)

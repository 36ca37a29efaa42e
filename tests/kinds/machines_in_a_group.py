"""Machines in an Auto Scaling group: made from a template at the new site, taken back to its last version, stopped."""

import time

from scripts.clouds.protocol import ManagedService, ServiceState
from scripts.core.waiting import wait_until
from scripts.drills.stage import Stage
from tests.asserts.machines import deploy, wanted_version

SERVICE = "till"
NEVER_SERVES = ["no-such-program"]
LONGEST_SECONDS = 120


class MachinesInAGroup:
    """See `Life`. What is written to a service is a new version of it."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    def write(self) -> None:
        deploy(self._stage, SERVICE, environment={"DR_RELEASE": f"{time.time_ns()}"})
        self._settled(self._stage.active)

    def holds(self, site: str) -> bool:
        """It holds no data: it has what was written when it runs at full strength, from its template."""
        return self._is_whole(self._state(site))

    def back_up(self) -> str:
        """Nothing is to be done for it: the template keeps its versions."""
        return wanted_version(self._managed(self._stage.active))

    def damage(self) -> None:
        """A version that never serves; half of the machines are replaced by it, and stay so."""
        deploy(self._stage, SERVICE, command=NEVER_SERVES)

    def is_restored(self, backup: str) -> bool:
        managed = self._managed(self._stage.active)
        assert not self._is_whole(managed.state()), "the bad version was rolled out"
        managed.roll_back(backup)
        self._settled(self._stage.active)
        return wanted_version(managed) == backup

    def why_not_isolated(self, site: str) -> str | None:
        state = self._state(site)
        return f"{state.ready} of {SERVICE} run in {site}" if state is not None and state.ready else None

    def _managed(self, site: str) -> ManagedService:
        return self._stage.clouds().at(site).service(SERVICE)

    def _state(self, site: str) -> ServiceState | None:
        return self._managed(site).state()

    def _is_whole(self, state: ServiceState | None) -> bool:
        strength = self._stage.plan.service(SERVICE).replicas.active
        return state is not None and state.settled and state.wanted == state.ready == strength

    def _settled(self, site: str) -> None:
        wait_until(
            lambda: self._is_whole(self._state(site)),
            seconds=LONGEST_SECONDS, what=f"{SERVICE} to be rolled out", every=0.2,
        )  # fmt: skip

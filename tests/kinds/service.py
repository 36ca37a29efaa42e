"""What is the same of every kind of service: it holds no data, and runs at full strength or does not."""

from scripts.clouds.protocol import ManagedService, ServiceState
from scripts.core.waiting import wait_until
from scripts.drills.stage import Stage

LONGEST_SECONDS = 120


class ServiceLife:
    """The part of `Life` that looks at a service of this name."""

    name: str

    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    def holds(self, site: str) -> bool:
        """It has what was written when it runs at full strength, from its image or its template."""
        return self._is_whole(self._state(site))

    def why_not_isolated(self, site: str) -> str | None:
        state = self._state(site)
        return f"{state.ready} of {self.name} run in {site}" if state is not None and state.ready else None

    def _rolled_back(self, backup: str) -> ManagedService:
        """Once it is whole again. The version before it must not have become whole."""
        managed = self._managed(self._stage.active)
        assert not self._is_whole(managed.state()), "the bad version was rolled out"
        managed.roll_back(backup)
        self._settled(self._stage.active)
        return managed

    def _managed(self, site: str) -> ManagedService:
        return self._stage.clouds().at(site).service(self.name)

    def _state(self, site: str) -> ServiceState | None:
        return self._managed(site).state()

    def _is_whole(self, state: ServiceState | None) -> bool:
        strength = self._stage.plan.service(self.name).replicas.active
        return state is not None and state.settled and state.wanted == state.ready == strength

    def _settled(self, site: str) -> None:
        what = f"{self.name} to be rolled out"
        wait_until(lambda: self._is_whole(self._state(site)), seconds=LONGEST_SECONDS, what=what, every=0.1)

"""Machines in an Auto Scaling group: made from a template at the new site, taken back to its last version, stopped."""

import time

from tests.asserts.machines import deploy, wanted_version
from tests.kinds.service import ServiceLife

NEVER_SERVES = ["no-such-program"]


class MachinesInAGroup(ServiceLife):
    """See `Life`. What is written to a service is a new version of it."""

    name = "till"

    def write(self) -> None:
        deploy(self._stage, self.name, environment={"DR_RELEASE": f"{time.time_ns()}"})
        self._settled(self._stage.active)

    def back_up(self) -> str:
        """Nothing is to be done for it: the template keeps its versions."""
        return wanted_version(self._managed(self._stage.active))

    def damage(self) -> None:
        """A version that never serves; half of the machines are replaced by it, and stay so."""
        deploy(self._stage, self.name, command=NEVER_SERVES)

    def is_restored(self, backup: str) -> bool:
        return wanted_version(self._rolled_back(backup)) == backup

"""What a cloud does by itself, again and again: looks after standbys, measures lag, closes and marks the log."""

import contextlib
import threading
from collections.abc import Callable

import psycopg

from sandbox.dataplane.databases import WorldDatabases
from sandbox.dataplane.instances import Instance
from sandbox.dataplane.network import WorldNetwork
from sandbox.dataplane.postgres import PostgresError
from sandbox.fabric import FabricError

STANDBY_EVERY_SECONDS = 0.5
LAG_EVERY_SECONDS = 1.0


class Keeper:
    """One thread for each duty, so that a server that hangs in one does not hold up the other."""

    def __init__(self, databases: WorldDatabases, network: WorldNetwork, *, archive_seconds: float) -> None:
        self._databases, self._network = databases, network
        self._stop = threading.Event()
        self._duty("standbys", STANDBY_EVERY_SECONDS, Instance.look_at_standby)
        self._duty("lag", LAG_EVERY_SECONDS, Instance.measure_lag)
        self._duty("replicas", LAG_EVERY_SECONDS, databases.rebuild_lost_replica)
        self._duty("log", archive_seconds, databases.mark_log)

    def _duty(self, name: str, every_seconds: float, work: Callable[[Instance], None]) -> None:
        def run() -> None:
            while not self._stop.wait(every_seconds):
                for instance in self._databases.instances():
                    if self._network.region_is_up(instance.region) and instance.server.running:
                        with contextlib.suppress(FabricError, PostgresError, psycopg.Error, OSError):
                            work(instance)

        threading.Thread(target=run, name=f"keeper of {name}", daemon=True).start()

    def stop(self) -> None:
        self._stop.set()

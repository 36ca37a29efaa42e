"""Copies that follow a server: standbys in its region, and replicas that lost their way."""

import time

from sandbox.dataplane.instances import RECEIVES, STANDBY, Instance
from sandbox.dataplane.inventory import Inventory
from sandbox.dataplane.postgres import PostgresError, Server

REPLICA_TIMEOUT_SECONDS = 30.0
REBUILD_AFTER_SECONDS = 6.0


class Standbys(Inventory):
    """Builds them."""

    def _wait_until_streaming(self, server: Server) -> None:
        deadline = time.monotonic() + REPLICA_TIMEOUT_SECONDS
        while not server.ask(RECEIVES):
            if time.monotonic() > deadline:
                raise PostgresError(f"the replica does not stream: {server.log_tail()}")
            time.sleep(0.03)

    def _build_standby(self, instance: Instance) -> None:
        """A standby of the server behind the endpoint, in step when this returns (unless it is a replica's)."""
        with instance.lock:
            if (
                not instance.wants_standby
                or instance.standby is not None
                or instance.building
                or self._closing.is_set()
            ):
                return
            instance.building = True
        try:
            current = instance.server
            peer = instance.host.open_peer(current.number, (current.address, current.port))
            standby = self._copy_of(instance, peer, STANDBY)
            with instance.lock:
                if instance.server is not current or not instance.wants_standby:  # something moved meanwhile
                    self._drop_server(instance, standby)
                    return
                instance.standby = standby
        finally:
            instance.building = False
        deadline = time.monotonic() + REPLICA_TIMEOUT_SECONDS
        while instance.standby is standby and instance.replica_of is None and not instance.in_step:
            instance.look_at_standby()
            time.sleep(0.05)
            if time.monotonic() > deadline:
                raise PostgresError("the standby does not get in step")

    def _copy_of(self, instance: Instance, source: tuple[str, int], name: str) -> Server:
        """A new server that streams from `source`. Raises PostgresError, and leaves nothing then."""
        server = self._server(instance)
        try:
            server.from_server(*source)
            server.configure(**instance.settings(archives=name != STANDBY))
            server.follow(*source, name)
            server.start()
            self._wait_until_streaming(server)
        except PostgresError:
            self._drop_server(instance, server)
            raise
        return server

    def rebuild_lost_replica(self, instance: Instance) -> None:
        """
        A replica that does not stream although its source is there is made anew, beside the old one.

        It had log that the source's standby did not, when that took over. RDS's storage is mirrored below the
        database, so there it cannot happen, and here nobody should notice.
        """
        if instance.replica_of is None or instance.streamed_at == 0.0 or instance.building:
            return
        source = self._instances.get(instance.replica_of)
        reachable = source is not None and self._network.allowed(instance.region, source.region)
        if source is None or not reachable or not source.server.running or source.server.unreachable:
            instance.streamed_at = time.monotonic()
            return
        if instance.server.unreachable or time.monotonic() < instance.streamed_at + REBUILD_AFTER_SECONDS:
            return
        instance.building = True
        try:
            address = self._addresses.place(source.region, source.place, instance.region)
            server = self._copy_of(instance, (address, self._numbers.postgres), instance.identifier)
            with instance.lock:
                if instance.replica_of is None:  # promoted meanwhile
                    self._drop_server(instance, server)
                    return
                old, instance.server = instance.server, server
                standby, instance.standby = instance.standby, None
                self._point(instance)
            for gone in (old, standby):
                if gone is not None:
                    self._drop_server(instance, gone)
        finally:
            instance.building, instance.streamed_at = False, time.monotonic()
        self._build_standby(instance)

"""`sandbox.fabric.Databases` over real PostgreSQL servers: their life from creation to deletion."""

import shutil

from psycopg import sql

from sandbox.dataplane.instances import Instance
from sandbox.dataplane.inventory import in_words_of_the_world
from sandbox.dataplane.postgres import INITIAL, Server
from sandbox.dataplane.restores import Restores
from sandbox.fabric import DatabaseState, FabricError

PROMOTE_TIMEOUT_SECONDS = 30
EVERY_DATABASE = "SELECT datname FROM pg_database WHERE NOT datistemplate ORDER BY oid"


class WorldDatabases(Restores):
    """All of the contract."""

    def create(
        self,
        region: str,
        identifier: str,
        *,
        database: str,
        username: str,
        password: str,
        standby: bool,
        retention_days: int,
    ) -> DatabaseState:
        instance = self._new(region, identifier, database, username, retention_days)
        with self._undone_on_failure(instance):
            instance.server.from_template()
            instance.server.configure(**instance.settings(archives=True))
            instance.server.start()
            self._owner(instance, password)
            self._open(instance)
            if standby:
                instance.wants_standby = True
                self._build_standby(instance)
            self._later(lambda: self._take_automated_base(instance))
        return instance.state()

    def _owner(self, instance: Instance, password: str) -> None:
        """The master user and the first database. RDS's master user is no superuser, but may watch and end sessions."""
        owner = sql.Identifier(instance.username)
        with instance.server.connect() as connection:
            name = instance.username.encode()
            verifier = connection.pgconn.encrypt_password(password.encode(), name, b"scram-sha-256").decode()
            role = sql.SQL("CREATE ROLE {} LOGIN CREATEDB CREATEROLE PASSWORD {}")
            connection.execute(role.format(owner, sql.Literal(verifier)))
            connection.execute(sql.SQL("GRANT pg_monitor, pg_signal_backend, pg_checkpoint TO {}").format(owner))
            first = sql.Identifier(instance.database)
            connection.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(INITIAL), first))
            connection.execute(sql.SQL("ALTER DATABASE {} OWNER TO {}").format(first, owner))
            connection.execute(sql.SQL("GRANT CREATE ON DATABASE {} TO {}").format(first, owner))

    def create_replica(
        self,
        region: str,
        identifier: str,
        *,
        source_region: str,
        source: str,
        standby: bool,
        retention_days: int,
    ) -> DatabaseState:
        origin = self.instance(source_region, source)
        instance = self._new(region, identifier, origin.database, origin.username, retention_days)
        instance.replica_of = (source_region, source)
        with self._undone_on_failure(instance):
            address = self._addresses.place(source_region, origin.place, region)
            instance.host.servers.give_back(instance.server.number)
            instance.server = self._copy_of(instance, (address, self._numbers.postgres), identifier)
            self._open(instance)
            if standby:
                instance.wants_standby = True
                self._later(lambda: self._build_standby(instance))
            self._later(lambda: self._take_automated_base(instance))
        return instance.state()

    def promote(self, region: str, identifier: str) -> DatabaseState:
        self._up(region)
        instance = self.instance(region, identifier)
        with instance.lock, in_words_of_the_world():
            if instance.replica_of is None:
                return instance.state()
            instance.server.promote(PROMOTE_TIMEOUT_SECONDS)
            instance.replica_of, instance.lag_seconds = None, None
            self._later(lambda: self._take_automated_base(instance, again=True))
        return instance.state()

    def fail_over_to_standby(self, region: str, identifier: str) -> DatabaseState:
        host = self._up(region)
        instance = self.instance(region, identifier)
        with instance.lock, in_words_of_the_world():
            old, standby = instance.server, instance.standby
            if standby is None or not standby.running or standby.unreachable:
                raise FabricError(f"{identifier} has no standby that could take over")
            if not instance.in_step and instance.replica_of is None:
                raise FabricError(f"the standby of {identifier} is not in step: acknowledged writes would be lost")
            host.hole(old.address, "refuse")  # cut off: no byte reaches it any more
            old.kill()
            if old.running:
                raise FabricError(f"the old server of {identifier} could not be stopped")
            if instance.replica_of is None:
                standby.promote(PROMOTE_TIMEOUT_SECONDS)
            instance.server, instance.standby = standby, None
            instance.in_step, instance.armed_at = False, 0.0
            self._point(instance)
            instance.status = "available"
            self._later(lambda: self._after_failover(instance, old))
        return instance.state()

    def restart(self, region: str, identifier: str) -> DatabaseState:
        self._up(region)
        instance = self.instance(region, identifier)
        with instance.lock, in_words_of_the_world():
            if instance.server.unreachable:
                raise FabricError(f"the server of {identifier} does not answer")
            instance.server.stop()
            instance.server.start()
            instance.status = "available"
        return instance.state()

    def _after_failover(self, instance: Instance, old: Server) -> None:
        self._drop_server(instance, old)
        server = instance.server
        if instance.replica_of is not None:
            origin = self.instance(*instance.replica_of)
            source = self._addresses.place(origin.region, origin.place, instance.region)
            conninfo = server.conninfo(source, server.port, instance.identifier)
            server.set(primary_conninfo=conninfo)
        server.set(archive_command=instance.archive_command())
        self._build_standby(instance)

    def switch_over(self, region: str, identifier: str) -> DatabaseState:
        self._up(region)
        instance = self.instance(region, identifier)
        if instance.replica_of is None:
            raise FabricError(f"{identifier} is no replica")
        self._up(instance.replica_of[0])
        origin = self.instance(*instance.replica_of)
        with instance.lock, origin.lock, in_words_of_the_world():
            self._remove_standby(origin)
            origin.wants_standby = False
            # A server that is shut down in order sends all of its log to whoever streams from it before it ends.
            origin.server.stop()
            instance.server.promote(PROMOTE_TIMEOUT_SECONDS)
            instance.replica_of, instance.lag_seconds = None, None
            origin.replica_of = (region, identifier)
            self._follow(origin, instance)
            self._later(lambda: self._take_automated_base(instance, again=True))
        return instance.state()

    def _follow(self, replica: Instance, source: Instance) -> None:
        """Make a server anew as a replica of another, behind the same endpoint."""
        old = replica.server
        address = self._addresses.place(source.region, source.place, replica.region)
        replica.server = self._copy_of(replica, (address, self._numbers.postgres), replica.identifier)
        self._point(replica)
        self._drop_server(replica, old)
        replica.status = "available"

    def stop(self, region: str, identifier: str) -> DatabaseState:
        self._up(region)
        instance = self.instance(region, identifier)
        with instance.lock, in_words_of_the_world():
            for server in (instance.server, *([instance.standby] if instance.standby else [])):
                server.stop()
            instance.status = "stopped"
        return instance.state()

    def start(self, region: str, identifier: str) -> DatabaseState:
        self._up(region)
        instance = self.instance(region, identifier)
        with instance.lock, in_words_of_the_world():
            for server in (instance.server, *([instance.standby] if instance.standby else [])):
                if not server.running:
                    server.start()
            instance.status = "available"
        return instance.state()

    def create_database(self, region: str, identifier: str, name: str) -> None:
        self._up(region)
        instance = self.instance(region, identifier)
        with in_words_of_the_world(), instance.server.connect() as connection:
            there = [row[0] for row in connection.execute(EVERY_DATABASE)]
            if name not in there:
                # Its first database, which nobody has open yet; the world's own connections keep template1 open.
                parts = map(sql.Identifier, (name, instance.username, there[0]))
                connection.execute(sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {}").format(*parts))
        instance.database = name

    def drop_database(self, region: str, identifier: str, name: str) -> None:
        self._up(region)
        instance = self.instance(region, identifier)
        with in_words_of_the_world(), instance.server.connect() as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def set_parameter(self, region: str, identifier: str, name: str, value: str) -> None:
        self._up(region)
        with in_words_of_the_world():
            self.instance(region, identifier).server.set(**{name: value})

    def modify(
        self, region: str, identifier: str, *, standby: bool | None = None, retention_days: int | None = None
    ) -> None:
        self._up(region)
        instance = self.instance(region, identifier)
        with in_words_of_the_world():
            if retention_days is not None and retention_days != instance.retention_days:
                instance.retention_days = retention_days
                if retention_days > 0:
                    instance.automated_backup.prepare(self._installation)
                    self._later(lambda: self._take_automated_base(instance))
                else:
                    shutil.rmtree(instance.automated_backup.folder, ignore_errors=True)
                instance.server.set(archive_command=instance.archive_command())
            if standby is not None and standby != instance.wants_standby:
                instance.wants_standby = standby
                if standby:
                    self._build_standby(instance)
                else:
                    self._remove_standby(instance)

    def _remove_standby(self, instance: Instance) -> None:
        with instance.lock:
            standby, instance.standby = instance.standby, None
            instance.forget_standby()
        if standby is not None:
            self._drop_server(instance, standby)

    def delete(self, region: str, identifier: str) -> None:
        """Its own automated backup goes with it, as in RDS by default; snapshots and copies in other regions stay."""
        self._up(region)
        instance = self.instance(region, identifier)
        with instance.lock:
            instance.retention_days = 0
            self._discard(instance)
        with instance.backup_lock:
            self._throw_away(instance.automated_backup.folder)

    def shut(self, region: str, identifier: str, *, shut: bool) -> None:
        self._up(region).shut_place(self.instance(region, identifier).place_name, shut=shut)

    def set_password(self, region: str, identifier: str, password: str) -> None:
        self._up(region)
        instance = self.instance(region, identifier)
        if instance.replica_of is not None:
            raise FabricError(f"{identifier} is a replica: it has the password of its source")
        with in_words_of_the_world(), instance.server.connect() as connection:
            owner, login = sql.Identifier(instance.username), instance.username.encode()
            verifier = connection.pgconn.encrypt_password(password.encode(), login, b"scram-sha-256").decode()
            connection.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(owner, sql.Literal(verifier)))

    def describe(self, region: str, identifier: str) -> DatabaseState | None:
        found = self._instances.get((region, identifier))
        return found.state() if found else None

    def list(self, region: str) -> list[DatabaseState]:
        return [instance.state() for (where, _), instance in self._instances.items() if where == region]

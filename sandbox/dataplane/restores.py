"""The part of `sandbox.fabric.Databases` that takes backups, moves them and restores them."""

import shutil
import time
from contextlib import suppress
from datetime import UTC, datetime
from typing import Literal

from sandbox.dataplane import files
from sandbox.dataplane.backups import About, Shipper, Stored, now_text
from sandbox.dataplane.instances import Instance
from sandbox.dataplane.inventory import in_words_of_the_world
from sandbox.dataplane.postgres import PostgresError, Server
from sandbox.dataplane.regions import FILES_PLACE
from sandbox.dataplane.standbys import Standbys
from sandbox.fabric import Backup, DatabaseState, FabricError

Backups = list[Backup]
OPEN_TIMEOUT_SECONDS = 60.0
LOG_SHIPPING_SECONDS = 60.0  # how often the other region looks for new log, before the world's pace


class Restores(Standbys):
    """Backups of every kind."""

    def _take_base(self, instance: Instance, stored: Stored, kind: Literal["snapshot", "continuous"]) -> None:
        stored.prepare(self._installation)
        draft = stored.folder / "base.draft"
        shutil.rmtree(draft, ignore_errors=True)
        server = instance.server
        self._installation.run(
            "pg_basebackup", "-D", str(draft), "-d", server.conninfo(server.address, server.port, "backup"),
            "-X", "stream", "-c", "fast", "-w", "--no-sync",
        )  # fmt: skip
        ended = now_text()  # everything committed before is in it
        shutil.rmtree(stored.base, ignore_errors=True)
        draft.rename(stored.base)
        source, database, username = instance.identifier, instance.database, instance.username
        stored.write_about(About(stored.name, source, kind, ended, database, username, stored.base_size()))

    def _take_automated_base(self, instance: Instance, *, again: bool = False) -> None:
        """The base that the archived log is replayed on. A replica gets its own when it is promoted."""
        stored = instance.automated_backup
        with instance.backup_lock:
            if instance.retention_days > 0 and instance.replica_of is None and (again or stored.about is None):
                self._take_base(instance, stored, "continuous")
                self.mark_log(instance)

    def mark_log(self, instance: Instance) -> None:
        """
        What happens at each archive interval: a heartbeat is committed, its segment is closed and archived, its time
        marked.

        The restorable point is thereby the time of a commit that the log is known to hold, as RDS reports it.
        """
        stored = instance.automated_backup
        if instance.retention_days <= 0 or instance.replica_of is not None or stored.about is None:
            return
        server = instance.server
        with server.connect() as connection:
            beat = connection.execute("UPDATE rdsadmin.heartbeat SET at = clock_timestamp() RETURNING at").fetchone()
            segment = connection.execute("SELECT pg_walfile_name(pg_switch_wal())").fetchone()
        if not beat or not segment:
            return
        deadline = time.monotonic() + 10
        while not (stored.wal / segment[0]).exists():
            if time.monotonic() > deadline or self._closing.is_set():
                return
            time.sleep(0.02)
        draft = stored.marks / f".{segment[0]}"
        draft.write_text(beat[0].astimezone(UTC).isoformat())
        draft.rename(stored.marks / segment[0])

    def snapshot(self, region: str, identifier: str, name: str) -> Backup:
        self._up(region)
        instance = self.instance(region, identifier)
        stored = self._vacant(region, name)
        with in_words_of_the_world():
            self._take_base(instance, stored, "snapshot")
        return self._described(region, stored)

    def _vacant(self, region: str, name: str) -> Stored:
        stored = Stored(self._up(region).store, name)
        if stored.about is not None:
            raise FabricError(f"a backup {name} exists in {region} already")
        return stored

    def _described(self, region: str, stored: Stored) -> Backup:
        described = stored.describe(region)
        if described is None:
            raise FabricError(f"there is no backup {stored.name} in {region}")
        return described

    def _store_door(self, region: str, view: str) -> files.StoreDoor:
        address = self._addresses.place(region, FILES_PLACE, view)
        return files.StoreDoor(address, self._numbers.files, self._hosts[region].files_token)

    def copy_snapshot(self, source_region: str, name: str, region: str, new_name: str) -> Backup:
        self._up(source_region)
        self.stored(source_region, name)
        copy = self._vacant(region, new_name)
        source = self._store_door(source_region, region)
        shipper = Shipper(source, name, copy, self._installation, every_seconds=0, background=False)
        try:
            with in_words_of_the_world():
                shipper.once()
        except FabricError:
            shutil.rmtree(copy.folder, ignore_errors=True)
            raise
        return self._described(region, copy)

    def delete_backup(self, region: str, name: str) -> None:
        self._up(region)
        self.stop_replicating_backups(region, name)
        self._throw_away(Stored(self._hosts[region].store, name).folder)

    def replicate_backups(self, source_region: str, identifier: str, region: str) -> str:
        host = self._up(region)
        instance = self.instance(source_region, identifier)
        if instance.retention_days <= 0:
            raise FabricError(f"{identifier} keeps no automated backups that could be replicated")
        name = f"{identifier}-replicated"
        if (region, name) not in self._shippers:
            self._shippers[(region, name)] = Shipper(
                self._store_door(source_region, region),
                instance.automated_backup.name,
                Stored(host.store, name),
                self._installation,
                every_seconds=max(0.2, LOG_SHIPPING_SECONDS / self._pace),
            )
        return name

    def stop_replicating_backups(self, region: str, name: str) -> None:
        """What arrived stays."""
        shipper = self._shippers.pop((region, name), None)
        if shipper is not None:
            shipper.stop()

    def pause_shipping_to(self, region: str, paused: bool) -> None:
        for (where, _), shipper in self._shippers.items():
            if where == region:
                (shipper.paused.set if paused else shipper.paused.clear)()

    def backups(self, region: str) -> Backups:
        store = self._up(region).store
        described = (Stored(store, folder.name).describe(region) for folder in sorted(store.iterdir()))
        return [backup for backup in described if backup is not None]

    def restore(
        self,
        region: str,
        identifier: str,
        *,
        backup: str,
        target_time: datetime | None,
        standby: bool,
        retention_days: int,
    ) -> DatabaseState:
        stored = self.stored(region, backup)
        about, described = stored.about, self._described(region, stored)
        if about is None:
            raise FabricError(f"there is no backup {backup} in {region}")
        if target_time is not None and not described.earliest <= target_time <= described.latest:
            raise FabricError(
                f"{backup} can be restored from {described.earliest.isoformat()} to {described.latest.isoformat()}, "
                f"not to {target_time.isoformat()}"
            )
        instance = self._new(region, identifier, self._database_of(about), about.username, retention_days)
        with self._undone_on_failure(instance):
            self._fill(instance.server, stored, about, target_time)
            instance.server.configure(**instance.settings(archives=True))
            instance.server.start()
            self._wait_until_open(instance.server)
            expected = None if about.kind == "snapshot" else target_time or stored.newest_mark()
            self._check_restored(instance.server, expected, exact=target_time is None)
            self._open(instance)
            if standby:
                instance.wants_standby = True
                self._later(lambda: self._build_standby(instance))
            self._later(lambda: self._take_automated_base(instance))
        return instance.state()

    def _database_of(self, about: About) -> str:
        """What its source calls it by now: a server may be made, and backed up, before its database."""
        try:
            return self.find(about.source).database
        except FabricError:
            return about.database

    def _fill(self, server: Server, stored: Stored, about: About, target_time: datetime | None) -> None:
        """Check the backup and lay it out. Raises PostgresError."""
        try:
            stored.verify(self._installation)
        except PostgresError as error:
            raise PostgresError(f"backup {stored.name} is damaged: {error}") from error
        server.prepare()
        self._installation.copy(stored.base, server.data)
        for leftover in ("standby.signal", "recovery.signal"):
            (server.data / leftover).unlink(missing_ok=True)
        if about.kind == "continuous":
            target = target_time.astimezone(UTC).isoformat(sep=" ") if target_time else None
            server.recover_from(stored.restore_command(), target)
        else:
            server.forget_source()

    def _wait_until_open(self, server: Server) -> None:
        deadline = time.monotonic() + OPEN_TIMEOUT_SECONDS
        while True:
            with suppress(PostgresError):
                if not server.is_replica():
                    return
            if not server.running or time.monotonic() > deadline:
                raise PostgresError(f"the restored server did not open: {server.log_tail()}")
            time.sleep(0.03)

    def _check_restored(self, server: Server, expected: datetime | None, *, exact: bool) -> None:
        """A log with a damaged page ends recovery early and in silence; the heartbeat tells."""
        if expected is None or not exact:
            return
        with server.connect() as connection:
            row = connection.execute("SELECT at FROM rdsadmin.heartbeat").fetchone()
        if row is None or row[0] < expected:
            reached = row[0].isoformat() if row else "nothing"
            raise PostgresError(f"the log is damaged: it was to reach {expected.isoformat()} and ends after {reached}")

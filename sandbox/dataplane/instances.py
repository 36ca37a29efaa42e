"""A database instance as RDS means it: an endpoint, the server behind it now, and perhaps a standby in step with it."""

import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from sandbox.dataplane.backups import Stored
from sandbox.dataplane.postgres import PostgresError, Server, in_quotes
from sandbox.dataplane.regions import Host
from sandbox.fabric import DatabaseState, Endpoint

STANDBY = "standby"  # the application_name that a same-region standby replicates under
STREAMS = "SELECT count(*) FROM pg_stat_replication WHERE application_name = %s AND state = 'streaming'"
HAS_FLUSHED = "SELECT bool_or(flush_lsn >= %s::pg_lsn) FROM pg_stat_replication WHERE application_name = %s"
LOST_SECONDS = 3.0  # a standby that does not stream for so long is gone
RELOAD_SECONDS = 0.2  # until every process of the server has read its configuration again
RECEIVES = "SELECT count(*) FROM pg_stat_wal_receiver WHERE status = 'streaming'"
LAG = """
    SELECT CASE
        WHEN pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() AND EXISTS (
            SELECT FROM pg_stat_wal_receiver
            WHERE status = 'streaming' AND last_msg_receipt_time > clock_timestamp() - interval '3.5 s')
        THEN 0
        ELSE extract(epoch FROM clock_timestamp() - coalesce(pg_last_xact_replay_timestamp(),
        pg_postmaster_start_time()))
    END
"""


@dataclass
class Instance:
    host: Host
    identifier: str
    place: int
    folder: Path
    database: str
    username: str
    retention_days: int
    replica_of: tuple[str, str] | None = None
    server: Server = field(init=False)
    standby: Server | None = None
    wants_standby: bool = False
    armed_at: float = 0.0  # monotonic; since when commits wait for the standby
    streamed_at: float = (
        0.0  # monotonic; when the standby (or the source, for a replica) was last seen at the other end
    )
    building: bool = False
    in_step: bool = False  # every acknowledged write is on the standby too
    status: Literal["available", "failed", "stopped"] = "available"
    lag_seconds: float | None = None
    generation: int = 0
    lock: threading.RLock = field(default_factory=threading.RLock)
    backup_lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def region(self) -> str:
        return self.host.name

    @property
    def place_name(self) -> str:
        return f"db:{self.identifier}"

    @property
    def automated_backup(self) -> Stored:
        return Stored(self.host.store, f"{self.identifier}-automated")

    def servers(self) -> list[Server]:
        return [server for server in (self.server, self.standby) if server is not None]

    def state(self) -> DatabaseState:
        return DatabaseState(
            identifier=self.identifier,
            region=self.region,
            role="replica" if self.replica_of else "primary",
            status=self.status,
            endpoint=Endpoint(
                self.host.addresses.place(self.region, self.place, "outside"), self.host.numbers.postgres
            ),
            replica_of=self.replica_of,
            standby=self.standby is not None,
            lag_seconds=self.lag_seconds,
            standby_in_step=self.in_step or self.replica_of is not None,
        )

    def settings(self, *, archives: bool) -> dict[str, str]:
        """What the configuration of one of its servers says beside what all share."""
        # Without a command a server keeps its log, for the day on which it is promoted.
        return {"archive_command": in_quotes(self.archive_command() if archives else "")}

    def archive_command(self) -> str:
        return self.automated_backup.archive_command() if self.retention_days > 0 else "exit 0"

    def look_at_standby(self) -> None:
        """
        Wait for the standby at each commit while it is there; go on without it when it is gone, as RDS does.

        Only an observer that sees both may decide so: the server itself cannot tell a dead standby from its own
        isolation.
        """
        with self.lock:
            if (
                self.standby is None
                or self.replica_of is not None
                or not self.server.running
                or self.server.unreachable
            ):
                return
            now = time.monotonic()
            streams = bool(self.server.ask(STREAMS, STANDBY, timeout=2))
            if streams:
                self.streamed_at = now
            if streams and not self.armed_at:
                self.server.set(synchronous_standby_names=STANDBY)
                self.armed_at = now
            elif streams and not self.in_step and now > self.armed_at + RELOAD_SECONDS:
                # Every commit waits by now: in step once the standby has all that came before.
                here = self.server.ask("SELECT pg_current_wal_flush_lsn()::text")
                self.in_step = bool(self.server.ask(HAS_FLUSHED, here, STANDBY))
            elif not streams and self.armed_at and (not self.standby.running or now > self.streamed_at + LOST_SECONDS):
                self.forget_standby()

    def forget_standby(self) -> None:
        """Commits no longer wait for it, so from now on it may lack some."""
        self.in_step, self.armed_at = False, 0.0
        if self.replica_of is None and self.server.running:
            self.server.set(synchronous_standby_names="")

    def measure_lag(self) -> None:
        """How far a replica is behind, as far as it can know by itself."""
        if self.replica_of is None or not self.server.running:
            self.lag_seconds = None
            return
        try:
            self.lag_seconds = float(self.server.ask(LAG, timeout=2))
            if self.server.ask(RECEIVES, timeout=2):
                self.streamed_at = time.monotonic()
        except PostgresError:
            self.lag_seconds = None

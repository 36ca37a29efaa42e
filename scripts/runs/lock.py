"""
One run at a time for each plan: a file lock in DR_HOME, which the system frees when its holder dies.

With DR_DATABASE_URL the machines that share that PostgreSQL also share the lock. Machines that share nothing are held
apart by the witness: an epoch is taken by one conditional write (docs/decisions/one-lock.md).
"""

from __future__ import annotations

import hashlib
import json
import os
import pwd
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

import psutil
from filelock import FileLock, Timeout

from scripts.core.errors import BadInput, DatabaseFailed, Locked
from scripts.core.home import folder
from scripts.core.moments import now
from scripts.runs.run_records import environment


@dataclass(frozen=True)
class Owner:
    """Who holds a lock. `since` is ISO 8601, UTC."""

    user: str
    host: str
    pid: int
    command: str
    since: str

    def lives(self) -> bool:
        """Does that process still run here? A number that a later process got does not count."""
        if self.host != socket.gethostname() or self.pid == os.getpid():
            return False
        try:
            return psutil.Process(self.pid).create_time() <= datetime.fromisoformat(self.since).timestamp() + 1
        except (psutil.Error, ValueError, OverflowError):
            return False

    def __str__(self) -> str:
        return f"{self.user}@{self.host} (pid {self.pid}) runs `{self.command}` since {self.since[:19]}Z"


def user() -> str:
    """
    The operator's name, as the machine has it: of the account that runs this, not of LOGNAME, which anybody may set.
    Without an entry for it, its number.
    """
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"uid {os.getuid()}"


def _key(system: str) -> str:
    """A rehearsal in the sandbox does not hold up a real failover."""
    world = environment()
    return system if not world else f"{system}-sandbox-{hashlib.sha256(world.encode()).hexdigest()[:8]}"


def owner_of(system: str) -> Owner | None:
    """Who holds the plan's lock now, or None. What a dead holder left behind counts for nothing."""
    base = folder("locks") / _key(system)
    lock = FileLock(base.with_suffix(".lock"), thread_local=False)
    try:
        with lock.acquire(blocking=False):
            return None
    except Timeout:
        return _read(base.with_suffix(".json"))


@contextmanager
def run_lock(system: str, command: str) -> Iterator[Owner]:
    """
    Hold the plan's lock. Raises Locked, which says whose it is, at once instead of waiting; BadInput where no lock can
    be made.
    """
    me = Owner(user(), socket.gethostname(), os.getpid(), command, now().isoformat())
    base = folder("locks") / _key(system)
    record = base.with_suffix(".json")
    with ExitStack() as held:
        try:
            held.enter_context(FileLock(base.with_suffix(".lock"), thread_local=False).acquire(blocking=False))
        except Timeout as error:
            raise _locked(system, str(_read(record) or "somebody")) from error
        except OSError as error:
            raise BadInput(
                f"{base}.lock: cannot be made ({error.strerror})", "set DR_HOME to a writable folder"
            ) from error
        if (other := _read(record)) and other.lives():  # somebody has removed its lock file under it
            raise _locked(system, str(other))
        if url := os.environ.get("DR_DATABASE_URL"):
            held.enter_context(_shared_lock(url, system, me))
        draft = record.with_suffix(f".{me.pid}")
        draft.write_text(json.dumps(asdict(me)), encoding="utf-8")
        draft.replace(record)
        held.callback(record.unlink, missing_ok=True)
        yield me


@contextmanager
def _shared_lock(url: str, system: str, me: Owner) -> Iterator[None]:
    """An advisory lock in PostgreSQL, held by a session whose application name tells the owner."""
    import psycopg  # noqa: PLC0415  (only where several machines work together)

    number = int.from_bytes(hashlib.sha256(f"dr:{_key(system)}".encode()).digest()[:8], signed=True)
    name = f"dr {me.user}@{me.host} pid {me.pid}"[:63]
    try:
        connection = psycopg.connect(url, autocommit=True, application_name=name, connect_timeout=5)
    except psycopg.Error as error:
        raise DatabaseFailed(
            f"DR_DATABASE_URL: cannot be reached ({type(error).__name__})", "check the address"
        ) from error
    with connection:
        row = connection.execute("SELECT pg_try_advisory_lock(%s)", (number,)).fetchone()
        if row is None or not row[0]:
            holder = connection.execute(
                "SELECT a.application_name FROM pg_locks l JOIN pg_stat_activity a USING (pid)"
                " WHERE l.locktype = 'advisory' AND l.granted AND l.classid = %s AND l.objid = %s",
                ((number >> 32) & 0xFFFFFFFF, number & 0xFFFFFFFF),
            ).fetchone()
            raise _locked(system, str(holder[0]) if holder else "another machine")
        yield


def _read(record: Path) -> Owner | None:
    try:
        return Owner(**json.loads(record.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def _locked(system: str, owner: str) -> Locked:
    return Locked(f"another run holds the lock of {system}: {owner}")

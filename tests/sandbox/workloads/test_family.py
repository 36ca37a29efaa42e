"""Every workload of the family writes under the guard, and its ledger is whole after a revocation and a new grant."""

from contextlib import suppress
from pathlib import Path

import psycopg
import pytest

from sandbox.workloads.catalogue import FAMILY
from sandbox.workloads.running import Writer
from scripts.core.errors import BadInput
from scripts.drill import command
from scripts.engines.postgres import guard
from scripts.engines.postgres.session import Database
from tests.asserts.waiting import wait_until
from tests.scripts.engines.postgres.leases import grant, renewed

pytestmark = pytest.mark.drill


def lost(writer: Writer, address: str) -> int | None:
    """None where the watchman, whose watch is not over yet, ended the session that looked."""
    with suppress(psycopg.errors.AdminShutdown):
        return writer.verify({"": address}).lost
    return None


@pytest.mark.parametrize("name", FAMILY)
def test_its_ledger_is_whole(managed: Database, tmp_path: Path, name: str) -> None:
    guard.install(managed)
    login = managed.login
    address = f"host={login.host} port={login.port} dbname={login.database} user={login.user}"
    writer = Writer(FAMILY[name], lambda: [address], tmp_path / "ledger.jsonl")
    writer.start()
    try:
        with renewed(managed, seconds=10):
            wait_until(lambda: len(writer.acknowledged()) >= 2, timeout=30, what=f"writes, not {writer.refused()[-1:]}")
            guard.guard_new_tables(managed)
            seen = len(writer.acknowledged())
            wait_until(lambda: len(writer.acknowledged()) >= seen + 2, timeout=30, what="writes to go on")
        assert guard.revoke(managed, "secondary", 2)
        acknowledged, refused = len(writer.acknowledged()), len(writer.refused())
        wait_until(lambda: len(writer.refused()) > refused + 2, timeout=20, what="writes to be refused")
        assert len(writer.acknowledged()) == acknowledged, "nothing is acknowledged after a revocation"
        wait_until(lambda: lost(writer, address) == 0, timeout=20, what="the ledger to be whole")
        assert grant(managed, "secondary", 2)
        wait_until(lambda: len(writer.acknowledged()) >= acknowledged + 2, timeout=30, what="writes to go on again")
    finally:
        writer.stop()
    loss = writer.verify({"": address})
    assert (loss.lost, loss.doubled) == (0, 0)


def test_a_workload_that_is_not_known_is_refused_by_name() -> None:
    with pytest.raises(BadInput, match='no workload "nope"') as refused:
        command("regional-outage", plan=["minimal"], workload="nope")
    assert all(name in (refused.value.hint or "") for name in ("plain", *FAMILY))


def test_a_plan_without_a_workload_of_its_own_is_not_rehearsed_with_it() -> None:
    with pytest.raises(BadInput, match='no workload "mine"') as refused:
        command("regional-outage", plan=["minimal"], workload="mine")
    assert "workload.command" in refused.value.hint

"""A standby in the same region takes over behind the same address, without a lost write."""

import threading
from collections.abc import Callable

import psycopg
import pytest

from sandbox.fabric import FabricError
from tests.asserts.waiting import wait_until
from tests.sandbox.dataplane.conftest import NORTH, Lab

pytestmark = pytest.mark.drill


class Writer(threading.Thread):
    """Writes numbers, one after the other, through the endpoint; keeps those that were acknowledged."""

    def __init__(self, dsn: str) -> None:
        super().__init__(daemon=True)
        self._dsn, self._ended = dsn, threading.Event()
        self.acknowledged: list[int] = []
        self.failures = 0

    def run(self) -> None:
        number = 0
        while not self._ended.is_set():
            try:
                with psycopg.connect(self._dsn, autocommit=True) as connection:
                    while not self._ended.is_set():
                        number += 1
                        connection.execute("INSERT INTO orders (service, site, seq) VALUES ('w', '', %s)", (number,))
                        self.acknowledged.append(number)
            except psycopg.Error:
                self.failures += 1

    def end(self) -> None:
        self._ended.set()
        self.join()


@pytest.mark.parametrize("hang", [False, True], ids=["killed", "black hole"])
def test_no_acknowledged_write_is_lost_under_load(lab: Lab, break_: Callable[..., bool], hang: bool) -> None:
    name = lab.primary(standby=True)
    old_server = lab.databases.find(name).server
    writer = Writer(lab.dsn(NORTH, name))
    writer.start()
    wait_until(lambda: len(writer.acknowledged) > 50, timeout=20, what="some writes")
    break_("database", identifier=name, hang=hang)
    before = len(writer.acknowledged)
    state = lab.databases.fail_over_to_standby(NORTH, name)
    assert not old_server.running
    wait_until(lambda: len(writer.acknowledged) > before + 50, timeout=20, what="writes after the failover")
    writer.end()
    with psycopg.connect(lab.dsn(NORTH, name)) as connection:
        found = {row[0] for row in connection.execute("SELECT seq FROM orders")}
    assert set(writer.acknowledged) <= found  # a write without an answer may be there too
    assert (state.role, state.status) == ("primary", "available")
    assert writer.failures > 0
    wait_until(lambda: lab.databases.find(name).in_step, timeout=30, what="a new standby in step")


def test_a_standby_that_is_not_in_step_does_not_take_over(lab: Lab, break_: Callable[..., bool]) -> None:
    name = lab.primary(standby=True)
    break_("database", identifier=name, standby=True)
    instance = lab.databases.find(name)
    wait_until(lambda: not instance.in_step, timeout=20, what="the primary to go on alone")
    lab.write(NORTH, name, "alone")  # would wait for ever for a standby that is gone
    with pytest.raises(FabricError, match="no standby that could take over"):
        lab.databases.fail_over_to_standby(NORTH, name)
    break_("database", identifier=name)
    assert lab.databases.restart(NORTH, name).status == "available"
    assert lab.has(NORTH, name, "alone"), "the node itself has what its standby lacks"
    lab.world.heal("database", {})
    wait_until(lambda: instance.in_step, timeout=20, what="the standby back in step")
    lab.databases.fail_over_to_standby(NORTH, name)
    assert lab.has(NORTH, name, "alone")


def test_a_database_without_a_standby_says_so(lab: Lab) -> None:
    name = lab.primary()
    with pytest.raises(FabricError, match="no standby"):
        lab.databases.fail_over_to_standby(NORTH, name)


def test_a_replica_follows_its_source_through_a_failover(lab: Lab) -> None:
    name = lab.primary(standby=True)
    replica = lab.replica(name)
    lab.databases.fail_over_to_standby(NORTH, name)
    lab.write(NORTH, name, "from the new server")
    wait_until(lambda: lab.has("eu-west-1", replica, "from the new server"), timeout=20, what="the replica to follow")


def test_a_standby_that_hangs_is_given_up_and_writes_go_on(lab: Lab, break_: Callable[..., bool]) -> None:
    name = lab.primary(standby=True)
    instance = lab.databases.find(name)
    break_("database", identifier=name, standby=True, hang=True)
    lab.write(NORTH, name, "waits, then goes on")
    assert not instance.in_step
    with pytest.raises(FabricError, match="no standby that could take over"):
        lab.databases.fail_over_to_standby(NORTH, name)
    lab.world.heal("database", {})
    wait_until(lambda: instance.in_step, timeout=30, what="the standby back in step")


def test_a_replica_that_was_ahead_of_the_standby_is_made_anew(lab: Lab, break_: Callable[..., bool]) -> None:
    name = lab.primary(standby=True)
    replica = lab.replica(name)
    instance = lab.databases.instance("eu-west-1", replica)
    wait_until(lambda: instance.streamed_at, timeout=10, what="the replica to be seen streaming")
    break_("database", identifier=name, standby=True, hang=True)
    writer = Writer(lab.dsn(NORTH, name))
    writer.start()  # its first write reaches the replica, is never acknowledged, and is not on the standby
    wait_until(
        lambda: lab.execute("eu-west-1", replica, "SELECT count(*) FROM orders"),
        timeout=5,
        what="the replica to be ahead",
    )
    break_("database", identifier=name)
    lab.world.heal("database", {"identifier": name, "standby": True})
    lab.databases.fail_over_to_standby(NORTH, name)
    writer.end()
    lab.write(NORTH, name, "from the new server")
    wait_until(lambda: lab.shows("eu-west-1", replica, "from the new server"), timeout=60, what="the replica made anew")
    rows = "SELECT array_agg(id ORDER BY id) FROM orders"
    wait_until(
        lambda: lab.execute(NORTH, name, rows) == lab.execute("eu-west-1", replica, rows),
        timeout=10,
        what="the same rows",
    )

"""Replication between regions is PostgreSQL's own, over a line that can be cut, slowed and healed."""

import time
from collections.abc import Callable

import psycopg
import pytest

from tests.asserts.waiting import wait_until
from tests.sandbox.dataplane.conftest import NORTH, WEST, Lab

pytestmark = pytest.mark.drill
Breaker = Callable[..., bool]


@pytest.fixture
def pair(lab: Lab) -> tuple[str, str]:
    source = lab.primary()
    return source, lab.replica(source)


def test_a_write_arrives_in_the_other_region_and_the_replica_refuses_writes(lab: Lab, pair: tuple[str, str]) -> None:
    source, replica = pair
    lab.write(NORTH, source, "first")
    wait_until(lambda: lab.has(WEST, replica, "first"), timeout=5, what="the write in the other region")
    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction) as refused:
        lab.write(WEST, replica, "never")
    assert refused.value.sqlstate == "25006"
    state = lab.databases.describe(WEST, replica)
    assert state is not None
    assert (state.role, state.replica_of) == ("replica", (NORTH, source))


def test_a_cut_link_makes_the_replica_fall_behind_and_it_catches_up(
    lab: Lab, pair: tuple[str, str], break_: Breaker
) -> None:
    source, replica = pair
    break_("link", a=NORTH, b=WEST)
    lab.write(NORTH, source, "behind the cut")
    assert lab.lag_bytes(source, replica) > 0
    instance = lab.databases.instance(WEST, replica)
    wait_until(lambda: (instance.lag_seconds or 0) > 0, timeout=15, what="lag that grows")
    assert not lab.has(WEST, replica, "behind the cut")
    lab.world.heal("link", {"a": NORTH, "b": WEST})
    wait_until(lambda: lab.has(WEST, replica, "behind the cut"), timeout=15, what="the replica to catch up")


def test_a_one_way_cut_stops_connections_from_one_side_alone(lab: Lab, pair: tuple[str, str], break_: Breaker) -> None:
    source, replica = pair
    break_("link", a=NORTH, b=WEST, one_way=True)  # the replica dials its source, and that way is open
    lab.write(NORTH, source, "still arrives")
    wait_until(lambda: lab.has(WEST, replica, "still arrives"), timeout=5, what="the write in the other region")
    with pytest.raises(psycopg.OperationalError):
        lab.execute(WEST, replica, "SELECT 1", view=NORTH)
    assert lab.execute(NORTH, source, "SELECT 1", view=WEST) == 1


def test_a_slow_link_delays_each_round_trip(lab: Lab, pair: tuple[str, str], break_: Breaker) -> None:
    source, _ = pair
    break_("slow", a=NORTH, b=WEST, ms=80)
    with psycopg.connect(lab.dsn(NORTH, source, view=WEST, timeout=10), autocommit=True) as connection:
        before = time.monotonic()
        connection.execute("SELECT 1")
        assert time.monotonic() - before >= 0.16  # there and back


def test_promotion_opens_the_replica_and_what_came_before_is_there(lab: Lab, pair: tuple[str, str]) -> None:
    source, replica = pair
    lab.write(NORTH, source, "before")
    wait_until(lambda: lab.has(WEST, replica, "before"), timeout=5, what="the write in the other region")
    state = lab.databases.promote(WEST, replica)
    assert (state.role, state.replica_of) == ("primary", None)
    lab.write(WEST, replica, "after")
    assert lab.has(WEST, replica, "before")
    assert not lab.has(NORTH, source, "after")


def test_a_promoted_database_can_be_the_source_of_a_new_replica(lab: Lab, pair: tuple[str, str]) -> None:
    _, replica = pair
    lab.databases.promote(WEST, replica)
    back = lab.replica(replica, region=NORTH, source_region=WEST)
    lab.write(WEST, replica, "the other way")
    wait_until(lambda: lab.has(NORTH, back, "the other way"), timeout=5, what="replication the other way")


def test_a_replica_cannot_be_made_over_a_cut_link(lab: Lab, break_: Breaker) -> None:
    from sandbox.fabric import FabricError  # noqa: PLC0415

    source = lab.primary()
    break_("link", a=NORTH, b=WEST)
    with pytest.raises(FabricError, match="pg_basebackup"):
        lab.replica(source)
    assert lab.databases.list(WEST) == []

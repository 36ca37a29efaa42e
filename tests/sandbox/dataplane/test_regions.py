"""A region dies with all that is in it, and comes back as it was left."""

from collections.abc import Callable

import psycopg
import pytest

from sandbox.dataplane.processes import start_time
from sandbox.dataplane.resolve import NoAddress, addresses
from sandbox.fabric import FabricError
from tests.asserts.waiting import wait_until
from tests.sandbox.dataplane.conftest import EAST, NORTH, WEST, Lab

pytestmark = pytest.mark.drill
Breaker = Callable[..., bool]


def test_a_dead_region_leaves_no_process_and_comes_back_thinking_it_is_the_primary(lab: Lab, break_: Breaker) -> None:
    name = lab.primary(standby=True)
    replica = lab.replica(name)
    lab.write(NORTH, name, "before")
    wait_until(lambda: lab.has(WEST, replica, "before"), timeout=5, what="the write in the other region")
    host, instance = lab.world.hosts[NORTH], lab.databases.find(name)
    pids = [host.pid, *(server.pid for server in instance.servers())]
    state = lab.world.layout.state(NORTH)
    break_("region", region=NORTH)
    assert not any(pid and start_time(pid) for pid in pids)
    assert not state.is_dir()
    assert not lab.world.network.region_is_up(NORTH)
    with pytest.raises(psycopg.OperationalError):
        lab.execute(NORTH, name, "SELECT 1")
    with pytest.raises(FabricError, match=f"region {NORTH} does not answer"):
        lab.databases.promote(NORTH, name)
    lab.databases.promote(WEST, replica)
    lab.write(WEST, replica, "meanwhile")

    lab.world.heal("region", {"region": NORTH})
    assert state.is_dir()
    lab.write(NORTH, name, "split")  # nothing told it: this is why writers need a lease
    assert lab.has(NORTH, name, "before")
    assert not lab.has(NORTH, name, "meanwhile")


def test_an_isolated_region_runs_on_unseen(lab: Lab, break_: Breaker) -> None:
    name = lab.primary()
    break_("region", region=NORTH, hang=True)
    with pytest.raises(psycopg.OperationalError):
        lab.execute(NORTH, name, "SELECT 1")
    with pytest.raises(psycopg.OperationalError):
        lab.execute(NORTH, name, "SELECT 1", view=WEST)
    assert lab.execute(NORTH, name, "SELECT 1", view=NORTH) == 1
    network = lab.world.network
    assert network.region_is_up(NORTH)
    assert not network.allowed("outside", NORTH)
    assert network.hangs(WEST, NORTH)
    assert not network.allowed(NORTH, EAST)  # nothing leaves it either
    lab.world.heal("region", {"region": NORTH})
    assert lab.execute(NORTH, name, "SELECT 1") == 1


def test_the_name_server_of_a_dead_region_is_silent(lab: Lab, break_: Breaker) -> None:
    lab.world.names.add_database("a.rds.amazonaws.com", WEST, lab.primary(region=WEST))
    server = f"{lab.world.addresses.resolver(NORTH)}:{lab.world.numbers.dns}"
    assert addresses("a.rds.amazonaws.com", server=server, timeout=2)[0]
    break_("region", region=NORTH)
    with pytest.raises(NoAddress, match="does not answer"):
        addresses("a.rds.amazonaws.com", server=server, tries=1)
    lab.world.names.remove("a.rds.amazonaws.com")


def test_a_lost_state_backend_fails_every_access_and_comes_back_whole(lab: Lab, break_: Breaker) -> None:
    state = lab.world.layout.state(WEST)
    (state / "kept").write_text("state")
    break_("state", stack="dr")
    with pytest.raises(NotADirectoryError):
        (state / "kept").read_text()
    with pytest.raises(OSError, match="Not a directory"):
        (state / "new").mkdir(parents=True)
    break_("region", region=WEST)
    lab.world.heal("state", {})
    assert not state.is_dir()  # the region that holds it is still down
    lab.world.heal("region", {})
    assert (state / "kept").read_text() == "state"


def test_a_full_disk_refuses_writes_and_loses_none(lab: Lab, break_: Breaker) -> None:
    name = lab.primary()
    lab.write(NORTH, name, "before")
    break_("disk", region=NORTH, identifier=name)
    with pytest.raises(psycopg.Error):
        lab.write(NORTH, name, "no room")
    lab.world.heal("disk", {})
    wait_until(lambda: _writes(lab, name, "room again"), timeout=20, what="writes after the disk was freed")
    assert lab.has(NORTH, name, "before")
    assert not lab.has(NORTH, name, "no room")


def _writes(lab: Lab, name: str, marker: str) -> bool:
    try:
        lab.write(NORTH, name, marker)
    except psycopg.Error:
        return False
    return True


def test_what_cannot_be_broken_is_refused_with_what_can(lab: Lab, break_: Breaker) -> None:
    from sandbox.control import Refused  # noqa: PLC0415

    with pytest.raises(Refused, match="no region mars") as refused:
        break_("region", region="mars")
    assert NORTH in refused.value.hint
    with pytest.raises(Refused, match="no database nothing"):
        break_("database", identifier="nothing")
    with pytest.raises(Refused, match="no stack nothing"):
        break_("state", stack="nothing")
    assert lab.world.faults.present() == []
    assert break_("link", a=NORTH, b=WEST)
    assert not break_("link", a=NORTH, b=WEST)
    assert lab.world.heal(None, {}) == 1


def test_a_place_that_is_shut_lets_nothing_in_but_replication_goes_on(lab: Lab) -> None:
    name = lab.primary(standby=True)
    replica = lab.replica(name)
    wait_until(lambda: lab.databases.find(name).in_step, timeout=20, what="a standby that could take over")
    lab.databases.shut(NORTH, name, shut=True)
    for view in ("outside", NORTH):
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(lab.dsn(NORTH, name, view=view, timeout=2))
    lab.databases.fail_over_to_standby(NORTH, name)
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(lab.dsn(NORTH, name, timeout=2))
    with lab.databases.find(name).server.connect("core") as past_everything:
        past_everything.execute("INSERT INTO orders (service, site, payload) VALUES ('t', 'n', 'while shut')")
    wait_until(lambda: lab.shows(WEST, replica, "while shut"), timeout=60, what="the row in the other region")
    lab.databases.shut(NORTH, name, shut=False)
    lab.write(NORTH, name, "open again")


def test_a_shut_place_is_still_shut_when_its_region_comes_back(lab: Lab, break_: Breaker) -> None:
    name = lab.primary()
    lab.databases.shut(NORTH, name, shut=True)
    break_("region", region=NORTH)
    lab.world.heal("region", {"region": NORTH})
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(lab.dsn(NORTH, name, timeout=2))
    lab.databases.shut(NORTH, name, shut=False)
    assert lab.execute(NORTH, name, "SELECT 1") == 1


def test_a_new_password_lets_nobody_in_with_the_old_one(lab: Lab) -> None:
    name = lab.primary()
    assert lab.execute(NORTH, name, "SELECT 1") == 1
    lab.databases.set_password(NORTH, name, "quite another")
    with pytest.raises(psycopg.OperationalError, match="authentication"):
        lab.execute(NORTH, name, "SELECT 1")
    replica = lab.replica(name)
    with pytest.raises(FabricError, match="password of its source"):
        lab.databases.set_password(WEST, replica, "its own")

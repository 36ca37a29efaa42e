"""Addresses, ports, the ledger's arithmetic and schedules of faults: no world needed."""

import socket
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sandbox.client import WorldError
from sandbox.dataplane.addresses import OUTSIDE, Addresses, NumberPool, PortTaken, reserve
from sandbox.faults import KINDS, BadFault, fault_of
from sandbox.faults_schedule import Strike, play, schedule
from sandbox.ledger import Loss, compare, longest_silence
from tests.sandbox.dataplane.conftest import Lab


def test_every_asker_has_its_own_address_for_a_place() -> None:
    where = Addresses(["a", "b", "c"])
    seen = [where.place(region, 7, view) for region in where.regions for view in where.views()]
    assert len(set(seen)) == len(seen) == 12
    assert all(address.startswith(f"127.{where.network('b')}.") for address in (where.pod("b", 1), where.gateway("b")))
    assert where.gateway(OUTSIDE) == "127.0.0.1"


def test_two_worlds_never_share_ports() -> None:
    one, first_lock = reserve(3)
    two, second_lock = reserve(3)
    with first_lock, second_lock:
        assert not set(one.all(3)) & set(two.all(3))
        with pytest.raises(PortTaken):
            reserve(3, one.base)


def test_a_taken_port_is_named() -> None:
    free, lock = reserve(3)
    lock.close()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", free.base + 3))
        taken.listen()
        with pytest.raises(PortTaken) as refused:
            reserve(3, free.base)
    assert refused.value.port == free.base + 3
    assert not list(Path(tempfile.gettempdir()).glob(f"dr-sandbox-ports-{free.base}.lock"))


def test_numbers_are_given_out_once_and_taken_back() -> None:
    pool = NumberPool()
    assert [pool.take() for _ in range(3)] == [1, 2, 3]
    pool.give_back(2)
    assert [pool.take(), pool.take()] == [2, 4]
    for _ in range(246):
        pool.take()
    with pytest.raises(OSError, match="taken"):
        pool.take()


def entry(seq: int, at: float) -> dict[str, Any]:
    return {"seq": seq, "id": f"id-{seq}", "acked_at": 1000 + at, "monotonic": at}


def test_the_ledger_counts_what_was_acknowledged_and_is_not_there() -> None:
    ledger = [entry(number, number / 10) for number in range(10)]
    there = [(f"id-{number}", number) for number in range(7)]
    unacknowledged = ("id-x", 77)  # written, but nobody was told: neither lost nor counted
    loss = compare(ledger, {"": [*there, unacknowledged]})
    assert (loss.acknowledged, loss.lost, loss.first, loss.last, loss.doubled) == (10, 3, 1000.7, 1000.9, 0)
    assert loss.span_seconds == pytest.approx(0.3)
    whole = Loss(10, 0, None, None, 0.0, 0)
    found = compare(ledger, {"": [(f"id-{number}", number) for number in range(10)]})
    assert found == replace(whole, stores={"": whole})
    assert compare(ledger, {"": [*there, ("id-again", 3)]}).doubled == 1
    assert compare(ledger, {}).span_seconds == pytest.approx(0.9)


def test_the_longest_silence_is_the_outage() -> None:
    ledger = [entry(1, 0.0), entry(2, 3.0), entry(3, 3.1), entry(4, 5.1), entry(5, 5.2)]
    whole = longest_silence(ledger, since=0, running=False)
    assert whole is not None
    assert (whole.seconds, whole.last_before, whole.first_after) == (3.0, 1000.0, 1003.0)
    later = longest_silence(ledger, since=1003.1, running=False)
    assert later is not None
    assert later.seconds == pytest.approx(2.0)
    assert longest_silence([], since=0, running=True) is None
    lasting = longest_silence([entry(1, 0.0)], since=0, running=True)
    assert lasting is not None
    assert lasting.first_after is None


@pytest.mark.parametrize(
    ("kind", "arguments", "wrong"),
    [
        ("quake", {}, "no fault 'quake'"),
        ("region", {}, "lacks region"),
        ("link", {"a": "x"}, "lacks b"),
        ("region", {"region": "x", "mood": 1}, "knows no mood"),
    ],
)
def test_a_fault_that_makes_no_sense_says_what_would(kind: str, arguments: dict[str, Any], wrong: str) -> None:
    with pytest.raises(BadFault, match=wrong) as refused:
        fault_of(kind, arguments)
    assert refused.value.hint


class Recorder:
    """Stands for a world; one of its regions is gone already."""

    def __init__(self) -> None:
        self.broken: list[dict[str, Any]] = []
        self.healed: list[str | None] = []

    def break_(self, fault: str, **arguments: Any) -> bool:
        if arguments.get("region") == "gone":
            raise WorldError("it is gone", "look elsewhere")
        self.broken.append({"fault": fault, **arguments})
        return True

    def heal(self, fault: str | None = None, **_arguments: Any) -> int:
        self.healed.append(fault)
        return 1


def test_a_schedule_is_played_in_order_and_everything_is_healed() -> None:
    world = Recorder()
    strikes = [
        Strike(0.02, 0.03, "region", {"region": "gone"}),
        Strike(0.01, 0.05, "link", {"a": "x", "b": "y"}),
        Strike(0.0, 0.04, "region", {"region": "z", "hang": True}),
    ]
    made = play(strikes, world)
    assert [entry["fault"] for entry in world.broken] == ["region", "link"] == [strike.fault for strike in made]
    assert world.healed == ["region", "region", "link", None]


def test_the_same_seed_makes_the_same_schedule() -> None:
    made = [schedule(seed, regions=["a", "b", "c"], databases=["db"], stacks=["s"], spare=["c"]) for seed in (1, 1, 2)]
    assert made[0] == made[1] != made[2]
    for seed in range(200):
        strikes = schedule(seed, regions=["a", "b", "c"], databases=["db"], stacks=["s"], spare=["c"])
        assert [strike.at_seconds for strike in strikes] == sorted(strike.at_seconds for strike in strikes)
        for strike in strikes:
            assert strike.at_seconds < strike.until_seconds <= 20
            assert strike.fault in KINDS
            fault_of(strike.fault, strike.arguments)
            assert strike.arguments.get("region") != "c"


def test_a_killed_server_leaves_no_shared_memory(lab: Lab) -> None:
    """A machine has a few thousand segments, and hundreds of servers are killed in a day of rehearsals."""

    def segments() -> set[str]:
        return {line.split()[1] for line in Path("/proc/sysvipc/shm").read_text().splitlines()[1:]}

    server = lab.databases.find(lab.primary()).server
    segment = (server.data / "postmaster.pid").read_text().splitlines()[6].split()[1]
    assert segment in segments()
    server.kill()
    assert segment not in segments()
    server.start()
    assert server.ask("SELECT count(*) FROM pg_database") > 0

"""
The outage that a writer sees, from its last acknowledged write before the fault to its first one after: several runs
each.

    python -m benchmarks.failover [--runs 3] [--out out/failover-benchmark.json]

The sandbox's own waiting (health checks, TTL) runs 20 times faster than a cloud's and is part of every figure that
includes traffic; the column `command` counts from the start of the process `dr failover` instead. `floor` is a bare
kill and pg_promote() with a writer that knows both addresses: no detection, no fencing, no traffic.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import psycopg

from benchmarks.narration import measured, run, say
from scripts.core.errors import ObjectiveMissed
from scripts.drills.detection import aimed
from scripts.drills.shown import ANY_NUMBER
from scripts.drills.small_world import identifier, settle, small_world
from scripts.drills.stage import Stage
from scripts.drills.whole import wait_until_whole
from scripts.failback import failback
from scripts.people.output import out, seconds, table
from scripts.runs.journal import path_of, read
from scripts.runs.measure import measure
from scripts.watch import watch

COMMAND_SECONDS = 300
"""How long `dr failover` may take before the benchmark gives it up."""
HINT = "`dr drill database-failure` or `dr drill regional-outage` show the same step by step"


@dataclass
class Sample:
    """One run of one mode. `command_seconds`: from the start of the command to the first acknowledged write."""

    mode: str
    outage_seconds: float
    command_seconds: float | None = None
    lost: int = 0
    parts: dict[str, float | None] = field(default_factory=dict)


def floor(made: Stage) -> Sample:
    """Kill the primary's server and promote the replica at once; the writer tries both."""
    say("floor: a bare kill and pg_promote()")
    dsns = [made.world.admin_dsn(identifier(made, site)) for site in ("primary", "secondary")]
    acknowledged: list[float] = []
    stop = threading.Event()

    def write() -> None:
        connection, at = psycopg.connect(dsns[0], autocommit=True), 0
        while not stop.is_set():
            try:
                connection.execute("INSERT INTO bare.floor VALUES (now())")
                acknowledged.append(time.monotonic())
            except psycopg.Error:
                with contextlib.suppress(psycopg.Error):
                    connection.close()
                    at = 1 - at if connection.closed else at
                    connection = psycopg.connect(dsns[1], autocommit=True, connect_timeout=2)

    with psycopg.connect(dsns[0], autocommit=True) as setup:
        setup.execute("CREATE SCHEMA IF NOT EXISTS bare")
        setup.execute("CREATE TABLE IF NOT EXISTS bare.floor (at timestamptz)")
    thread = threading.Thread(target=write)
    with psycopg.connect(dsns[1], autocommit=True) as standby:
        thread.start()
        _wait(lambda: len(acknowledged) > 50)
        made.world.break_("region", region=made.plan.primary.region)
        killed = time.monotonic()
        standby.execute("SELECT pg_promote()")
    _wait(lambda: acknowledged[-1] > killed + 0.2)
    stop.set()
    thread.join()
    gaps = [after - before for before, after in pairwise(acknowledged) if after > killed - 0.5]
    return Sample("floor: kill and pg_promote()", max(gaps))


def node(made: Stage, *, hang: bool) -> Sample:
    """The database's node dies (or is a black hole), `dr watch` acts."""
    mode = "database failure, node black-holed" if hang else "database failure, node killed"
    _begin(made, mode)
    with made.writing() as workload:
        watcher = aimed(made.plan)
        watcher.plan_path = made.plan_path
        fault = time.time()
        made.world.break_("database", identifier=identifier(made, "primary"), hang=hang)
        asyncio.run(watch(watcher, until=time.monotonic() + 60, acts=1))
        if [each.status for each in watcher.outcomes] != ["done"]:
            said = watcher.reported or "; ".join(str(each.error) for each in watcher.outcomes) or "it saw no fault"
            raise ObjectiveMissed(f"{mode}: the watcher did not bring the service back in 60 s: {said}", HINT)
        made.wait_for_writes(workload, time.time())
        sample = _judged(made, workload, mode, fault)
        sample.parts = _parts(made, watcher.outcomes[0].run)
        watcher.clouds.close()
    made.world.heal()
    return sample


def regional(made: Stage, *, after: float) -> Sample:
    """The region dies; the command is given so many seconds later, as a process of its own."""
    mode = f"regional, command {after:g} s after the fault"
    _begin(made, mode)
    with made.writing() as workload:
        fault = made.lose("primary").timestamp()
        time.sleep(after)
        command = [
            sys.executable,
            "-m",
            "scripts.dr",
            "failover",
            "--to",
            "secondary",
            "--plan",
            made.plan_path,
            "--yes",
        ]
        given = time.time()
        ended = run([*command, "--format", "json"], mode, seconds=COMMAND_SECONDS)
        made.wait_for_writes(workload, time.time())
        sample = _judged(made, workload, mode, fault)
        back = min(each["acked_at"] for each in workload.acknowledged() if each["acked_at"] > fault + 0.5)
        sample.command_seconds = back - given
        sample.parts = _parts(made, json.loads(ended.stdout)["runs"][0]["run"])
    settle(made)
    return sample


def planned(made: Stage) -> Sample:
    """A planned switchover to the warm site, and back."""
    _begin(made, "planned switchover")
    with made.writing() as workload:
        began = time.time()
        outcomes = failback(
            made.plan, to="secondary" if made.active == "primary" else "primary", plan_path=made.plan_path,
            give_up_differences=ANY_NUMBER,
        )  # fmt: skip
        for each in outcomes:
            if each.error is not None:
                raise each.error
        switch = next(each for each in outcomes if "hand_over" in each.results)
        sample = _judged(made, workload, "planned switchover", began)
        sample.parts = _parts(made, switch.run)
    return sample


def _begin(made: Stage, mode: str) -> None:
    """Say what comes, and wait until the world is whole: the last sample broke something. Raises ObjectiveMissed."""
    say(f"{mode}: waiting until the world is whole")
    wait_until_whole(made)
    say(f"{mode}: measuring")


def _judged(made: Stage, workload: Any, mode: str, fault: float) -> Sample:
    loss, outage = made.judge(workload, datetime.fromtimestamp(fault, UTC))
    return Sample(mode, outage.seconds if outage else 0.0, lost=loss.lost)


def _parts(made: Stage, run: str) -> dict[str, float | None]:
    return dict(measure(made.plan, list(read(path_of(run)))).parts)


def _wait(ready: Callable[[], bool], bound: float = 60.0) -> None:
    deadline = time.monotonic() + bound
    while not ready():
        if time.monotonic() > deadline:
            raise ObjectiveMissed(f"floor: waited {bound:g} s for the promoted copy to take a write", HINT)
        time.sleep(0.01)


def summary(samples: list[Sample]) -> list[list[str]]:
    rows = []
    for mode in dict.fromkeys(sample.mode for sample in samples):
        mine = [sample for sample in samples if sample.mode == mode]
        outages = sorted(sample.outage_seconds for sample in mine)
        commands = sorted(sample.command_seconds for sample in mine if sample.command_seconds is not None)
        three = [min(outages), statistics.median(outages), max(outages)]
        rows.append([
            mode, str(len(mine)), " / ".join(seconds(each) for each in three),
            seconds(statistics.median(commands)) if commands else "-", str(sum(sample.lost for sample in mine)),
        ])  # fmt: skip
    return rows


def main() -> None:
    """Make a world, take every sample, print the table and write the file."""
    parser = argparse.ArgumentParser(description="Measure the outage that a writer sees.")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--out", type=Path, default=Path("out/failover-benchmark.json"))
    arguments = parser.parse_args()
    samples: list[Sample] = []
    say("making a world")
    with tempfile.TemporaryDirectory() as folder, small_world(Path(folder) / "main") as made:
        for _ in range(arguments.runs):
            samples += [node(made, hang=False), node(made, hang=True)]
        for _ in range(arguments.runs):
            samples += [planned(made)]
        if made.active != "primary":
            samples += [planned(made)]
        for _ in range(arguments.runs):
            samples += [regional(made, after=0.0), regional(made, after=4.0)]
        samples.insert(0, floor(made))
    rows = summary(samples)
    out().print(
        table("Outage as the writer sees it", ("mode", "runs", "min / median / max", "from the command", "lost"), rows)
    )
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(json.dumps([vars(sample) for sample in samples], indent=2))


if __name__ == "__main__":
    sys.exit(measured(main))

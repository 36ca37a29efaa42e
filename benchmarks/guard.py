"""
What the guard costs: pgbench with and without it, in turn, on the PostgreSQL of the sandbox, eight clients on loopback.

    python -m benchmarks.guard [--rounds 5] [--seconds 10] [--out out/guard-benchmark.json]

The ratio of processor time for a transaction (server and client) is told beside that of transactions a second: it says
the same on a quiet machine, and is the steadier of the two on a busy one. With a delay at commit (`commit_delay`, 2 ms)
transactions a second say what a service sees whose commits wait for a disk or a standby.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import resource
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

import psutil

from benchmarks.narration import Unmeasured, measured, run, say
from scripts.core.net import Login
from scripts.engines.postgres import guard
from scripts.engines.postgres.session import Database
from scripts.people.output import out, table
from tests.scratch_database import BIN, server
from tests.scripts.engines.postgres.leases import renewed

CLIENTS, SCALE = 8, 16
LOADS = {"tpcb-like": 0.85, "simple-update": 0.85, "select-only": 0.97}  # what is aimed at on loopback
AIM_WITH_DELAY = 0.97
DELAY = "-c commit_delay=2000 -c commit_siblings=0"


@dataclass(frozen=True)
class Run:
    """One run of pgbench. `cpu_us`: of server and client, for each transaction."""

    tps: float
    cpu_us: float


@dataclass(frozen=True)
class Compared:
    """Medians over the rounds; ratios are with the guard to without."""

    load: str
    tps_without: float
    tps_with: float
    tps_ratio: float
    cpu_ratio: float
    aim: float


def pgbench(login: Login, *arguments: str, options: str = "", seconds: float = 300) -> str:
    """What it says. Raises Unmeasured when it fails, or takes longer than so many seconds."""
    address = ["-h", login.host, "-p", str(login.port), "-U", login.user]
    done = run(
        [BIN / "pgbench", *address, *arguments, login.database], f"pgbench in {login.database}", seconds=seconds,
        env={**os.environ, "PGOPTIONS": options},
    )  # fmt: skip
    return done.stdout


def loaded(postmaster: psutil.Process, login: Login, load: str, seconds: int, options: str) -> Run:
    before = _cpu(postmaster)
    said = pgbench(
        login,
        "-n",
        "-M",
        "prepared",
        "-c",
        str(CLIENTS),
        "-j",
        "2",
        "-T",
        str(seconds),
        "-b",
        load,
        options=options,
        seconds=seconds * 3 + 60,
    )
    done = re.search(r"actually processed: (\d+)", said)
    rate = re.search(r"^tps = ([\d.]+)", said, re.MULTILINE)
    if done is None or rate is None:
        raise Unmeasured(f"pgbench in {login.database} did not say how many transactions it made")
    return Run(float(rate[1]), (_cpu(postmaster) - before) * 1e6 / int(done[1]))


def _cpu(postmaster: psutil.Process) -> float:
    """Seconds of the server, its ended sessions included once they are reaped, and of our children."""
    sessions = []
    for each in postmaster.children():
        with contextlib.suppress(psutil.NoSuchProcess):
            if "_guard" in " ".join(each.cmdline()) and "CALL" not in " ".join(each.cmdline()):
                sessions.append(each)
    psutil.wait_procs(sessions, timeout=0.5)  # those of pgbench end at once, ours do not
    times = postmaster.cpu_times()
    ours = resource.getrusage(resource.RUSAGE_CHILDREN)
    return float(times.children_user + times.children_system) + ours.ru_utime + ours.ru_stime


def compare(maintenance: Database, pid: int, rounds: int, seconds: int) -> list[Compared]:
    logins = {}
    for name in ("without", "with"):
        maintenance.rows(f"CREATE DATABASE {name}_guard")
        login = maintenance.login
        logins[name] = Login(login.host, login.port, f"{name}_guard", login.user, login.password)
        say(f"filling the database {name} the guard")
        pgbench(logins[name], "-i", "-q", "-s", str(SCALE))
    found = []
    with Database(logins["with"]) as database:
        guard.install(database)
        with renewed(database, seconds=5):  # twice a second
            cases = [(load, "", aim) for load, aim in LOADS.items()]
            cases += [(load, DELAY, AIM_WITH_DELAY) for load in ("tpcb-like", "simple-update")]
            for load, options, aim in cases:
                title = f"{load}, 2 ms at commit" if options else load
                say(f"{title}: {2 * rounds} runs of {seconds} s, with the guard and without it in turn")
                runs: dict[str, list[Run]] = {"without": [], "with": []}
                for each in range(rounds):
                    for name in ("without", "with") if each % 2 else ("with", "without"):
                        runs[name].append(loaded(psutil.Process(pid), logins[name], load, seconds, options))
                tps = {name: median(run.tps for run in runs[name]) for name in runs}
                cpu = {name: median(run.cpu_us for run in runs[name]) for name in runs}
                found.append(Compared(title, tps["without"], tps["with"], tps["with"] / tps["without"],
                                      cpu["without"] / cpu["with"], aim))  # fmt: skip
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure what the guard costs.")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--out", type=Path, default=Path("out/guard-benchmark.json"))
    arguments = parser.parse_args()
    with server(fsync="on", shared_buffers="256MB") as login, Database(login) as maintenance:
        (pid,) = maintenance.rows("SELECT (regexp_match(pg_read_file('postmaster.pid'), '^[0-9]+'))[1]::int")[0]
        found = compare(maintenance, pid, arguments.rounds, arguments.seconds)
    rows = [
        [each.load, f"{each.tps_without:.0f}", f"{each.tps_with:.0f}", f"{each.tps_ratio:.2f}", f"{each.cpu_ratio:.2f}",
         f"{each.aim:.2f}"]
        for each in found
    ]  # fmt: skip
    columns = ("load", "tps without", "tps with", "ratio", "ratio of processor time", "aim")
    out().print(table(f"The guard, {CLIENTS} clients", columns, rows))
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(json.dumps([asdict(each) for each in found], indent=1), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(measured(main))

"""
A program with a durable run, for tests that kill it. `python durable_program.py FOLDER RUN`.

Five rows: first, then left, right and joined side by side (joined after left), then last. Each writes its effect once,
into FOLDER/effects/<row>, and each call into FOLDER/calls. CRASH=row:before|after|begun kills the program there,
FAIL=row makes the row fail, ASK=row stops the program in that row until FOLDER/go-on is there.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

from model import Topology, load_plan
from scripts.clouds.access import Clouds
from scripts.core.errors import DatabaseFailed
from scripts.runs import durable
from scripts.runs.journal import Journal
from scripts.runs.rows import RowEvent
from scripts.runs.runbook import Context, Options, Result, Row, Runbook
from scripts.stacks.stacks import Stacks

FOLDER = Path(sys.argv[1])
CRASH = os.environ.get("CRASH", "")


def die(place: str) -> None:
    if place == CRASH:
        os.kill(os.getpid(), signal.SIGKILL)


def step(context: Context) -> Result:
    name = context.subject
    with (FOLDER / "calls").open("a") as calls:
        calls.write(f"{name}\n")
    if os.environ.get("FAIL") == name:
        raise DatabaseFailed(f"{name} does not answer", "start it")
    if os.environ.get("ASK") == name:
        (FOLDER / "waiting").touch()
        end = time.monotonic() + 60
        while not (FOLDER / "go-on").exists() and time.monotonic() < end:
            time.sleep(0.02)
    effect = FOLDER / "effects" / name
    if effect.exists():
        return Result("already", f"{name} was there", {"seen": sorted(context.results)})
    die(f"{name}:before")
    effect.parent.mkdir(exist_ok=True)
    draft = FOLDER / f"draft-{name}-{os.getpid()}"
    draft.write_text("effect\n")
    effect.hardlink_to(draft)  # whole or not at all, whoever kills the program; a second effect would raise
    die(f"{name}:after")
    return Result("done", f"{name} is there", {"seen": sorted(context.results)})


def observe(event: RowEvent) -> None:
    if event.what == "begun":
        die(f"{event.row.subject}:begun")


RUNBOOK = Runbook(
    "failover",
    (
        Row("one", step, "First", undo="none needed", subject="first"),
        Row("two", step, "Left", undo="none needed", subject="left", wave="both"),
        Row("two", step, "Right", undo="none needed", subject="right", wave="both"),
        Row("two", step, "Joined", undo="none needed", subject="joined", wave="both", after=("step:left",)),
        Row("three", step, "Last", undo="none needed", subject="last"),
    ),
)


def seen(evidence: Any) -> Any:
    return evidence["seen"]


def main() -> int:
    plan = load_plan("samia")
    journal = Journal.of(sys.argv[2])
    context = Context(
        run=sys.argv[2],
        plan=plan,
        topology=Topology.initial(plan),
        stacks=Stacks(plan, FOLDER, journal),
        journal=journal,
        clouds=Clouds(plan),
        options=Options(to="secondary"),
    )
    outcome = durable.run_durably(RUNBOOK, context, observe)
    results = {name: [result.status, seen(result.evidence)] for name, result in outcome.results.items()}
    print(json.dumps({"status": outcome.status, "error": str(outcome.error or ""), "results": results}))
    return outcome.exit_code


if __name__ == "__main__":
    sys.exit(main())

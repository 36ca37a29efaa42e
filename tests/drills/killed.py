"""
A run that is killed at the beginning of each row, and once more inside it, after its effect and before anybody noted
it.

`python -m tests.drills.killed PLAN RUNBOOK OPTIONS WHERE FOLDER RUN`: begins the run, and goes on with it in a new
process after each death, until one of them lives to the end; OPTIONS are JSON, WHERE is begun, acted or both with a
comma. Each death leaves a file in FOLDER that says which one it was, so that each happens once. The processes are
forked from one that has loaded the program and done nothing, because loading it takes longer than most rows.
"""

import gc
import importlib
import json
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

from model import Plan, load_plan
from sandbox.engine import zygote
from sandbox.engine.command import shared_launcher
from scripts.drills.stage import Stage
from scripts.runbooks import tables
from scripts.runbooks.run import resume, run
from scripts.runs import run_records
from scripts.runs.runbook import Context, Options, Result, Row, Runbook


def deadly(runbook: Runbook, where: str, folder: Path) -> Runbook:
    """The same table, with rows that kill the program."""

    def mortal(row: Row) -> Row:
        def step(context: Context) -> Result:
            die_once(f"{row.name}.begun")
            result = row.step(context)
            die_once(f"{row.name}.acted")
            return result

        step.__name__ = row.step.__name__
        return replace(row, step=step, attempts=1)

    def die_once(name: str) -> None:
        if name.rpartition(".")[2] in where and not (folder / name).exists():
            (folder / name).touch()
            os.kill(os.getpid(), signal.SIGKILL)

    return Runbook(runbook.name, tuple(mortal(row) for row in runbook.rows))


def killed_everywhere(
    made: Stage,
    runbook: str,
    options: Options,
    where: tuple[str, ...],
    folder: Path,
    *,
    only: Collection[str] = (),
) -> str:
    """
    Run a runbook to its end; gives the run. The program dies once at each row (or at those that `only` names), where it
    has begun or where it has acted and nobody has noted it yet, or at both.
    """
    rows = tables.table(runbook, made.plan, options).rows
    spared = [row.name for row in rows if only and row.name not in only]
    for name in spared:
        for at in where:
            (folder / f"{name}.{at}").touch()
    run_id = run_records.new_run_id(runbook)
    given = json.dumps(options.to_json())
    command = [sys.executable, "-m", "tests.drills.killed", made.plan_path, runbook, given]
    command += [",".join(where), str(folder), run_id]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    died_of = sorted(path.name for path in folder.iterdir())
    assert died_of == sorted(f"{row.name}.{at}" for row in rows for at in where)
    deaths = int(ended.stdout.splitlines()[-1])
    all_waves = tables.table(runbook, made.plan, options).waves()
    waves = [wave for wave in all_waves if any(row.name not in spared for row in wave)]
    assert deaths >= len(where) * len(waves), "rows side by side may die together, but no wave lived through its turn"
    assert run_records.load(run_id).status == "done"
    return run_id


def live() -> None:
    plan_name, runbook, options, where, folder, name = sys.argv[1:]
    plan: Plan = load_plan(plan_name)
    shared_launcher().fork()  # dies with us, as the helper that a run starts does
    healthy = tables.TABLES[runbook]
    tables.TABLES[runbook] = lambda known, given: deadly(healthy(known, given), where, Path(folder))
    if run_records.exists(name):
        outcome = resume(name, plan=plan)
    else:
        outcome = run(runbook, plan, Options.from_json(json.loads(options)), plan_path=plan_name, run_id=name)
    print(outcome.status, outcome.error or "")
    sys.exit(outcome.exit_code)


def main() -> int:
    """Prints how many of the processes died, as the last line."""
    gc.set_threshold(50_000, 20, 20)  # as the program itself does
    for module in ("scripts.runs.durable", "scripts.stacks.stacks", "boto3", "kubernetes.client", "psycopg"):
        importlib.import_module(module)
    zygote.preload((*zygote.PRELOAD, "components.settings", "components.stack", "components.aws.catalogue"))
    assert threading.active_count() == 1, "a process that is forked beside threads is not a new one"
    deaths = 0
    while True:
        life = multiprocessing.get_context("fork").Process(target=live)
        life.start()
        life.join()
        if life.exitcode != -signal.SIGKILL or deaths > len([*Path(sys.argv[5]).iterdir()]):
            break
        deaths += 1
    print(deaths)
    return life.exitcode or 0


if __name__ == "__main__":
    sys.exit(main())

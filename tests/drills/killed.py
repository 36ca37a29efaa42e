"""
A failover that is killed at the beginning of each row, and once more inside it, after its effect and before anybody
noted it.

`python -m tests.drills.killed PLAN TO FOLDER RUN`: begins the run, or goes on with it. Each death leaves a file in
FOLDER that says which one it was, so that each happens once. Ends by itself when there is nothing left to die of.
"""

import os
import signal
import sys
from dataclasses import replace
from pathlib import Path

from components.spec import Plan, load_plan
from scripts.core import records
from scripts.core.home import project_dir
from scripts.core.runbook import Context, Options, Result, Row, Runbook
from scripts.core.settings import read_topology
from scripts.failover import lost_by_default
from scripts.runbooks import tables
from scripts.runbooks.failover import failover as failover_table
from scripts.runbooks.run import resume, run


def deadly(runbook: Runbook, folder: Path) -> Runbook:
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
        if not (folder / name).exists():
            (folder / name).touch()
            os.kill(os.getpid(), signal.SIGKILL)

    return Runbook(runbook.name, tuple(mortal(row) for row in runbook.rows))


def main() -> int:
    plan_name, to, folder, name = sys.argv[1:]
    plan: Plan = load_plan(plan_name)
    tables.TABLES["failover"] = lambda known, _options: deadly(failover_table(known), Path(folder))
    if records.exists(name):
        outcome = resume(name, plan=plan)
    else:
        lost = lost_by_default(plan, read_topology(plan, project_dir()), to)
        options = Options(to=to, more={"disaster": "regional_outage", "lost": lost})
        outcome = run("failover", plan, options, plan_path=plan_name, run_id=name)
    print(outcome.status, outcome.error or "")
    return outcome.exit_code


if __name__ == "__main__":
    sys.exit(main())

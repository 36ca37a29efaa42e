"""A small world, provisioned by the project's own program, for tests and benchmarks that break it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from model import load_plan
from scripts.drills.shown import ANY_NUMBER
from scripts.drills.stage import Stage, entered, stage
from scripts.drills.whole import wait_until_whole
from scripts.failback import failback
from scripts.runs import run_records
from scripts.runs.journal import Journal

PLAN = "minimal"


@contextmanager
def small_world(folder: Path, plan: str = PLAN) -> Iterator[Stage]:
    """Every stack as declared, the service open, everything gone afterwards."""
    (folder / "ledgers").mkdir(parents=True)
    with entered({"DR_HOME": str(folder / "home")}):
        journal = Journal.of(run_records.new_run_id("drill"))
        with stage(load_plan(plan), plan, journal, folder / "ledgers", print) as made:
            made.provision()
            yield made
        journal.close()


def settle(made: Stage) -> None:
    """
    Nothing broken, the primary active, every warm site following it, and all of it in step; nothing is done where it is
    so.
    """
    made.world.heal()
    given_up: dict[str, Any] = {
        "give_up_differences": ANY_NUMBER,
        "give_up_old_copy": True,
        "give_up_unlogged": True,
    }
    for outcome in failback(made.plan, plan_path=made.plan_path, approved_by=made.approvers, **given_up):
        if outcome.error is not None:
            raise outcome.error
    wait_until_whole(made)


def identifier(made: Stage, site: str) -> str:
    """The site's database as it is now."""
    name = made.plan.incarnated_stores[0].name
    return made.topology.identifier(made.plan, site, name)

"""What a quarterly test looks at besides moves: a restore that nobody is sent to, and the documents."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from scripts.beside import discard_beside, failed, restore_beside
from scripts.core.errors import Refused
from scripts.drills.backups import write_sentinel_rows
from scripts.drills.database import wait_until_restorable
from scripts.drills.found import Found
from scripts.restoring import Aim
from scripts.runbooks import pages
from scripts.runbooks.forecasts import forecast

if TYPE_CHECKING:
    from model import Plan
    from scripts.drills.stage import Stage

LONG_AGO = timedelta(days=3650)


def restore(stage: Stage) -> Found:
    """The newest moment is restored beside what runs, read and asked the plan's checks; the service goes on."""
    plan, found = stage.plan, Found()
    stores = [each.name for each in plan.incarnated_stores]
    with stage.writing() as workload:
        began = datetime.now(UTC)
        latest = max(write_sentinel_rows(stage, stage.active).values())
        at = latest.replace(microsecond=0) + timedelta(seconds=1)
        wait_until_restorable(stage, at)
        found.ok &= stage.must_fail(
            "a moment that no backup reaches", "a restore to a moment before the first backup is refused",
            partial(restore_beside, plan, stage.topology, Aim(at - LONG_AGO), stores), Refused,
        )  # fmt: skip
        try:
            copies = restore_beside(plan, stage.topology, Aim(at), stores)
        finally:
            discard_beside(plan, stage.topology)
        for each in copies:
            found.ok &= stage.check(
                "a restore can be read", each.tables > 0,
                f"{each.identifier} was restored in {each.seconds:.1f} s: {each.tables} guarded tables were read",
            )  # fmt: skip
        bad = failed(copies)
        found.ok &= stage.check(
            "the plan's checks of it", not bad, "; ".join(bad) or "no check of the plan failed in it"
        )
        stage.wait_for_writes(workload, began.timestamp())
    return found


def review(stage: Stage) -> Found:
    """The plan keeps its promises on paper, and every runbook's page can be written and is what its table says."""
    found = Found()
    for name, wrong in findings(stage.plan).items():
        found.ok &= stage.check(name, not wrong, "; ".join(wrong) or f"{name}: nothing to correct")
    return found


def findings(plan: Plan) -> dict[str, list[str]]:
    """What a review of the documents has to correct, by what was looked at; empty lists where nothing is."""
    told = {role for each in plan.escalation for role in each.notify}
    known = {each.role for each in plan.contacts}
    written = pages.texts(plan)
    links = {
        f"{name} leads to {target}, which is no page"
        for name, text in written.items()
        for target in pages.linked(text)
        if target not in written
    }
    return {
        "objectives": forecast(plan).shortfalls(),
        "contacts": [f"nobody is {role}" for role in sorted(told - known)],
        "runbooks": sorted(links),
    }

"""The programs as a drill runs them: each with its live table, and the drill itself saying yes."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from scripts.failback import Act, Part, failback
from scripts.failover import failover, table_for
from scripts.people.output import progress
from scripts.runbooks.decided import disaster_for
from scripts.runbooks.tables import table
from scripts.runs.runbook import Options, RunOutcome

if TYPE_CHECKING:
    from scripts.drills.stage import Stage

ANY_NUMBER = 1_000_000
"""Of differences that a rehearsal gives up: its ledger judges what was lost."""


def shown_failover(
    stage: Stage,
    to: str,
    *,
    planned: bool = False,
    fault_at: datetime | None = None,
    detected_at: datetime | None = None,
    **more: Any,
) -> RunOutcome:  # fmt: skip
    """`dr failover --to SITE --yes`."""
    plan, topology = stage.plan, stage.topology
    name = table_for(plan, topology, to, planned=planned)
    disaster = str(more.pop("disaster", "") or disaster_for(plan, topology, to))
    goal = next((each.rto for each in plan.objectives if each.disaster == disaster and not each.component), None)
    more["fault_at"] = fault_at and fault_at.isoformat()
    more["detected_at"] = detected_at and detected_at.isoformat()
    runbook = table(name, plan, Options(to=to))
    with progress(runbook, goal.total_seconds() if goal else None) as observer:
        return failover(
            plan, to, planned=planned, disaster=disaster, observer=observer, plan_path=stage.plan_path,
            approved_by=stage.approvers, commander="the drill", **more,
        )  # fmt: skip


def shown_failback(stage: Stage) -> list[RunOutcome]:
    """`dr failback --yes`: re-protect, switch over, re-protect."""

    def show(part: Part, act: Act) -> RunOutcome:
        name, site = part
        with progress(table(name, stage.plan, Options(to=site))) as observer:
            return act(name, site, observer)

    given_up: dict[str, Any] = {"give_up_differences": ANY_NUMBER, "give_up_unlogged": True}
    return failback(stage.plan, plan_path=stage.plan_path, show=show, approved_by=stage.approvers, **given_up)

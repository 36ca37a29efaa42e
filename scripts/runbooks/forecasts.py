"""What a plan can reach, reckoned along the rows of the very tables that would run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from model.clouds import why_not_serve
from model.forecast import TableRow
from model.forecast import forecast as along
from scripts.runbooks.tables import table
from scripts.runs.runbook import Does, Options

if TYPE_CHECKING:
    from model import Plan
    from model.forecast import Forecast, Method, Waves
    from model.objectives import Objective
    from scripts.runs.runbook import Row

TABLES: Mapping[Method, str] = {
    "standby": "database_failover",
    "promote": "failover",
    "restore": "activate_cold",
    "restore_in_place": "restore",
}
"""The table for each way back. What has none is answered by nothing that we run."""
BY_DISASTER: Mapping[str, str] = {"compromise": "compromise", "application_failure": "recover"}
"""Disasters that have a table of their own, whatever the way back."""


def forecast(plan: Plan, recorded: Mapping[str, Sequence[float]] | None = None) -> Forecast:
    """`recorded`: durations in seconds that runs of each step took, by the step's name."""
    return along(plan, waves_for, recorded)


def waves_for(plan: Plan, method: Method, objective: Objective) -> Waves | None:
    """See `model.forecast.Tables`."""
    name = BY_DISASTER.get(objective.disaster) or TABLES.get(method)
    if name == "compromise" and objective.is_in_place(plan.primary.name):
        name = "contain"
    if name is None:
        return None
    waves = []
    more = {}
    if name == "recover":
        service = slowest_to_climb(plan, objective.component)
        if service is None:
            return None
        more = {"service": service}
    for wave in table(name, plan, Options(to=objective.recover_at, more=more)).waves():
        waves.append([_row(row) for row in wave])
        if any(row.does is Does.SEE_TIERS for row in wave):
            break
    return waves


def slowest_to_climb(plan: Plan, component: str | None) -> str | None:
    """
    The service that takes longest to start, of those that may fail; None where the component is no service, or where
    one of them is of a kind that no driver of the primary's cloud starts anew by a call.
    """
    services = [each for each in plan.services if component in (None, each.name)]
    if not services or any(why_not_serve(plan.primary.cloud, each.kind) for each in services):
        return None
    return max(services, key=lambda each: each.startup.total_seconds() if each.startup else 0.0).name


def _row(row: Row) -> TableRow:
    return TableRow(
        step=row.step_name,
        subject=row.subject,
        after=row.after,
        opens=row.does is Does.SEE_SERVICE,
        starts=row.does is Does.START_SERVICE,
    )

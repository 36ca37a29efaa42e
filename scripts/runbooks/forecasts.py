"""What a plan can reach, reckoned along the rows of the very tables that would run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

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
"""The table for each way back; a compromise has one of its own. What has none is answered by nothing that we run."""


def forecast(plan: Plan, recorded: Mapping[str, Sequence[float]] | None = None) -> Forecast:
    """`recorded`: durations in seconds that runs of each step took, by the step's name."""
    return along(plan, waves_for, recorded)


def waves_for(plan: Plan, method: Method, objective: Objective) -> Waves | None:
    """See `model.forecast.Tables`."""
    name = "compromise" if objective.disaster == "compromise" else TABLES.get(method)
    if name is None:
        return None
    waves = []
    for wave in table(name, plan, Options(to=objective.recover_at)).waves():
        waves.append([_row(row) for row in wave])
        if any(row.does is Does.SEE_TIERS for row in wave):
            break
    return waves


def _row(row: Row) -> TableRow:
    return TableRow(
        step=row.step_name,
        subject=row.subject,
        after=row.after,
        opens=row.does is Does.SEE_SERVICE,
        starts=row.does is Does.START_SERVICE,
    )

"""What an objective holds a recovery to: one judgement for what is forecast and for what is measured."""

from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .objectives import Objective
    from .plan import Plan


def tier_limit(plan: "Plan", objective: "Objective | None", tier: int) -> timedelta | None:
    """
    How long the services of a tier may be down in a disaster; None where their tier does not bind.

    Tiers say how long a service may be down in what the system is made to ride out. A disaster whose own objective is
    longer than that of every tier (a cold activation) is held to its objective alone. Without an objective (a planned
    switch) every tier binds. Raises KeyError for a tier that the plan does not have.
    """
    limit = plan.max_downtime(tier)
    if objective is not None and objective.rto > max(entry.max_downtime for entry in plan.tiers):
        return None
    return limit

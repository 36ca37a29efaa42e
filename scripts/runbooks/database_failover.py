"""A database's node fails and its standby in the same region takes over: no site changes, so neither does the epoch."""

from __future__ import annotations

from model import Plan
from scripts.runbooks.failover import LOOKS
from scripts.runs.runbook import Does, Row, Runbook
from scripts.steps.fail_over_database import fail_over_database
from scripts.steps.verify_service import verify_service
from scripts.steps.verify_tiers import verify_tiers


def database_failover(plan: Plan, databases: tuple[str, ...]) -> Runbook:
    """For the databases that failed."""
    return Runbook("database_failover", (
        *(
            Row("promote", fail_over_database, f"Let the standby of {name} take over",
                subject=plan.incarnated_store(name).name,
                wave="promote", why_no_undo="the former node becomes the standby; fail over again to return")
            for name in databases
        ),
        Row("verify", verify_service, "See the service answer and accept writes", why_no_undo=LOOKS,
            does=Does.SEE_SERVICE),
        Row("verify", verify_tiers, "See every tier at full strength", why_no_undo=LOOKS, does=Does.SEE_TIERS),
    ))  # fmt: skip

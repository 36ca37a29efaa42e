"""Open a service that was just deployed: until then its databases accept no writes."""

from __future__ import annotations

from model import Plan
from scripts.runs.runbook import Does, Row, Runbook
from scripts.steps.open_service import open_service


def opening(plan: Plan) -> Runbook:
    del plan
    return Runbook("open", (
        Row("open", open_service, "Give the first writer lease, guard the databases, and see a write accepted",
            undo="nobody renews a lease of a site that is gone: it runs out", attempts=3, does=Does.OPEN),
    ))  # fmt: skip

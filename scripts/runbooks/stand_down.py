"""Stand down: a cold site that was activated, and that the service has left, becomes cold again."""

from __future__ import annotations

from model import Plan
from scripts.runbooks.failover import LOOKS
from scripts.runs.runbook import Does, Row, Runbook
from scripts.steps.preview_stacks import preview_stacks
from scripts.steps.stand_down_site import stand_down_site
from scripts.steps.unprotect_site import unprotect_site


def stand_down(plan: Plan) -> Runbook:
    del plan
    return Runbook("stand_down", (
        Row("prepare", unprotect_site, "Lift the protection of what the site built for its time as active site",
            undo="declare it protected again"),
        Row("retire", stand_down_site, "Let go of its database and compute", point_of_no_return=True,
            why_no_undo="its final snapshot stays and can be restored", attempts=2),
        Row("verify", preview_stacks, "See that no stack would delete or replace anything", why_no_undo=LOOKS,
            does=Does.LOOK),
    ))  # fmt: skip

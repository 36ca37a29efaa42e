"""
Reopen: a move of the service broke off, and the site that it was to leave still holds every row. It serves again.

It is what `dr failover --to` the active site does when that takes no writes.
"""

from __future__ import annotations

from model import Plan
from scripts.runbooks.failover import LOOKS
from scripts.runs.runbook import Does, Row, Runbook
from scripts.steps.check_reopen import check_reopen
from scripts.steps.give_writes_back import give_writes_back
from scripts.steps.record_promotions import record_promotions
from scripts.steps.return_traffic import return_traffic
from scripts.steps.verify_service import verify_service
from scripts.steps.verify_tiers import verify_tiers


def reopen(plan: Plan) -> Runbook:
    del plan
    return Runbook("reopen", (
        Row("preflight", check_reopen, "See that no other site was opened since, or say what would be lost",
            why_no_undo=LOOKS, does=Does.CHECK),
        Row("open", give_writes_back, "Give the site its lease back, open its databases, and see a write accepted",
            undo="begin the move again", attempts=3, does=Does.OPEN),
        Row("traffic", return_traffic, "Take back the claims of the other sites",
            undo="claim the traffic for another site: `dr failover --planned`"),
        Row("verify", verify_service, "See the service answer and accept writes", why_no_undo=LOOKS,
            does=Does.SEE_SERVICE),
        Row("record", record_promotions, "Write into the settings which copies follow nobody any more",
            undo="the settings are files under version control"),
        Row("verify", verify_tiers, "See every tier at full strength", why_no_undo=LOOKS, does=Does.SEE_TIERS),
    ))  # fmt: skip

"""
Planned switchover, and failback, which is a switchover to the site where the service belongs: nothing is lost.

The old site is alive and takes part. Nothing of it is closed before both sides have been seen to be ready; then it is
told to stop, is seen refusing, and everything it wrote has arrived, all within a time that the plan sets. Until the new
site is promoted there is a way back, and `hand_over` takes it by itself.
"""

from __future__ import annotations

from model import Plan
from scripts.runbooks.failover import LOOKS, compute, takeover
from scripts.runbooks.own import checks
from scripts.runs.runbook import Does, Row, Runbook
from scripts.steps.check_hand_over import check_hand_over
from scripts.steps.check_target import check_target
from scripts.steps.declare_disaster import declare_disaster
from scripts.steps.hand_over import hand_over
from scripts.steps.preview_other_stacks import preview_other_stacks
from scripts.steps.reconcile_stack import reconcile_stack
from scripts.steps.record_topology import record_topology
from scripts.steps.verify_service import verify_service
from scripts.steps.verify_tiers import verify_tiers


def switchover(plan: Plan) -> Runbook:
    return Runbook("switchover", (
        Row("preflight", check_target, "Ask whether the target can take over, and how far it is behind",
            why_no_undo=LOOKS, does=Does.CHECK),
        Row("preflight", check_hand_over, "See both sides ready, and say what will be ended and for how long",
            why_no_undo=LOOKS, does=Does.CHECK),
        Row("declare", declare_disaster, "Say that the service moves, and start the clock",
            undo="stop here: nothing has been changed", does=Does.DECLARE),
        *compute(plan),
        *checks(plan, "before_switch"),
        Row("fence", hand_over, "Stop the old site's writes and see everything arrive, or open it again",
            undo="`dr failover --to` the old site opens it again: it holds every row", does=Does.STOP_WRITES),
        *takeover(plan),
        Row("verify", verify_service, "See the service answer and accept writes in the new site",
            why_no_undo=LOOKS, does=Does.SEE_SERVICE),
        Row("record", record_topology, "Write who is active into the settings of every stack",
            undo="the settings are files under version control"),
        Row("verify", verify_tiers, "See every tier at full strength", why_no_undo=LOOKS, does=Does.SEE_TIERS),
        *checks(plan, "after_failover"),
        Row("reconcile", reconcile_stack, "Bring the new site's stack in line: refresh, preview, update",
            wave="reconcile", why_no_undo="it declares what is already so", attempts=2),
        Row("reconcile", preview_other_stacks, "See that no other stack would delete or replace anything",
            wave="reconcile", why_no_undo=LOOKS, does=Does.LOOK),
    ))  # fmt: skip

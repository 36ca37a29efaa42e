"""
Planned switchover, and failback, which is a switchover to the site where the service belongs: nothing is lost.

The old site is alive and takes part: it is told to stop, is seen refusing, and everything it wrote has arrived before
the new site is promoted.
"""

from __future__ import annotations

from model import Plan
from scripts.runbooks.failover import LOOKS, compute, promotion
from scripts.runbooks.own import checks
from scripts.runs.runbook import Does, Row, Runbook
from scripts.steps.await_traffic import await_traffic
from scripts.steps.check_target import check_target
from scripts.steps.declare_disaster import declare_disaster
from scripts.steps.hand_over_lease import hand_over_lease
from scripts.steps.preview_other_stacks import preview_other_stacks
from scripts.steps.reconcile_stack import reconcile_stack
from scripts.steps.record_topology import record_topology
from scripts.steps.switch_traffic import switch_traffic
from scripts.steps.verify_service import verify_service
from scripts.steps.verify_tiers import verify_tiers
from scripts.steps.wait_for_replay import wait_for_replay


def switchover(plan: Plan) -> Runbook:
    return Runbook("switchover", (
        Row("preflight", check_target, "Ask whether the target can take over, and how far it is behind",
            why_no_undo=LOOKS, does=Does.CHECK),
        Row("declare", declare_disaster, "Say that the service moves, and start the clock",
            undo="stop here: nothing has been changed", does=Does.DECLARE),
        *compute(plan),
        *checks(plan, "before_switch"),
        Row("traffic", switch_traffic, "Send the traffic to the new site",
            undo="delete the claim: the record leads to the site before it again"),
        Row("traffic", await_traffic, "Wait until clients are sent to the new site", why_no_undo=LOOKS, does=Does.LOOK),
        Row("fence", hand_over_lease, "Stop the old site's writes and see one refused",
            undo="switch back: the lease then names the old site again", does=Does.STOP_WRITES),
        Row("fence", wait_for_replay, "Wait until the new site has everything", why_no_undo=LOOKS, does=Does.LOOK),
        *promotion(plan),
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

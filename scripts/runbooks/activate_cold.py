"""
Activate a cold site: nothing runs there, so its database is restored from the newest backup that lies there, by its
own stack.
"""

from __future__ import annotations

from model import Plan
from scripts.runbooks.failover import LOOKS, caches, compute
from scripts.runbooks.own import checks
from scripts.runs.runbook import Does, Row, Runbook
from scripts.steps.begin_caches import begin_caches
from scripts.steps.build_site import build_site
from scripts.steps.choose_restore_point import choose_restore_point
from scripts.steps.declare_disaster import declare_disaster
from scripts.steps.fence_old_writer import fence_old_writer
from scripts.steps.grant_lease import grant_lease
from scripts.steps.preview_stacks import preview_stacks
from scripts.steps.switch_traffic import switch_traffic
from scripts.steps.verify_service import verify_service
from scripts.steps.verify_tiers import verify_tiers


def activate_cold(plan: Plan) -> Runbook:
    return Runbook("activate_cold", (
        Row("preflight", choose_restore_point, "Choose the newest backup in the cold site and say how old it is",
            why_no_undo=LOOKS, does=Does.CHECK),
        Row("declare", declare_disaster, "Declare the disaster and start the clock",
            undo="stop here: nothing has been changed", does=Does.DECLARE),
        Row("fence", fence_old_writer, "Wait until the old writer has certainly stopped, and take its lease",
            undo="fail over back to the old site: the lease then names it again"),
        Row("build", build_site, "Restore the database and start the services, by the site's own stack",
            undo="`dr failback` makes the site cold again", attempts=2),
        *checks(plan, "before_switch"),
        *caches(plan, begin_caches, "Bring into the caches of the new site what lies there for them"),
        Row("promote", grant_lease, "Let the new site write, and see a write accepted", wave="open",
            point_of_no_return=True, why_no_undo="from here on the restored copy has a history of its own",
            attempts=3, does=Does.OPEN),
        Row("traffic", switch_traffic, "Claim the traffic for the new site", wave="open",
            undo="delete the claim: the record leads to the site before it again"),
        Row("verify", verify_service, "See the service answer and accept writes in the new site",
            why_no_undo=LOOKS, does=Does.SEE_SERVICE),
        *compute(plan),
        Row("verify", verify_tiers, "See every tier at full strength", why_no_undo=LOOKS, does=Does.SEE_TIERS),
        *checks(plan, "after_restore"),
        *checks(plan, "after_failover"),
        Row("reconcile", preview_stacks, "See that no stack would delete or replace anything",
            why_no_undo=LOOKS, does=Does.LOOK),
    ))  # fmt: skip

"""
Compromise: somebody else had their hands in the active site. It is left as it is, closed, and the service is built anew
in a clean site, from the last state that is known to be clean, with credentials that were never seen there.
"""

from __future__ import annotations

from model import Plan
from scripts.runbooks.failover import LOOKS, compute
from scripts.runbooks.own import checks, hooks
from scripts.runs.runbook import Does, Row, Runbook
from scripts.steps.build_site import build_site
from scripts.steps.choose_clean_point import choose_clean_point
from scripts.steps.declare_disaster import declare_disaster
from scripts.steps.fence_compromised_writer import fence_compromised_writer
from scripts.steps.inspect_restored import inspect_restored
from scripts.steps.isolate_site import isolate_site
from scripts.steps.open_clean_site import open_clean_site
from scripts.steps.preserve_evidence import preserve_evidence
from scripts.steps.preview_stacks import preview_stacks
from scripts.steps.revoke_credentials import revoke_credentials
from scripts.steps.rotate_credentials import rotate_credentials
from scripts.steps.switch_traffic import switch_traffic
from scripts.steps.verify_service import verify_service
from scripts.steps.verify_tiers import verify_tiers

CLOSED = "the journal holds what was closed; `dr reprotect --declared-clean` gives it back"


def compromise(plan: Plan, isolated: tuple[str, ...]) -> Runbook:
    """For the sites that count as compromised."""
    return Runbook("compromise", (
        Row("preflight", choose_clean_point, "Choose the last state known to be clean and say what is given up",
            why_no_undo=LOOKS, does=Does.CHECK),
        Row("declare", declare_disaster, "Declare the disaster and start the clock",
            undo="stop here: nothing has been changed", does=Does.DECLARE),
        Row("fence", fence_compromised_writer, "Take the writer lease, for nobody, and see that no write goes in",
            undo="`dr resume` only: nobody may write until the clean site does", attempts=3),
        *(
            Row("isolate", isolate_site, f"Close the network around {site} and stop its pods", subject=site,
                wave="isolate", undo=CLOSED, attempts=3)
            for site in isolated
        ),
        *(
            Row("revoke", revoke_credentials, f"End the sessions and the passwords of {site}", subject=site,
                wave="revoke", why_no_undo="nobody wants them back", attempts=3)
            for site in isolated
        ),
        *(
            Row("preserve", preserve_evidence, f"Keep {each.name} as it is now, here and in the clean site's region",
                subject=each.name, wave="build", why_no_undo="evidence is never deleted", attempts=3)
            for each in plan.incarnated_stores
        ),
        Row("rotate", rotate_credentials, "Give the clean site a password that nobody has seen", wave="build",
            undo="its secret keeps the version before it", attempts=3),
        Row("build", build_site, "Restore the database and start the services, by the clean site's own stack",
            wave="build", after=("rotate_credentials",), undo="`dr failback` makes the site cold again", attempts=2),
        Row("inspect", inspect_restored, "Look inside: readable, nothing younger, and no other login",
            undo="a locked login is unlocked by hand: ALTER ROLE ... LOGIN", attempts=2),
        *checks(plan, "before_switch"),
        Row("open", open_clean_site, "Let the clean site write, and see a write accepted", point_of_no_return=True,
            why_no_undo="from here on the restored copy has a history of its own", attempts=2, does=Does.OPEN),
        *hooks(plan, "revoke_api_keys"),
        Row("traffic", switch_traffic, "Claim the traffic for the clean site",
            undo="delete the claim: the record leads to the site before it again", attempts=3),
        Row("verify", verify_service, "See the service answer and accept writes in the clean site",
            why_no_undo=LOOKS, does=Does.SEE_SERVICE),
        *compute(plan),
        Row("verify", verify_tiers, "See every tier at full strength", why_no_undo=LOOKS, does=Does.SEE_TIERS),
        *checks(plan, "after_restore"),
        *checks(plan, "after_failover"),
        Row("reconcile", preview_stacks, "See that no stack would delete or replace anything",
            why_no_undo=LOOKS, does=Does.LOOK),
    ))  # fmt: skip

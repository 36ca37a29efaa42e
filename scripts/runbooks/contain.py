"""
Contain: somebody has what they should not have, a key, a password or a session, and the service goes on where it is.
All of these are made worthless; whoever is inside is put out; then the application's own records are asked.
"""

from __future__ import annotations

from model import Plan
from scripts.runbooks.failover import LOOKS
from scripts.runbooks.own import hooks
from scripts.runs.runbook import Does, Row, Runbook
from scripts.steps.assess_breach import assess_breach
from scripts.steps.block_addresses import block_addresses
from scripts.steps.declare_disaster import declare_disaster
from scripts.steps.end_old_sessions import end_old_sessions
from scripts.steps.end_role_sessions import end_role_sessions
from scripts.steps.look_at_breach import look_at_breach
from scripts.steps.renew_logins import renew_logins
from scripts.steps.restart_agent import restart_agent
from scripts.steps.restart_followers import restart_followers
from scripts.steps.restart_with_new_login import restart_with_new_login
from scripts.steps.say_what_is_left import say_what_is_left
from scripts.steps.verify_service import verify_service
from scripts.steps.verify_tiers import verify_tiers

NOT_WANTED = "nobody wants them back"


BLOCK = Row(
    "block", block_addresses, "Keep the named addresses out at every front door",
    undo="`dr contain --unblock ADDRESS`", attempts=3,
)  # fmt: skip


def contain(plan: Plan) -> Runbook:
    return Runbook("contain", (
        Row("preflight", look_at_breach, "Look what can be closed, and say what will be left",
            why_no_undo=LOOKS, does=Does.CHECK),
        Row("declare", declare_disaster, "Declare the breach and start the clock",
            undo="stop here: nothing has been changed", does=Does.DECLARE),
        *((BLOCK,) if plan.traffic.firewall else ()),
        *hooks(plan, "log_more", "revoke_api_keys"),
        Row("renew", renew_logins, "Give the databases another password, and every service another login",
            why_no_undo=NOT_WANTED, attempts=2),
        Row("end", end_role_sessions, "End the sessions of the roles of agent and services", why_no_undo=NOT_WANTED,
            attempts=3),
        Row("restart", restart_agent, "Start the agent anew: it lets the services in with their new logins",
            why_no_undo="what ran before is replaced by the same again", attempts=2),
        *(
            Row("restart", restart_with_new_login, f"Start {each.name} anew with its new login", subject=each.name,
                wave="restart", why_no_undo="what ran before is replaced by the same again", attempts=2)
            for each in plan.services
        ),
        Row("end", end_old_sessions, "End every session that logged in with an old password", why_no_undo=NOT_WANTED,
            attempts=3),
        Row("verify", verify_service, "See the service answer and accept writes", why_no_undo=LOOKS,
            does=Does.SEE_SERVICE),
        Row("verify", verify_tiers, "See every tier at full strength", why_no_undo=LOOKS, does=Does.SEE_TIERS),
        Row("follow", restart_followers, "Start what runs in the sites that follow anew, with the same logins",
            why_no_undo="what ran before is replaced by the same again", attempts=2),
        Row("assess", assess_breach, "Ask the application's own records what was done", why_no_undo=LOOKS,
            does=Does.MEASURE),
        Row("report", say_what_is_left, "Say what is closed and what is not", why_no_undo=LOOKS, does=Does.LOOK),
    ))  # fmt: skip

"""Look what a containment meets, and what it will leave as it is, before anything changes."""

from __future__ import annotations

from model.logins import MIGRATE, service_role, users_of
from scripts.acts.firewalls import need_firewall
from scripts.core.errors import Refused
from scripts.runs.findings import BreachSeen
from scripts.runs.runbook import Context, Result
from scripts.runs.targets import target

REVOKES_KEYS, LOGS_MORE = "revoke_api_keys", "log_more"


def look_at_breach(context: Context) -> Result:
    """
    Raises Refused for a site that is not the active one and for addresses where the plan has no firewall, and what a
    site raises that does not answer.
    """
    plan, site = context.plan, target(context)
    if site != context.topology.active_site:
        raise Refused(f"{site} is not the active site", "a breach is contained where the service runs")
    left = []
    if REVOKES_KEYS not in plan.hooks:
        left.append(f"keys that the application itself gave out: the plan has no hook {REVOKES_KEYS}")
    if LOGS_MORE not in plan.hooks:
        left.append(f"what the application logs: the plan has no hook {LOGS_MORE}")
    for name, number in context.topology.incarnations(site).items():
        own = context.clouds.store(site, name, number).clouds_own_users
        found = context.clouds.engine(site, name, number).other_logins(own)
        ours = {MIGRATE, *map(service_role, users_of(plan, name))}
        if others := sorted(user for user, may in found.items() if may and user not in ours):
            left.append(f"{name} lets in {', '.join(others)}, whose passwords are not ours to renew")
    if (reason := context.clouds.at(site).isolation(()).why_sessions_stay()) is not None:
        left.append(f"sessions of roles: {reason}")
    if context.options.more.get("block"):
        need_firewall(plan)
    elif plan.traffic.firewall:
        left.append("addresses: none was named (`--block`)")
    else:
        left.append("addresses: nothing that the plan declares keeps single addresses out")
    return Result("done", f"{site} goes on; left as it is: {'; '.join(left)}", BreachSeen(left=left))

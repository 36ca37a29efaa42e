"""End every session of a store that logged in with an old password: a new one keeps nobody out who is inside."""

from __future__ import annotations

from scripts.runs.findings import LoginsRenewed
from scripts.runs.runbook import Context, Result
from scripts.runs.targets import target


def end_old_sessions(context: Context) -> Result:
    """Repeatable. Evidence: whose sessions ended, by store. Raises DatabaseFailed for one that does not end."""
    site, ended = target(context), dict[str, list[str]]()
    for store, before in context.need(LoginsRenewed).clocks.items():
        number = context.topology.incarnation(site, store)
        ended[store] = context.clouds.engine(site, store, number).end_sessions(before)
    who = sorted({user for users in ended.values() for user in users})
    return Result("done", f"old sessions of {', '.join(who) or 'nobody'} were ended", {"users": ended})

"""Look into what was restored, before anybody may write to it."""

from __future__ import annotations

from scripts.core.errors import DatabaseFailed
from scripts.runs.findings import CleanPointsChosen
from scripts.runs.runbook import Context, Result
from scripts.runs.targets import incarnations_now, target


def inspect_restored(context: Context) -> Result:
    """
    Every table can be read, nothing is younger than the clean moment, and no login but the service's own is left: the
    passwords of all others were in the hands of whoever had the database, and some may be theirs.

    Raises DatabaseFailed.
    """
    plan, site = context.plan, target(context)
    clean = context.need(CleanPointsChosen).clean_before
    ttl = plan.fencing.lease.ttl
    tables: dict[str, list[str]] = {}
    locked: dict[str, list[str]] = {}
    for each in plan.incarnated_stores:
        restored = context.clouds.engine(site, each.name, incarnations_now(context)[each.name])
        found = restored.look_inside(f"{site}'s {each.name}")
        if found.heartbeat > clean + ttl:  # a lease is valid for one ttl from its renewal
            raise DatabaseFailed(
                f"{site}'s {each.name} shows life from {found.heartbeat.isoformat()}, after the clean moment",
                "restore another backup: `dr verify-backups` looks into each of them",
            )
        clouds_own = context.clouds.store(site, each.name, incarnations_now(context)[each.name]).clouds_own_users
        for name, may in restored.other_logins(clouds_own).items():
            if may:
                restored.lock_login(name)
        others = restored.other_logins(clouds_own)
        locked[each.name] = sorted(others)
        if left := [name for name, may in others.items() if may]:
            raise DatabaseFailed(f"{', '.join(left)} can still log in to {site}'s {each.name}", "lock them by hand")
        tables[each.name] = list(found.tables)
    closed = ", ".join(name for names in locked.values() for name in names)
    said = f"{site} holds nothing from after {clean.isoformat()}, and every table can be read"
    said += f"; {closed} can no longer log in" if closed else ""
    return Result("done", said, {"tables": tables, "cannot_log_in": locked})

"""The database's node is gone: let its standby in the same region take its name."""

from __future__ import annotations

from functools import partial

from scripts.clouds.protocol import StoreFeature, need
from scripts.core.errors import Refused
from scripts.core.waiting import wait_until
from scripts.engines.postgres.session import Database
from scripts.engines.postgres.writes import try_write
from scripts.runs.runbook import Context, Result
from scripts.runs.targets import target


def why_not_fail_over(context: Context) -> str | None:
    """The reason, or None."""
    if context.plan.incarnated_store(context.subject).standby != "same_region":
        return f"{context.subject} has no standby in its region"
    return None


def fail_over_database(context: Context) -> Result:
    """`context.subject` names the database; the target is the active site. Done when a write is accepted."""
    if reason := why_not_fail_over(context):
        raise Refused(reason, "fail over to another site")
    site, name, epoch = target(context), context.subject, context.topology.epoch
    number = context.topology.incarnation(site, name)
    database = context.clouds.database(site, name, number)
    quick = Database(database.login, connect_timeout=0.3, timeout=0.3)
    if not context.options.more.get("seen_down") and try_write(quick, site, epoch).accepted:
        return Result("already", f"{site}'s {name} accepts writes", {})
    managed = context.clouds.store(site, name, number)
    identifier = managed.identifier
    need(identifier, "fail over to a standby", able=StoreFeature.STANDBY in managed.features)
    managed.fail_over_in_region()
    wait_until(partial(_accepts, quick, site, epoch), seconds=600, what=f"{identifier} to accept writes", every=0.02)
    return Result("done", f"{identifier} runs on its standby and accepts writes", {"identifier": identifier})


def _accepts(database: Database, site: str, epoch: int) -> bool:
    return try_write(database, site, epoch).accepted

"""Is everything back? Each tier's services are at the strength of an active site."""

from __future__ import annotations

from functools import partial

from scripts.core.waiting import wait_until
from scripts.runs.runbook import Context, Result
from scripts.runs.targets import target

BOUND_SECONDS = 300


def verify_tiers(context: Context) -> Result:
    """Marks `verified`. Raises OutcomeUnknown, which names what is missing."""
    plan, site = context.plan, target(context)
    wait_until(
        partial(_all_ready, context), seconds=BOUND_SECONDS, what=f"every service of {site} to be ready", every=0.1
    )
    tiers = {tier.tier: [each.name for each in plan.services if each.tier == tier.tier] for tier in plan.tiers}
    context.journal.mark("verified", f"every tier is back in {site}")
    return Result("done", f"every service of {len(tiers)} tiers is ready in {site}", {"tiers": tiers})


def _missing(context: Context) -> list[str]:
    """The services that have fewer ready than an active site has."""
    found = context.clouds.at(target(context)).running()
    return [
        each.name for each in context.plan.services
        if each.name not in found or found[each.name].ready < each.replicas.active
    ]  # fmt: skip


def _all_ready(context: Context) -> bool:
    return not _missing(context)

"""
Activate a cold site: its database is restored from the chosen backup and its services are started, by the site's own
stack.
"""

from __future__ import annotations

from model.topology import after_cold_activation, after_isolation
from scripts.acts.discard import discard_failed
from scripts.acts.restore_points import at_stake_seconds, next_restore_point
from scripts.acts.stacks import refuse_destruction
from scripts.runs.findings import Built, CleanPointsChosen, NewestPointsChosen, PointsChosen
from scripts.runs.runbook import Context, Result
from scripts.runs.targets import isolated, target


def build_site(context: Context) -> Result:
    """
    Evidence: the incarnation that was built. The topology is written first, so that the program declares the site
    active. A restore that failed before is tried from the next point, where the points are the newest ones.
    """
    plan, site = context.plan, target(context)
    sources, at_stake = context.need(PointsChosen).sources, None
    failed = discard_failed(context, site, after_cold_activation(context.topology, plan, site, sources))
    if context.found(NewestPointsChosen) is not None:
        others = {name: point for name in failed if (point := next_restore_point(context, name)) is not None}
        sources |= {name: point.declared for name, point in others.items()}
        at_stake = at_stake_seconds(context, others) if others else None
    new = after_cold_activation(context.topology, plan, site, sources)
    if (clean := context.found(CleanPointsChosen)) is not None:
        new = after_isolation(new, plan, isolated(context), clean.clean_before)
    context.stacks.write_topology(new)
    stack = plan.site(site).stack
    refuse_destruction(context.stacks.preview(stack))
    changes = context.stacks.up(stack)
    for store, number in new.incarnations(site).items():
        context.clouds.engine_of_restored(site, store, context.clouds.store(site, store, number)).close()
    said = f"{site} holds {new.inventory(site)}, restored from {', '.join(sources.values())}, and its services"
    found = Built(
        incarnations=new.incarnations(site),
        restored_from=sources,
        topology=new.to_config(),
        update=changes.to_json(),
        data_at_stake_seconds=at_stake,
    )
    return Result("done", said, found)

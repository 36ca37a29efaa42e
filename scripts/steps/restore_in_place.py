"""Build a new incarnation of the active site's stores from a point in time, beside the one that is left."""

from __future__ import annotations

from contextlib import closing

from scripts.acts.discard import discard_failed
from scripts.acts.stacks import refuse_destruction
from scripts.acts.topologies import restored
from scripts.runs.findings import Built, MomentChosen
from scripts.runs.runbook import Context, Result
from scripts.runs.targets import chosen_stores, target


def restore_in_place(context: Context) -> Result:
    """
    Evidence: what tells later which transactions it lacks. Raises EngineFailed when the preview would delete or replace
    anything.
    """
    site, new = target(context), restored(context)
    stack = context.plan.site(site).stack
    discard_failed(context, site, new)
    context.stacks.write_topology(new)
    preview = context.stacks.preview(stack)
    refuse_destruction(preview)
    changes = context.stacks.up(stack)
    oldest = {}
    for each in chosen_stores(context):
        managed = context.clouds.store(site, each.name, new.incarnation(site, each.name))
        with closing(context.clouds.engine_of_restored(site, each.name, managed)) as inside:
            oldest[each.name] = inside.position().oldest_xid
    evidence = Built(
        incarnations=new.incarnations(site),
        restored_from=context.need(MomentChosen).sources,
        topology=new.to_config(),
        update=changes.to_json(),
        oldest_xids=oldest,
    )
    return Result("done", f"{site} holds {new.inventory(site)}, as it was at the chosen moment", evidence)

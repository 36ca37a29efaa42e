"""
Build a new incarnation of the site's database, as a replica of the active one, beside the one that was left behind.
"""

from __future__ import annotations

from scripts.acts.discard import discard_failed
from scripts.acts.stacks import refuse_destruction
from scripts.acts.topologies import protected
from scripts.runs.runbook import Context, Result
from scripts.runs.targets import target


def rebuild_replica(context: Context) -> Result:
    """Raises EngineFailed when the preview would delete or replace anything."""
    site, new = target(context), protected(context)
    stack = context.plan.site(site).stack
    discard_failed(context, site, new)
    preview = context.stacks.preview(stack)
    refuse_destruction(preview)
    changes = context.stacks.up(stack) if preview.real else preview
    said = f"{site} holds {new.inventory(site)}, following {new.active_site}"
    evidence = {"incarnations": new.incarnations(site), "update": changes.to_json()}
    return Result("done" if preview.real else "already", said, evidence)

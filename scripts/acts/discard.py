"""
A database that never came up stands in the way of another try: nobody ever wrote to it, so it goes, and is made anew.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from scripts.clouds.protocol import Phase
from scripts.core.waiting import wait_until
from scripts.probes.declared import urns_of
from scripts.runs.runbook import Context

if TYPE_CHECKING:
    from model.topology import Topology
    from scripts.clouds.protocol import ManagedStore

BOUND_SECONDS = 300
DISCARDED = "discarded"
"""The name of the journal's notes; `source` is what the database was to be restored from."""


def discard_failed(context: Context, site: str, new: Topology) -> list[str]:
    """
    Delete those databases of the incarnation that `new` declares which were begun and never came up, and let the stack
    know. Gives their names. Raises CloudFailed, OutcomeUnknown, EngineFailed.
    """
    plan = context.plan
    gone: dict[str, ManagedStore] = {}
    for each in plan.incarnated_stores:
        managed = context.clouds.store(site, each.name, new.incarnation(site, each.name))
        found = managed.state()
        if found is None or found.phase is not Phase.FAILED:
            continue
        present = context.stacks.read_topology().held(site, each.name)
        source = present.restored_from if present is not None else None
        said = f"{found.identifier} never came up (it is {found.said}): it is deleted, and made anew"
        context.journal.note(DISCARDED, said, identifier=found.identifier, status=found.said, source=source)
        managed.discard()
        wait_until(
            partial(_is_gone, managed), seconds=BOUND_SECONDS, what=f"{found.identifier} to be deleted", every=0.2
        )
        gone[each.name] = managed
    if gone:
        stack = plan.site(site).stack
        context.stacks.refresh(stack, target=urns_of(context, stack, gone.values()))
    return [*gone]


def _is_gone(managed: ManagedStore) -> bool:
    return managed.state() is None

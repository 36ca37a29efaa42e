"""
A database that never came up stands in the way of another try: nobody ever wrote to it, so it goes, and is made anew.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING

from model import names
from scripts.core.waiting import wait_until
from scripts.runs.runbook import Context

if TYPE_CHECKING:
    from model.topology import Topology

BOUND_SECONDS = 300
NEVER_CAME_UP = frozenset({"failed", "incompatible-network", "incompatible-restore", "insufficient-capacity"})
"""RDS: states of an instance that was being made, from which it does not recover by itself."""
DISCARDED = "discarded"
"""The name of the journal's notes; `source` is what the database was to be restored from."""


def discard_failed(context: Context, site: str, new: Topology) -> list[str]:
    """
    Delete those databases of the incarnation that `new` declares which were begun and never came up, and let the stack
    know. Gives their names. Raises CloudFailed, OutcomeUnknown, EngineFailed.
    """
    plan, aws, region = context.plan, context.clouds.aws, context.clouds.region(site)
    identifiers: dict[str, str] = {}
    for each in plan.incarnated_stores:
        identifier = names.database_identifier(plan, site, each.name, new.built(site))
        found = aws.database(region, identifier)
        if found is None or found.status not in NEVER_CAME_UP:
            continue
        present = context.stacks.read_topology().databases.get(site)
        source = present.backup_of(each.name) if present is not None else None
        said = f"{identifier} never came up (it is {found.status}): it is deleted, and made anew"
        context.journal.note(DISCARDED, said, identifier=identifier, status=found.status, source=source)
        aws.discard(region, identifier)
        gone = partial(_is_gone, context, region, identifier)
        wait_until(gone, seconds=BOUND_SECONDS, what=f"{identifier} to be deleted", every=0.2)
        identifiers[each.name] = identifier
    if identifiers:
        stack = plan.site(site).stack
        context.stacks.refresh(stack, target=_urns(context, stack, identifiers.values()))
    return [*identifiers]


def _is_gone(context: Context, region: str, identifier: str) -> bool:
    return context.clouds.aws.database(region, identifier) is None


def _urns(context: Context, stack: str, identifiers: Iterable[str]) -> list[str]:
    from scripts.packs.state_resources import resources_of  # noqa: PLC0415 (the SDK is loaded where it is wanted)

    wanted = set(identifiers)
    return [
        each.urn for each in resources_of(context.stacks.export(stack), f"stack {stack}")
        if each.type == "aws:rds/instance:Instance" and each.inputs.get("identifier") in wanted
    ]  # fmt: skip

"""What a stack holds that would be lost with it, and what keeps it from being deleted."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from scripts.clouds.protocol import Holding

if TYPE_CHECKING:
    from collections.abc import Mapping

    from model import Plan
    from scripts.clouds.access import Clouds
    from scripts.clouds.protocol import Declared

PROTECTED = "protected"  # by Pulumi


def holdings(plan: Plan, stack: str, resources: Iterable[Declared], clouds: Clouds) -> list[Holding]:
    """
    What holds data or is guarded, of the stack's resources and of what its stores left behind. Raises CloudFailed
    where a cloud cannot be asked.
    """
    kept, inventories = list(resources), clouds.inventories()
    found = []
    for resource in kept:
        guards = (PROTECTED,) if resource.protect else ()
        name = _text(resource.outputs, "bucket", "identifier", "name") or resource.name
        holding = Holding(stack, resource.type.rpartition(":")[2], name, guards=guards)
        for inventory in inventories:
            if inventory.knows(resource):
                holding = inventory.look(stack, resource, holding, kept)
        if holding.holds or holding.guards or holding.stuck:
            found.append(holding)
    return found + left_behind(plan, stack, clouds)


def left_behind(plan: Plan, stack: str, clouds: Clouds) -> list[Holding]:
    """What Pulumi knows nothing of any more: backups that outlived what they are of, in the stack's own region."""
    site = plan.sites_by_stack.get(stack)
    return [] if site is None else clouds.inventory(site.name).left_behind(stack, site.name)


def delete_left_behind(plan: Plan, stack: str, clouds: Clouds) -> list[Holding]:
    """Delete it; gives what was there. Raises CloudFailed."""
    found = left_behind(plan, stack, clouds)
    for each in found:
        site = plan.sites_by_stack[stack].name
        clouds.inventory(site).delete_left_behind(each, site)
    return found


def _text(values: Mapping[str, Any], *keys: str) -> str:
    """The first of these that is a text."""
    return next((value for key in keys if isinstance(value := values.get(key), str) and value), "")

"""What a stack's state says of the stores and services that it declares."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scripts.clouds.protocol import Declared, ManagedService, ManagedStore
    from scripts.runs.runbook import Context


def urns_of(context: Context, stack: str, managed: Iterable[ManagedStore]) -> list[str]:
    """The URNs of the resources that stand for these instances in a stack's state. Raises EngineFailed, BadInput."""
    wanted = list(managed)
    return [each.urn for each in _resources(context, stack) if any(one.is_declared_by(each) for one in wanted)]


def declared_by(context: Context, stack: str, managed: ManagedService) -> Declared | None:
    """The resource that stands for a service in a stack's state; None where there is none. Raises as above."""
    return next((each for each in _resources(context, stack) if managed.is_declared_by(each)), None)


def resources_for(context: Context, stack: str, managed: ManagedService) -> list[str]:
    """The URNs of what can be made anew to have a service as the code says. Raises as above."""
    return managed.resources(_resources(context, stack))


def _resources(context: Context, stack: str) -> Sequence[Declared]:
    from scripts.packs.state_resources import resources_of  # noqa: PLC0415 (the SDK is loaded where it is wanted)

    return resources_of(context.stacks.export(stack), f"stack {stack}")

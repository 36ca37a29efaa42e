"""
What the components can build. The plan's model knows more, so that a plan can be written, and its forecast be seen,
before there is a component for all of it; such a plan is refused before anything is made.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from .durations import quote
from .mistakes import listed


@dataclass(frozen=True)
class Built:
    """
    Of one cloud: kinds of stores with the ways that each is replicated, kinds of services, and the classes of archived
    objects.
    """

    stores: Mapping[str, tuple[str, ...]]
    services: tuple[str, ...]
    storage_classes: tuple[str, ...]


CLOUDS = {
    "aws": Built(
        # RDS sends nothing to another region synchronously.
        stores={"postgres": ("asynchronous", "none"), "objects": ()},
        services=("pods",),
        storage_classes=("GLACIER", "GLACIER_IR", "DEEP_ARCHIVE"),
    ),
}


def why_not_build_in(cloud: str) -> str | None:
    """The reason, or None."""
    return None if cloud in CLOUDS else f"{quote(cloud)} has no components; there is {listed(tuple(CLOUDS))}"


def why_not_store(cloud: str, kind: str) -> str | None:
    """The reason, or None; also None for a cloud that has no components at all."""
    if cloud not in CLOUDS or kind in CLOUDS[cloud].stores:
        return None
    return f"{quote(kind)} has no component on {cloud}; there is {listed(tuple(CLOUDS[cloud].stores))}"


def why_not_serve(cloud: str, kind: str) -> str | None:
    """The reason, or None; also None for a cloud that has no components at all."""
    if cloud not in CLOUDS or kind in CLOUDS[cloud].services:
        return None
    return f"{quote(kind)} has no component on {cloud}; there is {listed(CLOUDS[cloud].services)}"


def why_not_replicate(cloud: str, kind: str, mode: str) -> str | None:
    """The reason, or None; also None for a kind that has no component."""
    modes = CLOUDS[cloud].stores.get(kind) if cloud in CLOUDS else None
    if modes is None or mode in modes:
        return None
    return f"{quote(mode)} is not built for {kind} on {cloud}; there is {listed(modes)}"


def why_not_archive(cloud: str, storage_class: str) -> str | None:
    """The reason, or None; also None for a cloud that has no components at all."""
    if cloud not in CLOUDS or storage_class in CLOUDS[cloud].storage_classes:
        return None
    there = listed(CLOUDS[cloud].storage_classes)
    return f"{quote(storage_class)} is not a class of archives on {cloud}; there is {there}"

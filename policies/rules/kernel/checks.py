"""Checks that many rules share, made from a property's path. Absent, odd and wrong values all break the rule."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from .context import Context
from .durations import longest_gap_minutes
from .model import Check
from .resource import Resource
from .values import Node, Unknown


def at_least(path: str, threshold: str, unit: str = "days", absent: float | None = None) -> Check:
    """The number at `path` is not below the threshold. `absent`: what the cloud takes when the property is left out."""

    def check(r: Resource, ctx: Context) -> Iterator[str]:
        node, needed = r[path], ctx.number(threshold)
        number = absent if node.raw is None and absent is not None else node.number()
        if number is None or number < needed:
            yield f"{path} is {node.shown()}, needs at least {needed:g} {unit}".rstrip()

    return check


def at_most(path: str, threshold: str, unit: str = "seconds", absent: float | None = None) -> Check:
    """The number at `path` is not above the threshold."""

    def check(r: Resource, ctx: Context) -> Iterator[str]:
        node, allowed = r[path], ctx.number(threshold)
        number = absent if node.raw is None and absent is not None else node.number()
        if number is None or number > allowed:
            yield f"{path} is {node.shown()}, may be at most {allowed:g} {unit}".rstrip()

    return check


def is_true(path: str, absent: bool = False) -> Check:
    """The flag at `path` is set. `absent`: what the cloud takes when the property is left out."""

    def check(r: Resource, ctx: Context) -> Iterator[str]:
        node = r[path]
        if (absent if node.raw is None else node.flag()) is not True:
            yield f"{path} is {node.shown()}, needs to be true"

    return check


def is_false(path: str, absent: bool = False) -> Check:
    """The flag at `path` is false. `absent`: the provider's default when the property is left out."""

    def check(r: Resource, ctx: Context) -> Iterator[str]:
        node = r[path]
        value = absent if node.raw is None else node.flag()
        if value is not False:
            yield f"{path} is {node.shown()}, needs to be false"

    return check


def is_one_of(path: str, *allowed: str, absent: str = "") -> Check:
    """The word at `path` is one of `allowed`, whatever its case. `absent`: what the cloud takes when it is left out."""
    lowered = {word.lower() for word in allowed}

    def check(r: Resource, ctx: Context) -> Iterator[str]:
        node = r[path]
        if ((absent if node.raw is None else node.text()) or "").lower() not in lowered:
            yield f"{path} is {node.shown()}, needs to be {' or '.join(allowed)}"

    return check


def is_present(path: str, what: str) -> Check:
    def check(r: Resource, ctx: Context) -> Iterator[str]:
        if not r[path].present():
            yield f"{path} is absent: {what}"

    return check


def unless(excused: Callable[[Resource], bool], check: Check) -> Check:
    """A check that is left out where the cloud does not take the property, or takes it from somewhere else."""

    def checked(r: Resource, ctx: Context) -> Iterator[str]:
        if not excused(r):
            yield from check(r, ctx)

    return checked


def runs_often_enough(path: str, threshold: str) -> Check:
    """The schedule at `path` never pauses longer than the threshold, in minutes."""

    def check(r: Resource, ctx: Context) -> Iterator[str]:
        yield from schedule_problem(r[path], ctx.number(threshold))

    return check


def schedule_problem(node: Node, longest_minutes: float) -> Iterator[str]:
    text = node.text()
    gap = longest_gap_minutes(text) if text else None
    if gap is None:
        yield f"{node.path} is {node.shown()}, which is not a schedule that can be read"
    elif gap > longest_minutes:
        yield f"{node.path} leaves up to {gap:g} minutes between runs, may be at most {longest_minutes:g}"


def each(nodes: Iterable[Node], look: Callable[[Node], Iterable[str]]) -> Iterator[str]:
    """What `look` says of each node. Unknown ones are raised after all were looked at, so that they hide nothing."""
    unknown: Unknown | None = None
    try:
        for node in nodes:
            try:
                yield from look(node)
            except Unknown as error:
                unknown = unknown or error
    except Unknown as error:
        unknown = unknown or error
    if unknown:
        raise unknown

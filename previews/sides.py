"""Changes made to one site only: drift between sites, by intent or by mistake."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from previews import property_paths
from previews.previewed import Resource, StackPreview, Step
from previews.safety import safe_path

_REGION = re.compile(
    r"\b(?:[a-z]{2}(?:-gov|-iso[a-z]?)?-(?:north|south|east|west|central|northeast|southeast|northwest|southwest)-?\d)\b"
)
# What differs between sites by its nature: names and places, and who follows whom.
_OWN = frozenset(
    {
        *("region", "location", "name", "identifier", "resourceGroupName", "serverName", "tags", "bucket", "metadata"),
        *("replicateSourceDb", "replicationSourceIdentifier", "globalClusterIdentifier", "sourceServerResourceId"),
        *("createMode", "replica", "replicationRole"),
    }
)


@dataclass(frozen=True, slots=True)
class OneSided:
    """A change in `site` whose counterpart in `other` does not get it. `effect`: now differs, now equal, or changed."""

    stack: str
    other: str
    op: str
    type: str
    name: str
    changed: tuple[str, ...]
    effect: str


def one_sided(previews: Sequence[StackPreview], sites: Mapping[str, str]) -> list[OneSided]:
    """
    Steps in one site's stack for which the same resource in another site's stack has no such step.

    `sites` maps stack to site name; other stacks (traffic, shared things) are left out. Resources correspond when
    their type and their name without site, stack and region are the same.
    """
    by_stack = {preview.stack: preview for preview in previews if preview.stack in sites}
    if len(by_stack) < 2:
        return []
    words = sorted({*sites, *sites.values(), "primary", "secondary", "tertiary"}, key=len, reverse=True)
    tokens = re.compile(r"(?:^|(?<=[-_./]))(?:" + "|".join(map(re.escape, words)) + r")(?=$|[-_./])")
    index: dict[tuple[str, str], dict[str, list[Step]]] = defaultdict(lambda: defaultdict(list))
    for stack, preview in by_stack.items():
        for step in preview.steps:
            if not step.type.startswith("pulumi:"):
                index[_key(step, tokens)][stack].append(step)
    found = [row for group in index.values() for row in _compare(group)]
    order = {"now differs": 0, "removed": 1, "added": 2, "changed": 3, "now equal": 4}
    return sorted(found, key=lambda row: (order[row.effect], row.stack, row.type, row.name))


def _key(step: Step, tokens: re.Pattern[str]) -> tuple[str, str]:
    return step.type, re.sub(r"[-_./]{2,}", "-", tokens.sub("", _REGION.sub("", step.name))).strip("-_./")


def _compare(group: Mapping[str, list[Step]]) -> Iterator[OneSided]:
    if len(group) < 2 or any(len(steps) != 1 for steps in group.values()):
        return  # nothing to compare with, or no telling which one corresponds
    for stack, (step,) in group.items():
        others = [(other, steps[0]) for other, steps in group.items() if other != stack]
        if step.op == "delete" and all(twin.op in {"same", "update"} for _, twin in others):
            yield OneSided(stack, others[0][0], step.op, step.type, step.name, (), "removed")
        elif step.op == "create" and all(twin.op in {"same", "update"} for _, twin in others):
            yield OneSided(stack, others[0][0], step.op, step.type, step.name, (), "added")
        elif step.op in {"update", "replace"}:
            yield from _updates(stack, step, others)


def _updates(stack: str, step: Step, others: list[tuple[str, Step]]) -> Iterator[OneSided]:
    for other, twin in others:
        alone: dict[str, list[str]] = defaultdict(list)
        for path in step.changed:
            keys = property_paths.keys_of(path)
            if str(keys[0]) in _OWN or path in twin.changed or keys[0] in twin.changed:
                continue
            alone[_effect(step, twin, keys)].append(safe_path(path))
        for effect, changed in alone.items():
            yield OneSided(stack, other, step.op, step.type, step.name, tuple(dict.fromkeys(changed))[:6], effect)


def _effect(step: Step, twin: Step, keys: tuple[str | int, ...]) -> str:
    if step.old is None or step.new is None or twin.new is None:
        return "changed"
    before, after, beside = (_print(side, keys) for side in (step.old, step.new, twin.new))
    if before == beside != after:
        return "now differs"
    return "now equal" if before != beside and after == beside else "changed"


def _print(side: Resource, keys: tuple[str | int, ...]) -> object:
    """Something equal for equal values: of the property itself where the inputs are kept, else of its top level."""
    return side.prints.get(str(keys[0])) if side.inputs is None else repr(property_paths.dig(side.inputs, keys))

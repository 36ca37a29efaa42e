"""What each step does to recovery: weaker, stronger, or for a person to judge."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from previews import property_paths
from previews.meanings import GUARDS, MEANINGS, STORES
from previews.meanings.table import ASPECT_RANK, Aspect, Better, Meaning
from previews.openness import openness
from previews.previewed import Resource, StackPreview, Step
from previews.safety import is_secret, is_unknown

_ABSENT_WORDS = "not set"
_SETTINGS = frozenset({Better.ON, Better.OFF, Better.PRESENT, Better.JUDGE})


class Direction(StrEnum):
    """What a change does to recovery. JUDGE: it touches recovery, and a person must say which way."""

    WEAKER = "weaker"
    STRONGER = "stronger"
    JUDGE = "judge"


@dataclass(frozen=True, slots=True)
class Change:
    """One line of the report. `before` and `after` are values as a person reads them; `item` names a list item."""

    stack: str
    urn: str
    type: str
    name: str
    label: str
    aspect: Aspect
    direction: Direction
    before: str = ""
    after: str = ""
    item: str = ""
    path: str = ""
    note: str = ""

    @property
    def rank(self) -> tuple[int, str, str, str]:
        return (ASPECT_RANK[self.aspect], self.stack, self.name, self.label)


def recovery_changes(previews: Iterable[StackPreview]) -> list[Change]:
    """Every change that touches recovery, most urgent aspect first."""
    changes = [change for preview in previews for step in preview.steps for change in step_changes(step)]
    return sorted(changes, key=lambda change: change.rank)


def step_changes(step: Step) -> Iterator[Change]:
    """
    Changes of one step. Steps that only read yield none, nor do components and what belongs to somebody else; a
    changed `protect` shows on unchanged steps too.
    """
    if not step.is_owned or step.op == "delete-replaced":
        return
    found = _changes_of(step)
    yield from (replace(each, note=_outside(each.note)) for each in found) if step.outside else found


def _outside(note: str) -> str:
    return f"{note}; changed outside" if note else "changed outside"


def _changes_of(step: Step) -> Iterator[Change]:
    if step.old is not None and step.new is not None and step.old is not step.new:
        yield from _option_changes(step, step.old, step.new)
        for meaning in MEANINGS.get(step.type, ()):
            if meaning.better is not Better.CLOSED:
                yield from _compare(step, meaning, step.old, step.new)
        yield from _moved_replica(step, step.old, step.new)
    yield from _opened(step)
    guard = GUARDS.get(step.type)
    if guard is not None and step.op in {"create", "delete", "import", "gone"}:
        gone = step.op in {"delete", "gone"}
        if not (gone and step.old is not None and step.old.retain):
            direction = Direction.WEAKER if gone else Direction.STRONGER
            yield _change(step, guard.label, guard.aspect, direction, note="removed" if gone else "added")
    if step.op == "delete" and step.old is not None and not step.old.retain:
        yield from _lost_replica(step, step.old)


def _opened(step: Step) -> Iterator[Change]:
    """Whom policies and access lists let in, also those that come or go with the resource itself."""
    if step.old is step.new or (step.op in {"delete", "gone"} and step.type in STORES):
        return
    sides = [(side.inputs if side else None) or {} for side in (step.old, step.new)]
    for meaning in MEANINGS.get(step.type, ()):
        if meaning.better is not Better.CLOSED:
            continue
        found = [property_paths.values_at(inputs, meaning.path) for inputs in sides]
        if found[0] == found[1]:
            continue
        before, after = (
            openness(meaning, *side) for side in zip(sides, (each.values() for each in found), strict=True)
        )
        shown = {"before": before.text, "after": after.text, "path": meaning.path}
        if after.is_worse_than(before):
            yield _change(step, meaning.label, meaning.aspect, Direction.WEAKER, **shown)
        elif after.unsure:
            yield _change(step, meaning.label, meaning.aspect, Direction.JUDGE, note=after.unsure, **shown)
        elif before.is_worse_than(after):
            yield _change(step, meaning.label, meaning.aspect, Direction.STRONGER, **shown)


def _lost_replica(step: Step, old: Resource) -> Iterator[Change]:
    for meaning in MEANINGS.get(step.type, ()):
        if meaning.better is Better.PROMOTE and _is_set(property_paths.value_at(old.inputs or {}, meaning.path)):
            yield _change(step, "replica", Aspect.REPLICA, Direction.WEAKER, note="removed", path=meaning.path)
            return


def _moved_replica(step: Step, old: Resource, new: Resource) -> Iterator[Change]:
    """A replica that moves into the region of its source protects from nothing that takes the region."""
    sources = [row.path for row in MEANINGS.get(step.type, ()) if row.better is Better.PROMOTE]
    source = next(
        (text for path in sources if isinstance(text := property_paths.value_at(new.inputs or {}, path), str)), ""
    )
    home = source.split(":", 5)[3] if source.startswith("arn:") and source.count(":") >= 5 else ""
    before, after = (str(property_paths.value_at(side.inputs or {}, "region") or "") for side in (old, new))
    if home and after == home and before not in {"", home}:
        note = "in the same region as its source"
        yield _change(
            step,
            "replica moved",
            Aspect.REPLICA,
            Direction.WEAKER,
            before=before,
            after=after,
            path="region",
            note=note,
        )


def _option_changes(step: Step, old: Resource, new: Resource) -> Iterator[Change]:
    if step.type not in STORES:
        return
    for label, before, after in (
        ("protect (the engine refuses to delete it)", old.protect, new.protect),
        ("retain on delete", old.retain, new.retain),
    ):
        if before != after:
            direction = Direction.STRONGER if after else Direction.WEAKER
            yield _change(step, label, Aspect.DELETION, direction, before=_switch(before), after=_switch(after))


def _change(step: Step, label: str, aspect: Aspect, direction: Direction, **more: str) -> Change:
    return Change(step.stack, step.urn, step.type, step.name, label, aspect, direction, **more)


def _compare(step: Step, meaning: Meaning, old: Resource, new: Resource) -> Iterator[Change]:
    before = property_paths.values_at(old.inputs or {}, meaning.path)
    after = property_paths.values_at(new.inputs or {}, meaning.path)
    if meaning.better in {Better.MORE, Better.FEWER}:
        for was, now in _sets(before, after):
            yield from _compare_sets(step, meaning, was, now)
        return
    if before == after or sorted(map(repr, before.values())) == sorted(map(repr, after.values())):
        return  # also when unnamed items of a list only changed places
    for item in {**before, **after}:
        if item and not meaning.limits and _says_nothing(meaning, item in before, item in after):
            continue
        yield from _compare_values(step, meaning, item, before.get(item), after.get(item))


def _says_nothing(meaning: Meaning, was: bool, stays: bool) -> bool:
    """
    Whether a list item that came or went says nothing: what it is set to is not a change of a setting.

    A rule that is gone is weaker where its absence is; a new one is counted by the row that counts members.
    """
    if was and stays:
        return False
    return not was or meaning.absent == "strong" or meaning.better in _SETTINGS


def _sets(before: dict[str, Any], after: dict[str, Any]) -> Iterator[tuple[list[Any] | None, list[Any] | None]]:
    """The sets to compare: one of all leaves, or where each item of a list has a set of its own that of each item."""
    if any(item and isinstance(value, list) for values in (before, after) for item, value in values.items()):
        yield from ((_members({"": before[item]}), _members({"": after[item]})) for item in before if item in after)
    else:
        yield _members(before), _members(after)


def _members(values: dict[str, Any]) -> list[Any] | None:
    """The leaves as one list, or None where nothing is given at all."""
    leaves: list[Any] = []
    for value in values.values():
        leaves.extend(value if isinstance(value, list) else [] if value is None else [value])
    return leaves or None


def _compare_sets(step: Step, meaning: Meaning, before: list[Any] | None, after: list[Any] | None) -> Iterator[Change]:
    if before == after:
        return
    hidden = [value for value in (*(before or ()), *(after or ())) if is_secret(value) or is_unknown(value)]
    lost = {str(v) for v in before or ()} - {str(v) for v in after or ()}
    won = {str(v) for v in after or ()} - {str(v) for v in before or ()}
    if not lost and not won:
        return
    shown = {"before": _list(before, meaning), "after": _list(after, meaning), "path": meaning.path}
    if hidden:
        yield _change(step, meaning.label, meaning.aspect, Direction.JUDGE, note="known only after the update", **shown)
        return
    shrinks, grows = bool(lost), bool(won)
    if meaning.absent == "strong" and (before is None or after is None):
        # No list at all covers everything (MORE) or leaves nothing out (FEWER).
        shrinks, grows = (
            (before is None, after is None) if meaning.better is Better.MORE else (after is None, before is None)
        )
    if meaning.better is Better.FEWER:
        shrinks, grows = grows, shrinks
    if shrinks and grows and not (before is None or after is None):
        direction = Direction.WEAKER if len(after or ()) < len(before or ()) else Direction.JUDGE
    else:
        direction = Direction.WEAKER if shrinks else Direction.STRONGER
    yield _change(step, meaning.label, meaning.aspect, direction, **shown)


def _compare_values(step: Step, meaning: Meaning, item: str, before: Any, after: Any) -> Iterator[Change]:
    before, after = (_or_default(meaning, value) for value in (before, after))
    if before == after:
        return
    shown = {
        "before": value_text(before, meaning),
        "after": value_text(after, meaning),
        "item": item,
        "path": meaning.path,
    }
    if any(is_secret(value) for value in (before, after)):
        yield _change(step, meaning.label, meaning.aspect, Direction.JUDGE, note="its value is secret", **shown)
    elif meaning.better is Better.PROMOTE:
        yield from _replication(step, meaning, before, after, shown)
    elif any(is_unknown(value) for value in (before, after)):
        if meaning.better is Better.PRESENT and _is_set(before) and _is_set(after):
            return  # it will be set, whichever value it gets
        yield _change(step, meaning.label, meaning.aspect, Direction.JUDGE, note="known only after the update", **shown)
    else:
        direction = _direction(meaning, before, after)
        if direction is not None:
            yield _change(step, meaning.label, meaning.aspect, direction, note=_not_taken(meaning, after), **shown)


def _or_default(meaning: Meaning, value: Any) -> Any:
    """What the cloud does where nothing is said, or where a duration of nothing means the same."""
    if value is None or (meaning.zero_is_default and _in_seconds(meaning, value) == 0):
        return meaning.default
    return value


def _not_taken(meaning: Meaning, value: Any) -> str:
    """Says so where a value is none of those that the system reads: then nobody knows what it does with it."""
    if meaning.notation is None or value is None or meaning.notation.seconds(value) is not None:
        return ""
    return f"the system that reads it takes {meaning.notation.words}"


def _replication(step: Step, meaning: Meaning, before: Any, after: Any, shown: dict[str, str]) -> Iterator[Change]:
    had, has = _is_set(before), _is_set(after)
    if is_unknown(before) and not has:
        # Nobody can say whether there was a source: taking away none promotes nothing.
        yield _change(step, meaning.label, meaning.aspect, Direction.JUDGE, note="known only after the update", **shown)
    elif had and not has and step.op == "replace":
        note = "a new and empty database takes the replica's place"
        yield _change(step, meaning.label, meaning.aspect, Direction.WEAKER, note=note, **shown)
    elif had and not has:
        note = "PROMOTION: the replica stops following its source and starts to accept writes"
        yield _change(step, meaning.label, meaning.aspect, Direction.WEAKER, note=note, **shown)
    elif has and not had:
        note = "turns a database of its own into a replica: its data goes"
        yield _change(step, meaning.label, meaning.aspect, Direction.JUDGE, note=note, **shown)
    elif had and has and not is_unknown(after):
        note = "another source: a provider refuses this or builds the replica anew"
        yield _change(step, meaning.label, meaning.aspect, Direction.JUDGE, note=note, **shown)


def _direction(meaning: Meaning, before: Any, after: Any) -> Direction | None:
    """Which way it goes; None where both values mean the same."""
    if meaning.better is Better.JUDGE:
        return Direction.JUDGE
    if meaning.better is Better.PRESENT:
        first, second = float(_is_set(before)), float(_is_set(after))
    else:
        ranks = (rank(meaning, before), rank(meaning, after))
        if ranks[0] is None or ranks[1] is None:
            return Direction.JUDGE
        first, second = ranks[0], ranks[1]
    if first == second:
        return None
    return Direction.STRONGER if second > first else Direction.WEAKER


def rank(meaning: Meaning, value: Any) -> float | None:
    """A number that grows with recovery; None where the value is not one that the row knows."""
    if value is None:
        return {"weak": float("-inf"), "strong": float("inf")}.get(meaning.absent)
    match meaning.better:
        case Better.HIGHER:
            return number(value)
        case Better.LOWER:
            amount = number(value)
            return None if amount is None else -amount
        case Better.ON | Better.OFF:
            on = switched(value)
            return None if on is None else float(on is (meaning.better is Better.ON))
        case Better.ORDER:
            lowered = [step.lower() for step in meaning.order]
            return float(lowered.index(str(value).lower())) if str(value).lower() in lowered else None
        case Better.OFTEN:
            gap = _in_seconds(meaning, value)
            return None if gap is None else -gap
        case Better.LONGER:
            return _in_seconds(meaning, value)
        case _:
            return None


def _in_seconds(meaning: Meaning, value: Any) -> float | None:
    return None if meaning.notation is None else meaning.notation.seconds(value)


def number(value: Any) -> float | None:
    """The value as a number; providers write some numbers as text."""
    if isinstance(value, bool):
        return None
    if isinstance(value, (int, float)):
        return float(value)
    try:
        return float(value) if isinstance(value, str) and len(value) < 32 else None
    except ValueError:
        return None


def switched(value: Any) -> bool | None:
    """On or off, in the words of the three clouds."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        return {"true": True, "enabled": True, "on": True, "false": False, "disabled": False, "off": False}.get(
            value.lower()
        )
    return None


def _is_set(value: Any) -> bool:
    return value is not None and value not in ("", False, "false", [], {})


def _switch(on: bool) -> str:
    return "on" if on else "off"


def _list(values: list[Any] | None, meaning: Meaning) -> str:
    if values is None:
        return "all" if meaning.absent == "strong" and meaning.better is Better.MORE else "none"
    texts = sorted({value_text(value, meaning) for value in values})
    more = f" and {len(texts) - 6} more" if len(texts) > 6 else ""
    return ", ".join(texts[:6]) + more


def value_text(value: Any, meaning: Meaning) -> str:
    """The value as a person reads it, with its unit; never the content of a structure or a secret."""
    if value is None:
        return _ABSENT_WORDS
    if is_secret(value):
        return "(secret)"
    if is_unknown(value):
        return "(known after the update)"
    if isinstance(value, bool):
        return _switch(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, (int, float)):
        unit = meaning.unit.removesuffix("s") if value == 1 and len(meaning.unit) > 1 else meaning.unit
        return f"{value} {unit}".rstrip()
    if isinstance(value, str):
        short = value.rpartition("/")[2] if value.startswith("/subscriptions/") else value
        short = short.split(":", 5)[-1] if short.startswith("arn:") and short.count(":") >= 5 else short
        amount = number(value)
        return f"{short} {meaning.unit}" if meaning.unit and amount is not None else short
    return "(set)"

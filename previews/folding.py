"""
One step for each resource, out of the several that an engine may plan for it.

A step is not a resource: a refresh looks first, a replacement has three parts, and what an earlier replacement left
behind is deleted beside whatever happens to its successor. Every reader hands its steps to the same folding, so that
the same change gives the same report whichever file it came from.
"""

from __future__ import annotations

from dataclasses import replace

from previews.previewed import Resource, Step

REPLACED_BY = frozenset({"create-replacement", "import-replacement"})
# The program's own step on a resource outranks what was only looked at; an operation that nobody knows outranks all.
_RANKS = {"refresh": 0, "read": 1, "same": 1, "discard": 1, "discard-replaced": 0, "import": 3, "replace": 5}
_ORDINARY, _UNKNOWN = 4, 9


class Folding:
    """
    Takes steps in the engine's order: `add` what a program plans, `found` what a refresh saw. `steps` has the result,
    in the order in which the resources appeared.
    """

    def __init__(self) -> None:
        self._planned: dict[str, Step] = {}
        self._seen: dict[str, Step] = {}
        self._cleared: dict[str, list[Step]] = {}
        self._broken_off: dict[str, Resource | None] = {}
        self._order: dict[str, None] = {}

    def add(self, step: Step) -> None:
        """A step of the program. Of two on one resource the later counts, unless it says less."""
        self._order.setdefault(step.urn)
        if step.op == "delete-replaced":
            self._cleared.setdefault(step.urn, []).append(step)
            return
        if step.op == "remove-pending-replace":
            self._broken_off[step.urn] = step.old
            return
        if step.op in REPLACED_BY:
            step = replace(step, op="replace")
        earlier = self._planned.get(step.urn)
        if earlier is None or _rank(step) >= _rank(earlier):
            self._planned[step.urn] = step

    def found(self, step: Step) -> None:
        """What a refresh found: `old` as recorded, `new` as it is in the cloud, or None where it is gone."""
        self._order.setdefault(step.urn)
        self._seen[step.urn] = step

    def update_sides(self, urn: str, old: Resource | None, new: Resource | None) -> None:
        """Take over what an engine learned of a resource while it ran the step (a read, an import)."""
        step = self._planned.get(urn)
        if step is not None:
            self._planned[urn] = replace(step, old=old or step.old, new=new or step.new)

    def has(self, urn: str) -> bool:
        return urn in self._order

    def steps(self) -> list[Step]:
        """One step for each resource, and one more for each thing that an earlier replacement left behind."""
        result: list[Step] = []
        for urn in self._order:
            main = self._main(urn)
            if main is not None:
                result.append(main)
            result += self._left_over(urn, main)
        return result

    def _main(self, urn: str) -> Step | None:
        planned, seen = self._planned.get(urn), self._seen.get(urn)
        if urn in self._broken_off and planned is not None:
            # Its data went with an update that broke off between the two halves of a replacement.
            return replace(planned, op="create", old=None, gone=self._broken_off[urn] or planned.old, causes=())
        if seen is None:
            return planned
        if seen.new is None:
            if planned is None or planned.op in {"refresh", "delete"}:
                return replace(seen, op="gone", old=None, new=None, gone=seen.old, outside=True)
            return replace(planned, old=None, gone=seen.old, outside=True)
        if planned is None or planned.op == "refresh":
            return _as_found(seen)
        if planned.op == "delete":
            return replace(planned, old=seen.new)
        return planned

    def _left_over(self, urn: str, main: Step | None) -> list[Step]:
        """Deletions that are no part of this very replacement: what an earlier one still has to clear away."""
        cleared = self._cleared.get(urn, [])
        if main is None or main.op != "replace" or not cleared:
            return cleared
        if main.old is None:
            return cleared[1:]
        own = next((n for n, step in enumerate(cleared) if _same_thing(step.old, main.old)), 0)
        return [step for number, step in enumerate(cleared) if number != own]


def _rank(step: Step) -> int:
    return _RANKS.get(step.op, _ORDINARY) if step.known else _UNKNOWN


def _as_found(seen: Step) -> Step:
    """A refresh alone: the state takes over what somebody changed in the cloud."""
    if not seen.changed or seen.old is None or seen.new is None:
        return replace(seen, op="same", old=seen.new, new=seen.new, changed=(), causes=())
    return replace(seen, op="update", causes=(), outside=True)


def _same_thing(one: Resource | None, other: Resource) -> bool:
    if one is None:
        return False
    if one.id and other.id:
        return one.id == other.id
    return one.prints == other.prints

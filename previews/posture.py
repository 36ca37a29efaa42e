"""The table before and after: forecast, retention, regions that may be lost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from previews import units
from previews.changes import Direction
from previews.copies import Side, Store, normal_region
from previews.meanings.clouds import CLOUDS, stores_of
from previews.outlook import NEVER, outlook
from previews.plan_goals import Goals
from previews.previewed import StackPreview

_CANNOT = "not recoverable"
_NOT_KNOWN = "not known"
ByTier = tuple[tuple[int | None, float], ...]


@dataclass(frozen=True, slots=True)
class TableRow:
    """One row of the table: what, of which thing, before, after. `direction` is None where recovery did not move.

    `note` is in this project's own words; `where` holds names that came from outside;
    `brief` is before and after in few words, for the headline.
    """

    group: str
    label: str
    before: str
    after: str
    direction: Direction | None = None
    note: str = ""
    where: str = ""
    brief: tuple[str, str] = ("", "")

    @property
    def moved(self) -> bool:
        return self.before != self.after


@dataclass(slots=True)
class Posture:
    """One side of the change over all stacks: its resources, and where the copies of its stores are."""

    side: Side
    stores: list[Store]

    def regions(self) -> set[str]:
        return {region for store in self.stores for region in store.regions() if region}


def postures(previews: Sequence[StackPreview], goals: Goals) -> tuple[Posture, Posture]:
    """Before and after. A bucket that had a copy elsewhere on either side is needed on both."""
    regions = {p.stack: goals.stack_regions.get(p.stack) or _configured_region(p.config) for p in previews}
    sides = (
        Side((resource for preview in previews for resource in preview.before()), regions),
        Side((resource for preview in previews for resource in preview.after()), regions),
    )
    before, after = (Posture(side, stores_of(side)) for side in sides)
    needed = {store.urn for store in (*before.stores, *after.stores) if store.required}
    for store in (*before.stores, *after.stores):
        store.required = store.urn in needed
    return before, after


def _configured_region(config: Mapping[str, object]) -> str:
    for key in (key for cloud in CLOUDS for key in cloud.region_keys):
        value = config.get(key)
        if isinstance(value, str):
            return normal_region(value)
    return ""


@dataclass(frozen=True, slots=True)
class _Sides:
    """
    Both sides, and what of them can be compared: the stores that are there before and after. A store that goes makes
    nothing stronger, and a new one makes nothing weaker that was there before.
    """

    before: Posture
    after: Posture
    was: Posture
    stays: Posture

    @classmethod
    def of(cls, before: Posture, after: Posture) -> _Sides:
        both = {store.urn for store in before.stores} & {store.urn for store in after.stores}
        was, stays = (
            Posture(side.side, [store for store in side.stores if store.urn in both]) for side in (before, after)
        )
        return cls(before, after, was, stays)

    @property
    def had(self) -> bool:
        return bool(self.before.stores)

    @property
    def has(self) -> bool:
        return bool(self.after.stores)

    def unsure(self) -> tuple[bool, bool]:
        """Whether on each side something that the rows are worked out from is not known."""
        was, stays = (any(s.unsure and s.required for s in side.stores) for side in (self.before, self.after))
        return was, stays


def table(before: Posture, after: Posture, old: Goals, new: Goals) -> list[TableRow]:
    """All rows. `old` and `new` are the goals of the plan before and after: the same where the plan did not change."""
    sides = _Sides.of(before, after)
    rows = [
        *_forecasts(sides, old, new),
        *_regions(sides),
        *_retention(before, after),
    ]
    return [_honest(row, *sides.unsure()) for row in rows]


def _honest(row: TableRow, was_unsure: bool, is_unsure: bool) -> TableRow:
    """The row without a figure that hangs on a value which nobody can know here."""
    if not was_unsure and not is_unsure:
        return row
    before = _NOT_KNOWN if was_unsure and row.before != "—" else row.before
    after = _NOT_KNOWN if is_unsure and row.after != "—" else row.after
    note = "it hangs on a secret value, or on one that is known only after the update"
    direction = Direction.JUDGE if row.direction is not None else None
    return replace(row, before=before, after=after, direction=direction, note=note, brief=(before, after))


def _forecasts(sides: _Sides, old: Goals, new: Goals) -> Iterator[TableRow]:
    if not sides.had and not sides.has:
        return
    earlier = {(goal.scenario, goal.component): goal for goal in old.scenarios}
    for goal in new.scenarios:
        past = earlier.get((goal.scenario, goal.component), goal)
        then = outlook(past, old, sides.before.stores, sides.before.side)
        now = outlook(goal, new, sides.after.stores, sides.after.side)
        was = outlook(past, old, sides.was.stores, sides.before.side)
        stays = outlook(goal, new, sides.stays.stores, sides.after.side)
        label = goal.scenario.replace("_", " ") + (f" ({goal.component})" if goal.component else "")
        yield _forecast_row("RTO", label, [each.rto for each in (then, now, was, stays)], goal.rto, sides)
        yield _forecast_row("RPO", label, [each.rpo for each in (then, now, was, stays)], goal.rpo, sides)


def _forecast_row(what: str, label: str, values: Sequence[ByTier], target: float | None, sides: _Sides) -> TableRow:
    old, new, was, stays = values
    pairs = [(dict(was).get(tier), value) for tier, value in stays]
    direction, note = None, ""
    if sides.was.stores and any(before is not None and value > before for before, value in pairs):
        direction = Direction.WEAKER
    elif sides.was.stores and any(before is not None and value < before for before, value in pairs):
        direction = Direction.STRONGER
    elif sides.had and any(value > dict(stays).get(tier, value) for tier, value in new):
        direction, note = Direction.JUDGE, "because of what is new"
    worst = max(value for _, value in new)
    brief = (_duration(max(value for _, value in old)) if sides.had else "—", _duration(worst) if sides.has else "—")
    if target is not None and sides.has:
        missed = ", missed" if worst > target else ""
        note = "; ".join(filter(None, (note, f"objective {units.show(target)}{missed}")))
    before, after = _by_tier(old) if sides.had else "—", _by_tier(new) if sides.has else "—"
    return TableRow(f"{what} (forecast)", label, before, after, direction, note, brief=brief)


def _by_tier(values: tuple[tuple[int | None, float], ...]) -> str:
    """`T0 12 min, T1-3 14 min`: tiers with the same value are said together; one value for all has no tier."""
    shown = [(tier, _duration(value)) for tier, value in values]
    runs: list[tuple[str, list[int | None]]] = []
    for tier, text in shown:
        if runs and runs[-1][0] == text:
            runs[-1][1].append(tier)
        else:
            runs.append((text, [tier]))
    if len(runs) == 1:
        return runs[0][0]
    return ", ".join(f"T{run[0]}{f'-{run[-1]}' if len(run) > 1 else ''} {text}" for text, run in runs)


def _duration(value: float) -> str:
    return _CANNOT if value == NEVER else units.show(value)


def losable(posture: Posture) -> tuple[set[str], dict[str, str]]:
    """Regions of which any one may be lost, and for each other region a store that has no copy outside it."""
    may: set[str] = set()
    blockers: dict[str, str] = {}
    for region in posture.regions():
        stuck = sorted(
            s.name for s in posture.stores if s.required and s.region == region and not s.regions() - {region, ""}
        )
        if stuck:
            blockers[region] = stuck[0]
        else:
            may.add(region)
    return may, blockers


def at_once(posture: Posture) -> int:
    """How many regions may be lost at the same time, whichever they are."""
    return min((len(store.regions() - {""}) - 1 for store in posture.stores if store.required), default=0)


def _regions(sides: _Sides) -> Iterator[TableRow]:
    before, after = sides.before, sides.after
    if not any(store.required for store in (*before.stores, *after.stores)):
        return
    (old, _), (new, blockers) = losable(before), losable(after)
    note, where = ("no copy elsewhere of", ", ".join(sorted(set(blockers.values()))[:3])) if blockers else ("", "")
    direction = _moved_regions(sides.was, sides.stays)
    yield TableRow("Regions that may be lost", "one at a time", _names(old), _names(new), direction, note, where)
    was, stays = max(at_once(sides.was), 0), max(at_once(sides.stays), 0)
    moved = None
    if sides.was.stores and was != stays:
        moved = Direction.WEAKER if stays < was else Direction.STRONGER
    had, has = (str(max(at_once(side), 0)) if side.stores else "—" for side in (before, after))
    yield TableRow("Regions that may be lost", "at once", had, has, moved)


def _moved_regions(was: Posture, stays: Posture) -> Direction | None:
    """Which way the regions that may be lost went, by the stores that are there before and after."""
    (old, _), (new, blockers) = losable(was), losable(stays)
    if not was.stores or old == new:
        return None
    # A region that holds nothing any more may be lost as well as before.
    gone = {region for region in old - new if region in blockers or region in was.regions() - stays.regions()}
    stuck = old & set(blockers)
    return Direction.WEAKER if stuck or (gone and not new - old) else Direction.STRONGER


def _names(regions: set[str]) -> str:
    return ", ".join(sorted(regions)) or "none"


def _retention(before: Posture, after: Posture) -> Iterator[TableRow]:
    """The shortest retention of the stores that are there on both sides; new ones have nothing to compare with."""
    old = {s.urn: s for s in before.stores if s.retention is not None}
    new = {s.urn: s for s in after.stores if s.retention is not None}
    both = [key for key in old if key in new]
    if not both:
        return
    then = min(old[key].retention or 0.0 for key in both)
    key = min(both, key=lambda item: (new[item].retention or 0.0, new[item].stack, new[item].name))
    now = new[key].retention or 0.0
    direction = None if then == now else Direction.WEAKER if now < then else Direction.STRONGER
    where = "" if then == now else new[key].name
    yield TableRow("Backup retention", "shortest", _days(then), _days(now), direction, where=where)


def _days(seconds: float) -> str:
    return "no backups" if seconds == 0 else f"{seconds / units.DAY:g} days"

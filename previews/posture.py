"""The table before and after: forecast, retention, regions that may be lost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from previews import schedules
from previews.changes import Direction
from previews.copies import Side, Store
from previews.meanings.aws import copies as copies_aws
from previews.meanings.azure import copies as copies_azure
from previews.outlook import NEVER, Outlook, outlook
from previews.plan_goals import Goals
from previews.previewed import StackPreview

_CANNOT = "not recoverable"


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
    before, after = (Posture(side, [*copies_aws.stores(side), *copies_azure.stores(side)]) for side in sides)
    needed = {(store.stack, store.name) for store in (*before.stores, *after.stores) if store.required}
    for store in (*before.stores, *after.stores):
        store.required = (store.stack, store.name) in needed
    return before, after


def _configured_region(config: Mapping[str, object]) -> str:
    for key in ("aws:region", "azure-native:location"):
        value = config.get(key)
        if isinstance(value, str):
            return value.lower().replace(" ", "")
    return ""


def table(before: Posture, after: Posture, old: Goals, new: Goals) -> list[TableRow]:
    """All rows. `old` and `new` are the goals of the plan before and after: the same where the plan did not change."""
    return [
        *_forecasts(before, after, old, new),
        *_regions(before, after),
        *_retention(before, after),
    ]


def _forecasts(before: Posture, after: Posture, old: Goals, new: Goals) -> Iterator[TableRow]:
    if not before.stores and not after.stores:
        return
    earlier = {(goal.scenario, goal.component): goal for goal in old.scenarios}
    for goal in new.scenarios:
        then = outlook(earlier.get((goal.scenario, goal.component), goal), old, before.stores, before.side)
        now = outlook(goal, new, after.stores, after.side)
        label = goal.scenario.replace("_", " ") + (f" ({goal.component})" if goal.component else "")
        had = bool(before.stores)
        yield _forecast_row("RTO", label, then, now, goal.rto, had=had)
        yield _forecast_row("RPO", label, then, now, goal.rpo, had=had)


def _forecast_row(what: str, label: str, then: Outlook, now: Outlook, target: float | None, *, had: bool) -> TableRow:
    old, new = (then.rto, now.rto) if what == "RTO" else (then.rpo, now.rpo)
    pairs = [(dict(old).get(tier), value) for tier, value in new]
    direction = None
    if had and any(before is not None and value > before for before, value in pairs):
        direction = Direction.WEAKER
    elif had and any(before is not None and value < before for before, value in pairs):
        direction = Direction.STRONGER
    worst = max(value for _, value in new)
    brief = (_duration(max(value for _, value in old)), _duration(worst))
    note = "" if target is None else f"objective {schedules.show(target)}{', missed' if worst > target else ''}"
    return TableRow(
        f"{what} (forecast)", label, _by_tier(old) if had else "—", _by_tier(new), direction, note, brief=brief
    )


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
    return _CANNOT if value == NEVER else schedules.show(value)


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


def _regions(before: Posture, after: Posture) -> Iterator[TableRow]:
    needed = [store for store in (*before.stores, *after.stores) if store.required]
    if not needed:
        return
    (old, _), (new, blockers) = losable(before), losable(after)
    # A region that holds nothing any more may be lost as well as before.
    gone = {region for region in old - new if region in blockers or region in before.regions() - after.regions()}
    stuck = old & set(blockers)
    direction = None
    if before.stores and old != new:
        direction = Direction.WEAKER if stuck or (gone and not new - old) else Direction.STRONGER
    note, where = ("no copy elsewhere of", ", ".join(sorted(set(blockers.values()))[:3])) if blockers else ("", "")
    yield TableRow("Regions that may be lost", "one at a time", _names(old), _names(new), direction, note, where)
    had, has = max(at_once(before), 0), max(at_once(after), 0)
    moved = None
    if before.stores and had != has:
        moved = Direction.WEAKER if has < had else Direction.STRONGER
    yield TableRow("Regions that may be lost", "at once", str(had) if before.stores else "—", str(has), moved)


def _names(regions: set[str]) -> str:
    return ", ".join(sorted(regions)) or "none"


def _retention(before: Posture, after: Posture) -> Iterator[TableRow]:
    """The shortest retention of the stores that are there on both sides; new ones have nothing to compare with."""
    old = {(s.stack, s.name): s for s in before.stores if s.retention is not None}
    new = {(s.stack, s.name): s for s in after.stores if s.retention is not None}
    both = [key for key in old if key in new]
    if not both:
        return
    then = min(old[key].retention or 0.0 for key in both)
    key = min(both, key=lambda item: new[item].retention or 0.0)
    now = new[key].retention or 0.0
    direction = None if then == now else Direction.WEAKER if now < then else Direction.STRONGER
    where = "" if then == now else new[key].name
    yield TableRow("Backup retention", "shortest", _days(then), _days(now), direction, where=where)


def _days(seconds: float) -> str:
    return "no backups" if seconds == 0 else f"{seconds / schedules.DAY:g} days"

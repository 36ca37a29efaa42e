"""Drills: what one of this very change measured, and which earlier ones it makes stale."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from previews import sources
from previews.changes import Change, Direction
from previews.losses import Loss
from previews.meanings.table import Aspect
from previews.posture import TableRow
from previews.report import Measured
from scripts.core.errors import BadInput

_HINT = 'a drill is {"scenario": "regional_outage", "rto_seconds": 41.5, "rpo_seconds": 0.2, "met": true}, or a list'
_FILE = re.compile(r"(?P<year>\d{4})-Q(?P<quarter>[1-4])-(?P<name>[a-z0-9_-]+)\.md")
_FINISHED = re.compile(r"^finished: (\d{4}-\d{2}-\d{2})", re.MULTILINE)
_SCENARIO = re.compile(r"^scenario: ([a-z0-9_-]+) *$", re.MULTILINE)
_SYSTEM = re.compile(r"^system: ([a-z0-9_-]+) *$", re.MULTILINE)
_HEAD = 4000  # characters of a record in which these lines stand

# What a drill of a scenario has proven, and thus what makes its proof stale when it changes.
PROVES: dict[str, frozenset[Aspect]] = {
    "application_failure": frozenset({Aspect.CAPACITY, Aspect.DETECTION, Aspect.AVAILABILITY}),
    "database_failure": frozenset({Aspect.AVAILABILITY, Aspect.REPLICA, Aspect.RETENTION, Aspect.DETECTION}),
    "database_corruption": frozenset({Aspect.RETENTION, Aspect.FREQUENCY, Aspect.ENCRYPTION}),
    "zone_outage": frozenset({Aspect.AVAILABILITY, Aspect.CAPACITY}),
    "regional_outage": frozenset(
        {Aspect.REPLICA, Aspect.GEO, Aspect.TRAFFIC, Aspect.CAPACITY, Aspect.DETECTION, Aspect.ENCRYPTION}
    ),
    "multi_region_outage": frozenset(
        {Aspect.GEO, Aspect.RETENTION, Aspect.FREQUENCY, Aspect.TRAFFIC, Aspect.ENCRYPTION}
    ),
    "provider_outage": frozenset({Aspect.GEO, Aspect.RETENTION, Aspect.FREQUENCY, Aspect.TRAFFIC}),
    "compromise": frozenset({Aspect.IMMUTABILITY, Aspect.DELETION, Aspect.RETENTION, Aspect.FREQUENCY, Aspect.GEO}),
}


@dataclass(frozen=True, slots=True)
class PastDrill:
    """A drill on file: its scenario and the day when it ended ("" where the file does not say)."""

    scenario: str
    when: str


def read_drill(path: Path) -> list[Measured]:
    """The drills of a JSON file. Raises BadInput that names the file and the path inside it."""
    try:
        body = sources.decoder().decode(sources.read_text(path))
    except (ValueError, RecursionError):
        raise BadInput(f"{path}: is no complete JSON", _HINT) from None
    if isinstance(body, dict) and "scenarios" in body:
        return _of_report(body, str(path))
    entries = body if isinstance(body, list) else [body]
    if not entries:
        raise BadInput(f"{path}: holds no drill", _HINT)
    return [
        _measured(entry, f"{path}: [{n}]" if isinstance(body, list) else str(path)) for n, entry in enumerate(entries)
    ]


def _measured(entry: Any, where: str) -> Measured:
    sources.expect(entry, dict, where, "a drill")
    scenario = sources.expect(entry.get("scenario"), str, f"{where}: scenario", "text")
    met = entry.get("met")
    if met is not None:
        sources.expect(met, bool, f"{where}: met", "true or false")
    return Measured(scenario, _seconds(entry, "rto_seconds", where), _seconds(entry, "rpo_seconds", where), met)


def _of_report(body: dict[str, Any], where: str) -> list[Measured]:
    """What `dr drill --format json` and `dr report --format json` say of each scenario that was measured."""
    found = []
    for number, scenario in enumerate(sources.expect(body["scenarios"], list, f"{where}: scenarios", "a list")):
        place = f"{where}: scenarios[{number}]"
        sources.expect(scenario, dict, place, "an object")
        name = sources.expect(scenario.get("name"), str, f"{place}.name", "text").replace("-", "_")
        measures = sources.expect(scenario.get("measures") or {}, dict, f"{place}.measures", "an object")
        met = measures.get("objectives_met")
        if scenario.get("ok") is False:
            met = False  # a check that failed, or a negative control that passed, makes the drill a failed one
        entry = {**measures, "scenario": name, "met": met}
        found.append(_measured(entry, place))
    if not found:
        raise BadInput(f"{where}: scenarios: holds no drill", _HINT)
    return found


def _seconds(entry: dict[str, Any], key: str, where: str) -> float | None:
    value = entry.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value) or value < 0:
        raise BadInput(f"{where}: {key}: is no number of seconds", _HINT)
    return float(value)


def past_drills(folder: Path, system: str = "") -> list[PastDrill]:
    """
    The newest record of each scenario among `YYYY-Qn-<scenario>.md` files; a missing folder holds none. Records of
    another system than `system` count for nothing; those that name none count for every one.
    """
    newest: dict[str, PastDrill] = {}
    for path in sorted(folder.glob("*.md")) if folder.is_dir() else []:
        match = _FILE.fullmatch(path.name)
        if match is None or (system and system_of(path) not in {"", system}):
            continue
        head = sources.read_text(path)[:_HEAD]
        finished, named = _FINISHED.search(head), _SCENARIO.search(head)
        when = finished.group(1) if finished else f"{match['year']}-Q{match['quarter']}"
        scenario = (named.group(1) if named else match["name"]).replace("-", "_")
        newest[scenario] = PastDrill(scenario, when)
    return list(newest.values())


def system_of(record: Path) -> str:
    """The system that a record on file is about; "" where it does not say."""
    found = _SYSTEM.search(sources.read_text(record)[:_HEAD])
    return found.group(1) if found else ""


def stale_row(past: Sequence[PastDrill], changes: Iterable[Change], lost: Sequence[Loss]) -> TableRow | None:
    """Which drills on file proved something that this change alters; None where there are no drills on file."""
    if not past:
        return None
    aspects = {change.aspect for change in changes}
    destroyed = any(loss.destroys for loss in lost)
    every = frozenset(Aspect)
    stale = [drill for drill in past if destroyed or aspects & PROVES.get(drill.scenario, every)]
    fresh = ", ".join(f"{drill.scenario.replace('_', ' ')} ({drill.when})" for drill in past)
    gone = ", ".join(drill.scenario.replace("_", " ") for drill in stale)
    after = f"stale: {gone}" if stale else fresh
    return TableRow("Drills", "on file", fresh, after, Direction.JUDGE if stale else None, where=gone)

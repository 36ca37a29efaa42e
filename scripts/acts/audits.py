"""
What the plan's queries over the application's own records say of a window, kept on this machine.

The rows hold the service's own data: readable by nobody else, never part of a journal or a report.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from scripts.core.errors import DrError
from scripts.core.home import folder
from scripts.runs.divergences import private

if TYPE_CHECKING:
    from model import Plan
    from scripts.clouds.access import Clouds
    from scripts.probes.acceptance import Place

FOLDER = "breaches"
MOST = 100_000


@dataclass(frozen=True)
class Assessed:
    """By query: how many rows came (none where it could not be asked), and what is told of it."""

    folder: Path
    rows: dict[str, int]
    said: dict[str, str]


def assess(plan: Plan, clouds: Clouds, place: Place, window: tuple[datetime, datetime], name: str) -> Assessed:
    """Ask each; one that cannot be asked is told, and the others are asked all the same. Raises OSError."""
    since, until = (moment.isoformat() for moment in window)
    kept = folder(FOLDER) / name
    kept.mkdir(mode=0o700, parents=True, exist_ok=True)
    rows, said = dict[str, int](), dict[str, str]()
    for query in plan.audit:
        try:
            engine = clouds.engine(place.site, query.store, place.incarnations[query.store])
            found = engine.search(
                query.query, {"dr.since": since, "dr.until": until}, seconds=query.timeout.total_seconds(), most=MOST
            )
        except DrError as error:
            said[query.name] = f"could not be asked: {error.message}"
            continue
        with private(kept / f"{query.name}.jsonl") as file:
            for row in found.rows:
                plain = dict(zip(found.columns, row, strict=True))
                file.write(json.dumps(plain, default=str, ensure_ascii=True) + "\n")
        rows[query.name] = len(found.rows)
        said[query.name] = f"{len(found.rows)} rows" if found.complete else f"the first {MOST} rows"
    return Assessed(kept, rows, said)

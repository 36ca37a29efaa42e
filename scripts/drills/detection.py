"""How a drill learns of a fault: as a watcher would, from several vantage points, so many times in a row."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from scripts.core.errors import ObjectiveMissed
from scripts.watch import Watch

if TYPE_CHECKING:
    from model import Plan


def aimed(plan: Plan) -> Watch:
    """
    A watcher that has seen all of the active site well, from everywhere. Raises ObjectiveMissed, which names what was
    not seen.
    """
    watcher = Watch.of(plan)
    watcher.aim()
    asyncio.run(_until_seen(watcher))
    return watcher


async def _until_seen(watcher: Watch, seconds: float = 120.0) -> None:
    """Not all in one look: on a machine that is busy a single one often comes late."""
    well, until = set[tuple[str, str]](), time.monotonic() + seconds
    while True:
        await watcher.look()
        looked = [
            (point.name, part, sight)
            for point in watcher.points
            for part, sight in ({"the front door": point.door} | point.databases).items()
        ]
        well |= {(place, part) for place, part, sight in looked if sight.up}
        left = sorted({(place, part) for place, part, _ in looked} - well)
        if not left:
            return
        if time.monotonic() > until:
            unseen = ", ".join(f"{part} from {place}" for place, part in left)
            raise ObjectiveMissed(f"nothing was seen well within {seconds:.0f} s of {unseen}")
        await asyncio.sleep(watcher.plan.detection.interval.total_seconds())


async def _until_unseen(watcher: Watch, seconds: float) -> datetime:
    wanted, places = watcher.plan.detection.confirmations, watcher.plan.detection.vantage_points
    async with asyncio.timeout(seconds):
        while True:
            await watcher.look()
            unseen = sum(
                point.door.failures >= wanted and all(each.failures >= wanted for each in point.databases.values())
                for point in watcher.points
            )
            if unseen >= places:
                return datetime.now(UTC)
            await asyncio.sleep(watcher.plan.detection.interval.total_seconds())


def wait_until_unseen(watcher: Watch, seconds: float = 60.0) -> datetime:
    """When enough places had found the site dead often enough. Raises TimeoutError."""
    return asyncio.run(_until_unseen(watcher, seconds))

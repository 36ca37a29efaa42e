"""How a drill learns of a fault: as a watcher would, from several vantage points, so many times in a row."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from scripts.watch import Watch

if TYPE_CHECKING:
    from model import Plan


def aimed(plan: Plan) -> Watch:
    """A watcher that has seen the active site well, from everywhere. Raises TimeoutError."""
    watcher = Watch.of(plan)
    watcher.aim()
    asyncio.run(_until_seen(watcher))
    return watcher


async def _until_seen(watcher: Watch, seconds: float = 30.0) -> None:
    async with asyncio.timeout(seconds):
        while True:
            await watcher.look()
            if all(point.door.up and all(each.up for each in point.databases.values()) for point in watcher.points):
                return
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

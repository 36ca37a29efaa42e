"""Who was called, by the log of the clouds themselves, and how often an effect was asked for."""

import json
from collections.abc import Iterable
from typing import Any

from sandbox.client import World


def calls(world: World, *, since: float = 0.0) -> list[dict[str, Any]]:
    """Every call that reached the control planes since then (seconds since 1970), also those that got no answer."""
    lines = (world.home / "calls.jsonl").read_text(encoding="utf-8").splitlines()
    return [call for call in map(json.loads, lines) if call["at"] >= since]


def assert_never_called(world: World, region: str, *, since: float, source: str = "outside") -> None:
    """Nobody at `source` called the region's control plane."""
    made = [
        f"{call['service']}.{call['action']}"
        for call in calls(world, since=since)
        if call["region"] == region and call["source"] == source
    ]
    assert not made, f"{region} was called: {made}"


def count(made: Iterable[dict[str, Any]], action: str, *, status: int = 200) -> int:
    """How often an action was asked for and granted."""
    return sum(call["action"] == action and call["status"] == status for call in made)

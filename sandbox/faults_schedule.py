"""Random faults that can be replayed: a schedule is data, made from a seed, and the same seed makes the same one."""

import random
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Protocol

from sandbox.client import WorldError


@dataclass(frozen=True)
class Strike:
    """Break at `at_seconds` after the start, heal at `until_seconds`."""

    at_seconds: float
    until_seconds: float
    fault: str
    arguments: Mapping[str, Any] = field(default_factory=dict)


class Breakable(Protocol):
    """`sandbox.client.World`, as far as a schedule needs it."""

    def break_(self, fault: str, **arguments: Any) -> bool: ...
    def heal(self, fault: str | None = None, **arguments: Any) -> int: ...


def schedule(
    seed: int,
    *,
    regions: Sequence[str],
    databases: Sequence[str] = (),
    stacks: Sequence[str] = (),
    spare: Sequence[str] = (),
    seconds: float = 20.0,
    strikes: int = 4,
) -> tuple[Strike, ...]:
    """
    `strikes` faults within `seconds`, in the order of their start, none of the same thing twice.

    `regions` may be lost, cut off and silenced; those in `spare` keep running, but their links may be cut.
    """
    chance = random.Random(seed)
    mortal = [region for region in regions if region not in spare]
    pairs = [(a, b) for a in regions for b in regions if a < b]
    possible: list[tuple[str, dict[str, Any]]] = [
        *(("region", {"region": region, "hang": hang}) for region in mortal for hang in (False, True)),
        *(("control-plane", {"region": region}) for region in mortal),
        *(("link", {"a": a, "b": b, "one_way": False}) for a, b in pairs),
        *(("link", {"a": b, "b": a, "one_way": True}) for a, b in pairs),
        *(("slow", {"a": a, "b": b, "ms": chance.choice((20, 80, 200))}) for a, b in pairs),
        *(("database", {"identifier": name, "hang": hang}) for name in databases for hang in (False, True)),
        *(("state", {"stack": stack}) for stack in stacks),
    ]
    chance.shuffle(possible)
    chosen: list[Strike] = []
    struck = set[str]()
    for fault, arguments in possible:
        what = f"{fault} {sorted(str(value) for value in arguments.values() if isinstance(value, str))}"
        if what not in struck and len(chosen) < strikes:
            struck.add(what)
            start = round(chance.uniform(0, seconds * 0.6), 3)
            length = round(chance.uniform(seconds * 0.1, seconds * 0.4), 3)
            chosen.append(Strike(start, round(start + length, 3), fault, arguments))
    return tuple(sorted(chosen, key=lambda strike: strike.at_seconds))


def play(strikes: Sequence[Strike], world: Breakable, stop: threading.Event | None = None) -> list[Strike]:
    """
    Do it, in this thread, until the last is healed or `stop` is set; then heal whatever is left.

    Gives back the strikes that were made: what is gone already (a database in a dead region) cannot be broken.
    """
    stop = stop or threading.Event()
    moments = [(strike.at_seconds, True, strike) for strike in strikes]
    moments += [(strike.until_seconds, False, strike) for strike in strikes]
    began = time.monotonic()
    made: list[Strike] = []
    try:
        for at, breaks, strike in sorted(moments, key=lambda moment: moment[0]):
            if stop.wait(max(0.0, began + at - time.monotonic())):
                break
            if not breaks:
                world.heal(strike.fault, **strike.arguments)
                continue
            with suppress(WorldError):
                world.break_(strike.fault, **strike.arguments)
                made.append(strike)
    finally:
        world.heal()
    return made

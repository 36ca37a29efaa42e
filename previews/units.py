"""
Durations in the notation of the system that reads them: the same `2m` is two minutes to one and two months to another.

Each notation turns a text into seconds, or says that its system would not take it. Nothing is guessed across systems.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

MINUTE = 60
HOUR = 3600
DAY = 86400
_LONGEST = 64


@dataclass(frozen=True, slots=True)
class Notation:
    """
    How a system writes a duration, or a schedule as the longest time between two runs.

    `seconds` gives None for what the system does not take; `words` says what it does, after "it takes".
    """

    words: str
    read: Callable[[str], float | None]

    def seconds(self, value: Any) -> float | None:
        if not isinstance(value, str) or len(value) > _LONGEST:
            return None
        return self.read(value)


_GO_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 0.001, "s": 1, "m": MINUTE, "h": HOUR}
_GO_PART = re.compile(r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h)")
_GO = re.compile(rf"[-+]?(?:0|(?:{_GO_PART.pattern})+)")


def go_seconds(text: str) -> float | None:
    """`720h0m0s`, `1.5h`, `0`: what Go's time.ParseDuration takes. It knows neither days nor weeks."""
    if _GO.fullmatch(text) is None:
        return None
    amount = sum(float(number) * _GO_UNITS[unit] for number, unit in _GO_PART.findall(text))
    return -amount if text.startswith("-") else amount


_ISO = re.compile(
    r"P(?=[0-9T])(?:([0-9]+(?:\.[0-9]+)?)Y)?(?:([0-9]+(?:\.[0-9]+)?)M)?(?:([0-9]+(?:\.[0-9]+)?)W)?"
    r"(?:([0-9]+(?:\.[0-9]+)?)D)?"
    r"(?:T(?=[0-9])(?:([0-9]+(?:\.[0-9]+)?)H)?(?:([0-9]+(?:\.[0-9]+)?)M)?(?:([0-9]+(?:\.[0-9]+)?)S)?)?"
)
_ISO_SECONDS = (365 * DAY, 30 * DAY, 7 * DAY, DAY, HOUR, MINUTE, 1)


def iso_seconds(text: str) -> float | None:
    """`P30D`, `PT1H30M`, `P1Y`. A month counts 30 days, a year 365."""
    match = _ISO.fullmatch(text)
    if match is None:
        return None
    return sum(float(value) * unit for value, unit in zip(match.groups(), _ISO_SECONDS, strict=True) if value)


_WINDOW = re.compile(r"([1-9][0-9]*)([dwm])")
# Barman, which reads it, counts a month as 31 days.
_WINDOW_UNITS = {"d": DAY, "w": 7 * DAY, "m": 31 * DAY}


def window_seconds(text: str) -> float | None:
    """`30d`, `4w`, `2m`: days, weeks and months of a recovery window (CloudNativePG API: `^[1-9][0-9]*[dwm]$`)."""
    match = _WINDOW.fullmatch(text)
    return None if match is None else int(match[1]) * _WINDOW_UNITS[match[2]]


_PROTOBUF = re.compile(r"[0-9]+(?:\.[0-9]{1,9})?s")
_SHORT = re.compile(r"([0-9]+)([smhd])")
_SHORT_UNITS = {"s": 1, "m": MINUTE, "h": HOUR, "d": DAY}


def protobuf_seconds(text: str) -> float | None:
    """`2592000s`: the JSON form of a protobuf Duration."""
    return float(text[:-1]) if _PROTOBUF.fullmatch(text) else None


def short_seconds(text: str) -> float | None:
    """`1h`, `7d`: one whole number and one unit."""
    match = _SHORT.fullmatch(text)
    return None if match is None else int(match[1]) * _SHORT_UNITS[match[2]]


GO = Notation("a Go duration such as 720h", go_seconds)
ISO = Notation("an ISO 8601 duration such as P30D", iso_seconds)
WINDOW = Notation("days, weeks or months such as 30d, 4w or 2m", window_seconds)
PROTOBUF = Notation("seconds such as 2592000s", protobuf_seconds)
SHORT = Notation("a number with s, m, h or d such as 7d", short_seconds)


def show(value: float) -> str:
    """Seconds as a person says them: 45 s, 15 min, 4 h, 35 days."""
    for unit, name in ((DAY, "days"), (HOUR, "h"), (MINUTE, "min")):
        if value >= (2 * unit if unit == DAY else unit):
            amount = f"{value / unit:.{0 if value >= 10 * unit else 1}f}".removesuffix(".0")
            return f"{amount} {name}"
    return f"{value:.0f} s"

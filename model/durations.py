"""Durations as a person writes them in a plan: `500ms`, `5s`, `15m`, `4h`, `14d`."""

import math
import re
from datetime import date, timedelta
from typing import Annotated, Any

from pydantic import BeforeValidator, PlainSerializer

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_PATTERN = re.compile(r"(\d{1,9})(ms|s|m|h|d)", re.ASCII)
_LONGEST = timedelta(days=3660)


def parse_duration(value: Any) -> timedelta:
    """
    `"15m"` -> 15 minutes. One whole number and one unit; `1h30m` is written `90m`.

    Raises ValueError with a text that quotes the value.
    """
    if isinstance(value, timedelta):
        return value
    match = _PATTERN.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError(f"{quote(value)} is not a duration such as 15m")
    duration = timedelta(seconds=int(match[1]) * _UNITS[match[2]])
    if duration > _LONGEST:
        raise ValueError(f"{quote(value)} is longer than ten years")
    return duration


def format_duration(duration: timedelta) -> str:
    """The shortest text that `parse_duration` reads back as the same duration (to the millisecond)."""
    milliseconds = round(duration / timedelta(milliseconds=1))
    for unit, size in (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000)):
        if milliseconds and milliseconds % size == 0:
            return f"{milliseconds // size}{unit}"
    return f"{milliseconds}ms" if milliseconds else "0s"


def quote(value: Any) -> str:
    """
    A value for an error text, as a file writes it: text in double quotes, cut when long and with control characters
    escaped; numbers, dates and truths without quotes; of a list or a mapping only that it is one.
    """
    if not isinstance(value, str):
        return _plain(value)
    text = value if len(value) <= 60 else value[:57] + "..."
    return '"' + "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text) + '"'


def _plain(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, (bool, date)):
        return str(value).lower()
    if isinstance(value, float) and not math.isfinite(value):
        return ".nan" if math.isnan(value) else ".inf" if value > 0 else "-.inf"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, (list, tuple, set)):
        return "a list"
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


Duration = Annotated[timedelta, BeforeValidator(parse_duration), PlainSerializer(format_duration, return_type=str)]


def _parse_positive(value: Any) -> timedelta:
    duration = parse_duration(value)
    if duration <= timedelta(0):
        raise ValueError("must be longer than zero")
    return duration


PositiveDuration = Annotated[
    timedelta, BeforeValidator(_parse_positive), PlainSerializer(format_duration, return_type=str)
]

"""Durations and schedules as clouds write them: 720h, 30d, P30D, rate(1 hour), cron(0 5 * * ? *), @daily."""

from __future__ import annotations

import re
from datetime import date, timedelta
from functools import lru_cache
from itertools import pairwise

MINUTE = 60
HOUR = 3600
DAY = 86400

_UNITS = {"ms": 0.001, "s": 1, "m": MINUTE, "h": HOUR, "d": DAY, "w": 7 * DAY, "y": 365 * DAY}
_SHORT = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d|w|y)")
_ISO = re.compile(
    r"P(?:(\d+(?:\.\d+)?)Y)?(?:(\d+(?:\.\d+)?)M)?(?:(\d+(?:\.\d+)?)W)?(?:(\d+(?:\.\d+)?)D)?"
    r"(?:T(?:(\d+(?:\.\d+)?)H)?(?:(\d+(?:\.\d+)?)M)?(?:(\d+(?:\.\d+)?)S)?)?"
)
_ISO_SECONDS = (365 * DAY, 30 * DAY, 7 * DAY, DAY, HOUR, MINUTE, 1)
_RATE = re.compile(r"rate\((\d+) (minute|hour|day)s?\)")
_RATE_SECONDS = {"minute": MINUTE, "hour": HOUR, "day": DAY}
_NAMED = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_MONTH_NAMES = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_MONTHS = {name: number for number, name in enumerate(_MONTH_NAMES, 1)}
_WEEKDAYS = {name: number for number, name in enumerate(("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"))}
_LONGEST = 64


def seconds(text: str) -> float | None:
    """Seconds of `15m`, `720h0m0s`, `30d`, `P30D` or `PT1H`; None where it is no duration. A month has 30 days."""
    text = text.strip()
    if not text or len(text) > _LONGEST:
        return None
    if text.startswith("P"):
        match = _ISO.fullmatch(text)
        if match is None or not any(match.groups()):
            return None
        return sum(float(value) * unit for value, unit in zip(match.groups(), _ISO_SECONDS, strict=True) if value)
    parts = _SHORT.findall(text)
    if "".join(number + unit for number, unit in parts) != text:
        return None
    return sum(float(number) * _UNITS[unit] for number, unit in parts)


@lru_cache(maxsize=1024)
def longest_gap(schedule: str) -> float | None:
    """
    The longest time in seconds between two runs of a schedule, or None where it cannot be told.

    Understands `rate(...)`, `@every`, `@daily`, five-field cron, AWS's six fields with a year last (weekdays 1 to 7)
    and CloudNativePG's six fields with seconds first.
    """
    text = schedule.strip()
    if len(text) > _LONGEST:
        return None
    if rate := _RATE.fullmatch(text):
        return int(rate.group(1)) * _RATE_SECONDS[rate.group(2)] or None
    if text.startswith("@every "):
        return seconds(text.removeprefix("@every ")) or None
    is_aws = text.startswith("cron(") and text.endswith(")")
    fields = (text[5:-1] if is_aws else _NAMED.get(text, text)).split()
    if is_aws and len(fields) == 6:
        if fields[5] != "*":
            return None
        fields = fields[:5]
    elif not is_aws and len(fields) == 6:
        fields = fields[1:]
    if len(fields) != 5:
        return None
    try:
        return _cron_gap(fields, first_weekday=1 if is_aws else 0)
    except ValueError:
        return None


def _cron_gap(fields: list[str], first_weekday: int) -> float | None:
    minutes = _field(fields[0], 0, 59)
    hours = _field(fields[1], 0, 23)
    days = _field(fields[2], 1, 31)
    months = _field(fields[3], 1, 12, _MONTHS)
    raw = _field(fields[4], first_weekday, first_weekday + 7, {k: v + first_weekday for k, v in _WEEKDAYS.items()})
    weekdays = {(day - first_weekday) % 7 for day in raw}
    times = sorted(hour * HOUR + minute * MINUTE for hour in hours for minute in minutes)
    either = fields[2] not in "*?" and fields[4] not in "*?"  # cron: both given means one of them is enough
    gap = max((later - earlier for earlier, later in pairwise(times)), default=0)
    # Two years from the first of a leap year, so that no gap over a month's or a year's end is missed.
    start = date(2024, 1, 1)
    run_days = [
        number for number in range(731) if _runs(start + timedelta(days=number), days, months, weekdays, either=either)
    ]
    if len(run_days) < 2:
        return None
    between = max(later - earlier for earlier, later in pairwise(run_days))
    return max(gap, between * DAY - times[-1] + times[0])


def _runs(day: date, days: set[int], months: set[int], weekdays: set[int], *, either: bool) -> bool:
    if day.month not in months:
        return False
    in_month, in_week = day.day in days, day.isoweekday() % 7 in weekdays
    return (in_month or in_week) if either else (in_month and in_week)


def _field(text: str, low: int, high: int, names: dict[str, int] | None = None) -> set[int]:
    values: set[int] = set()
    for part in text.upper().split(","):
        span, _, step_text = part.partition("/")
        step = int(step_text) if step_text else 1
        if step < 1:
            raise ValueError(part)
        if span in {"*", "?"}:
            first, last = low, high
        else:
            first_text, dash, last_text = span.partition("-")
            first = _number(first_text, names)
            last = _number(last_text, names) if dash else (high if step_text else first)
        if not low <= first <= last <= high:
            raise ValueError(part)
        values.update(range(first, last + 1, step))
    return values


def _number(text: str, names: dict[str, int] | None) -> int:
    if names and text in names:
        return names[text]
    return int(text)


def show(value: float) -> str:
    """Seconds as a person says them: 45 s, 15 min, 4 h, 35 days."""
    for unit, name in ((DAY, "days"), (HOUR, "h"), (MINUTE, "min")):
        if value >= (2 * unit if unit == DAY else unit):
            amount = f"{value / unit:.{0 if value >= 10 * unit else 1}f}".removesuffix(".0")
            return f"{amount} {name}"
    return f"{value:.0f} s"

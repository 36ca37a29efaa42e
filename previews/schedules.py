"""
Schedules in the notation of the system that runs them, as the longest time in seconds between two runs.

Kubernetes and Velero read robfig/cron with five fields, CloudNativePG the same with seconds first; AWS has its own,
and Azure Backup takes ISO 8601 repeating intervals.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, timedelta
from functools import lru_cache, partial
from itertools import pairwise

from previews.units import DAY, HOUR, MINUTE, Notation, go_seconds, iso_seconds

_RATE = re.compile(r"rate\(([1-9][0-9]{0,6}) (minute|hour|day)s?\)")
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
_ZONE = re.compile(r"(?:CRON_TZ|TZ)=\S+ +")


@lru_cache(maxsize=1024)
def aws_gap(schedule: str) -> float | None:
    """`rate(1 hour)`, or `cron(0 5 * * ? *)` with the year last and weekdays from 1, which is Sunday."""
    text = schedule.strip()
    if rate := _RATE.fullmatch(text):
        return int(rate.group(1)) * _RATE_SECONDS[rate.group(2)]
    fields = text[5:-1].split() if text.startswith("cron(") and text.endswith(")") else []
    if len(fields) != 6 or fields[5] != "*":
        return None
    return _cron_gap(fields[:5], first_weekday=1)


@lru_cache(maxsize=1024)
def robfig_gap(schedule: str, seconds_first: bool = False) -> float | None:
    """`0 3 * * *`, `@daily`, `@every 6h`, each with or without `CRON_TZ=Europe/Oslo` before it."""
    text = _ZONE.sub("", schedule.strip(), count=1)
    if text.startswith("@every "):
        return go_seconds(text.removeprefix("@every ").strip()) or None
    named = _NAMED.get(text.lower()) if text.startswith("@") else None
    fields = (named or text).split()
    if seconds_first and named is None and len(fields) == 6:
        fields = fields[1:] if _valid(fields[0], 0, 59) else []
    return _cron_gap(fields, first_weekday=0) if len(fields) == 5 else None


def repeating_gap(interval: str) -> float | None:
    """`R/2026-01-01T02:00:00+00:00/PT6H`: the ISO 8601 repeating interval of Azure Backup."""
    first, *rest = interval.strip().split("/")
    if len(rest) != 2 or re.fullmatch(r"R[0-9]*", first) is None:
        return None
    return iso_seconds(rest[1]) or None


AWS_SCHEDULE = Notation("rate(1 hour) or cron(0 5 * * ? *)", aws_gap)
REPEATING = Notation("R/2026-01-01T02:00:00Z/PT4H", repeating_gap)
CRON = Notation("five fields of cron, @daily or @every 6h", robfig_gap)
CRON_WITH_SECONDS = Notation("six fields of cron, seconds first", partial(robfig_gap, seconds_first=True))


def _cron_gap(fields: list[str], first_weekday: int) -> float | None:
    try:
        minutes = _field(fields[0], 0, 59)
        hours = _field(fields[1], 0, 23)
        days = _field(fields[2], 1, 31)
        months = _field(fields[3], 1, 12, _MONTHS)
        names = {name: number + first_weekday for name, number in _WEEKDAYS.items()}
        raw = _field(fields[4], first_weekday, first_weekday + 6, names)
    except ValueError:
        return None
    weekdays = {day - first_weekday for day in raw}
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


def _valid(text: str, low: int, high: int) -> bool:
    try:
        return bool(_field(text, low, high))
    except ValueError:
        return False


def _field(text: str, low: int, high: int, names: Mapping[str, int] | None = None) -> set[int]:
    values: set[int] = set()
    for part in text.upper().split(","):
        span, slash, step_text = part.partition("/")
        step = _number(step_text) if slash else 1
        if step < 1:
            raise ValueError(part)
        if span in {"*", "?"}:
            first, last = low, high
        else:
            first_text, dash, last_text = span.partition("-")
            first = _number(first_text, names)
            last = _number(last_text, names) if dash else (high if slash else first)
        if not low <= first <= last <= high:
            raise ValueError(part)
        values.update(range(first, last + 1, step))
    return values


def _number(text: str, names: Mapping[str, int] | None = None) -> int:
    if names and text in names:
        return names[text]
    if not (text.isascii() and text.isdigit() and len(text) < 4):
        raise ValueError(text)
    return int(text)

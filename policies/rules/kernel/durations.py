"""How often a schedule runs and how long a duration is, in the spellings the clouds use."""

from __future__ import annotations

import re
from datetime import date, timedelta
from itertools import pairwise

MINUTES_A_DAY = 24 * 60
_RATE = re.compile(r"^rate\((\d{1,6}) (minute|hour|day)s?\)$")
_EVERY = re.compile(r"^@every ((?:\d{1,7}[hms])+)$")
_GO = re.compile(r"(\d{1,7}(?:\.\d{1,3})?)(h|m|s)")
_ISO = re.compile(
    r"^P(?:(\d{1,5})Y)?(?:(\d{1,5})M)?(?:(\d{1,5})W)?(?:(\d{1,5})D)?(?:T(?:(\d{1,6})H)?(?:(\d{1,6})M)?)?$"
)
_NAMED = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_WEEKDAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_LONGEST = 200


def go_minutes(text: str) -> float | None:
    """Minutes in a Go duration such as `720h0m0s`; None when it is not one."""
    if not text or len(text) > _LONGEST or _GO.sub("", text):
        return None
    return sum(float(number) * {"h": 60, "m": 1, "s": 1 / 60}[unit] for number, unit in _GO.findall(text))


def iso_minutes(text: str) -> float | None:
    """Minutes in an ISO 8601 duration such as `P30D` or `PT4H`; None when it is not one. Months count 30 days."""
    match = _ISO.match(text) if len(text) <= _LONGEST else None
    if not match or text in ("P", "PT") or text.endswith("T"):
        return None
    years, months, weeks, whole_days, hours, mins = (int(part or 0) for part in match.groups())
    return ((years * 365 + months * 30 + weeks * 7 + whole_days) * 24 + hours) * 60 + mins


def longest_gap_minutes(schedule: str) -> float | None:
    """The longest time between two runs of a schedule, in minutes; None when it is not understood.

    Takes cron with five fields, AWS `cron(...)` with six and `rate(...)`, `@daily` and `@every 1h`, and ISO 8601
    repeating intervals (`R/2024-01-01T00:00:00+00:00/PT4H`). The gap is looked for over two years.
    """
    text = schedule.strip()
    if len(text) > _LONGEST:
        return None
    if match := _RATE.match(text):
        return int(match[1]) * {"minute": 1, "hour": 60, "day": MINUTES_A_DAY}[match[2]]
    if match := _EVERY.match(text):
        return go_minutes(match[1])
    if text.startswith("R") and "/" in text:
        return iso_minutes(text.rsplit("/", 1)[1])
    text = _NAMED.get(text, text)
    if text.startswith(("CRON_TZ=", "TZ=")):
        text = text.partition(" ")[2]
    aws = text.startswith("cron(") and text.endswith(")")
    fields = (text[5:-1] if aws else text).split()
    if len(fields) != (6 if aws else 5):
        return None
    return _cron_gap(fields, aws)


def _cron_gap(fields: list[str], aws: bool) -> float | None:
    of_hour, of_day = _field(fields[0], 0, 59), _field(fields[1], 0, 23)
    days_of_month = _field(fields[2].replace("L", "28"), 1, 31)
    months = _field(fields[3], 1, 12, _MONTHS)
    weekdays = _field(fields[4], 1, 7, _WEEKDAYS, 1) if aws else _field(fields[4], 0, 7, _WEEKDAYS)
    if of_hour is None or of_day is None or days_of_month is None or months is None or weekdays is None:
        return None
    times = sorted(hour * 60 + minute for hour in of_day for minute in of_hour)
    weekdays = {(day - 1) % 7 for day in weekdays} if aws else {day % 7 for day in weekdays}
    any_day, any_weekday = fields[2] in ("*", "?"), fields[4] in ("*", "?")
    runs = []
    start = date(2027, 1, 1)
    for offset in range(731):
        day = start + timedelta(days=offset)
        by_month, by_week = day.day in days_of_month, day.isoweekday() % 7 in weekdays
        # Cron runs when either matches if both are restricted; with one of them open the other decides.
        due = (by_month or by_week) if not any_day and not any_weekday else (by_month and by_week)
        if due and day.month in months:
            runs.append(offset)
    if not runs:
        return None
    within = max((later - earlier for earlier, later in pairwise(times)), default=0)
    pause = max((later - earlier for earlier, later in pairwise(runs)), default=731)
    return float(max(within, pause * MINUTES_A_DAY - times[-1] + times[0]))


def _field(text: str, low: int, high: int, names: tuple[str, ...] = (), first: int | None = None) -> set[int] | None:
    """The numbers one cron field allows; None when it is not understood (`W`, `#`)."""
    offset = first if first is not None else low
    for position, name in enumerate(names):
        text = text.upper().replace(name, str(position + offset))
    allowed: set[int] = set()
    for part in text.split(","):
        span, _, step_text = part.partition("/")
        if step_text and not (step_text.isascii() and step_text.isdigit() and int(step_text) > 0):
            return None
        step = int(step_text) if step_text else 1
        if span in ("*", "?"):
            begin, end = low, high
        else:
            begin_text, _, end_text = span.partition("-")
            if not all(bound.isascii() and bound.isdigit() for bound in (begin_text, end_text or "0")):
                return None
            begin = int(begin_text)
            end = int(end_text) if end_text else (high if step_text else begin)
        if not low <= begin <= end <= high:
            return None
        allowed.update(range(begin, end + 1, step))
    return allowed or None

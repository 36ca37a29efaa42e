"""Schedules and durations in the notations of three clouds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from previews.schedules import DAY, HOUR, MINUTE, longest_gap, seconds, show


@pytest.mark.parametrize(
    ("schedule", "gap"),
    [
        ("rate(1 hour)", HOUR),
        ("rate(5 minutes)", 5 * MINUTE),
        ("cron(0 5 * * ? *)", DAY),
        ("cron(0 0/6 * * ? *)", 6 * HOUR),
        ("cron(0 4 ? * SUN *)", 7 * DAY),
        ("cron(0 4 ? * 1 *)", 7 * DAY),
        ("cron(0 4 1/7 * ? *)", 7 * DAY),
        ("0 */6 * * *", 6 * HOUR),
        ("0 3 * * 1-5", 3 * DAY),
        ("30 2 * * 0", 7 * DAY),
        ("30 2 * * 7", 7 * DAY),
        ("0 0 1 * *", 31 * DAY),
        ("0 1,13 * * *", 12 * HOUR),
        ("0 8,20 * * *", 12 * HOUR),
        ("0 8,10 * * *", 22 * HOUR),
        ("0 0 0 * * *", DAY),
        ("@daily", DAY),
        ("@every 15m", 15 * MINUTE),
        ("@hourly", HOUR),
        ("cron(0 5 L * ? *)", None),
        ("cron(0 5 * * ? 2026)", None),
        ("61 * * * *", None),
        ("* * *", None),
        ("0 0 31 2 *", None),
        ("", None),
    ],
)
def test_the_longest_time_between_two_runs(schedule: str, gap: float | None) -> None:
    assert longest_gap(schedule) == gap


@pytest.mark.parametrize(
    ("text", "expected"),
    [("720h0m0s", 30 * DAY), ("15m", 900), ("500ms", 0.5), ("30d", 30 * DAY), ("P30D", 30 * DAY), ("P1Y", 365 * DAY),
     ("P4W", 28 * DAY), ("PT1H30M", 5400), ("1h30m", 5400), ("P", None), ("soon", None), ("5", None), ("", None)],
)  # fmt: skip
def test_durations(text: str, expected: float | None) -> None:
    assert seconds(text) == expected


@given(st.text(max_size=40))
def test_any_text_is_a_number_or_none(text: str) -> None:
    for value in (seconds(text), longest_gap(text)):
        assert value is None or value >= 0


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0, "0 s"), (59, "59 s"), (90, "1.5 min"), (3600, "1 h"), (86400, "24 h"), (30 * DAY, "30 days")],
)
def test_how_seconds_are_said(value: float, shown: str) -> None:
    assert show(value) == shown

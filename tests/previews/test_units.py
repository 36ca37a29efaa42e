"""Durations and schedules mean what the system that reads them takes them for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from previews.meanings import MEANINGS
from previews.meanings.table import Better
from previews.schedules import AWS_SCHEDULE, CRON, CRON_WITH_SECONDS
from previews.units import DAY, GO, HOUR, ISO, MINUTE, PROTOBUF, SHORT, WINDOW, Notation, show

NOTATIONS = (GO, ISO, WINDOW, PROTOBUF, SHORT, AWS_SCHEDULE, CRON, CRON_WITH_SECONDS)


@pytest.mark.parametrize(
    ("schedule", "gap"),
    [
        ("rate(1 hour)", HOUR),
        ("rate(5 minutes)", 5 * MINUTE),
        ("rate(0 minutes)", None),
        ("cron(0 5 * * ? *)", DAY),
        ("cron(0 0/6 * * ? *)", 6 * HOUR),
        ("cron(0 4 ? * SUN *)", 7 * DAY),
        ("cron(0 4 ? * 1 *)", 7 * DAY),
        ("cron(0 4 ? * 8 *)", None),
        ("cron(0 4 1/7 * ? *)", 7 * DAY),
        ("cron(0 5 L * ? *)", None),
        ("cron(0 5 * * ? 2026)", None),
        ("0 5 * * *", None),
        ("@daily", None),
        ("", None),
    ],
)
def test_aws_reads_its_own_cron(schedule: str, gap: float | None) -> None:
    assert AWS_SCHEDULE.seconds(schedule) == gap


@pytest.mark.parametrize(
    ("schedule", "gap"),
    [
        ("0 */6 * * *", 6 * HOUR),
        ("0 3 * * 1-5", 3 * DAY),
        ("30 2 * * 0", 7 * DAY),
        ("30 2 * * 7", None),  # robfig/cron counts Sunday as 0 alone
        ("47 2 * * 0L", None),
        ("0 0 1 * *", 31 * DAY),
        ("0 1,13 * * *", 12 * HOUR),
        ("0 8,20 * * *", 12 * HOUR),
        ("0 8,10 * * *", 22 * HOUR),
        ("0 0 0 * * *", None),
        ("CRON_TZ=Europe/Oslo 0 * * * *", HOUR),
        ("TZ=UTC 0 3 * * 0", 7 * DAY),
        ("@daily", DAY),
        ("@every 15m", 15 * MINUTE),
        ("@every 1d", None),
        ("@hourly", HOUR),
        ("rate(1 hour)", None),
        ("61 * * * *", None),
        ("* * *", None),
        ("0 0 31 2 *", None),
        ("0 0 \u0661 * *", None),
        ("", None),
    ],
)
def test_kubernetes_and_velero_read_five_fields(schedule: str, gap: float | None) -> None:
    assert CRON.seconds(schedule) == gap


@pytest.mark.parametrize(
    ("schedule", "gap"), [("0 0 0 * * *", DAY), ("0 0 * * *", DAY), ("99 0 0 * * *", None), ("@daily", DAY)]
)
def test_cloudnativepg_reads_seconds_first(schedule: str, gap: float | None) -> None:
    assert CRON_WITH_SECONDS.seconds(schedule) == gap


@pytest.mark.parametrize(
    ("notation", "text", "expected"),
    [
        (GO, "720h0m0s", 30 * DAY), (GO, "15m", 900), (GO, "500ms", 0.5), (GO, "1.5h", 5400), (GO, "0", 0),
        (GO, "0s", 0), (GO, "-1h", -HOUR), (GO, "30d", None), (GO, "12w", None), (GO, "P90D", None), (GO, "2160", None),
        (GO, 2160, None), (GO, "", None), (GO, "1h 5m", None), (GO, "1H", None),
        (WINDOW, "30d", 30 * DAY), (WINDOW, "4w", 28 * DAY), (WINDOW, "2m", 62 * DAY), (WINDOW, "0d", None),
        (WINDOW, "720h", None), (WINDOW, "30", None), (WINDOW, "P30D", None),
        (ISO, "P30D", 30 * DAY), (ISO, "P1Y", 365 * DAY), (ISO, "P4W", 28 * DAY), (ISO, "PT1H30M", 5400),
        (ISO, "P", None), (ISO, "PT", None), (ISO, "P1DT", None), (ISO, "30d", None), (ISO, "p30d", None),
        (PROTOBUF, "2592000s", 30 * DAY), (PROTOBUF, "30d", None), (PROTOBUF, "1.5s", 1.5),
        (SHORT, "7d", 7 * DAY), (SHORT, "1h", HOUR), (SHORT, "1h30m", None),
    ],
)  # fmt: skip
def test_durations(notation: Notation, text: object, expected: float | None) -> None:
    assert notation.seconds(text) == expected


@given(st.sampled_from(NOTATIONS), st.one_of(st.text(max_size=40), st.text("0123456789hmsdwPT.*/- @", max_size=20)))
def test_any_text_is_a_number_or_none(notation: Notation, text: str) -> None:
    value = notation.seconds(text)
    assert value is None or isinstance(value, (int, float))


@given(st.integers(1, 10_000), st.integers(1, 10_000))
def test_a_longer_duration_is_longer_in_each_notation(first: int, second: int) -> None:
    for notation, form in ((GO, "{}h"), (WINDOW, "{}d"), (WINDOW, "{}m"), (ISO, "P{}D"), (PROTOBUF, "{}s")):
        one, other = (notation.seconds(form.format(amount)) for amount in (first, second))
        assert one is not None
        assert other is not None
        assert (one < other) == (first < second)


def test_every_row_on_a_duration_or_a_schedule_says_how_it_is_written() -> None:
    rows = [row for rows in MEANINGS.values() for row in rows]
    assert all((row.notation is not None) == (row.better in {Better.OFTEN, Better.LONGER}) for row in rows)
    for row in rows:
        if row.notation is not None and row.default is not None:
            assert row.notation.seconds(row.default) is not None, row


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0, "0 s"), (59, "59 s"), (90, "1.5 min"), (3600, "1 h"), (86400, "24 h"), (30 * DAY, "30 days")],
)
def test_how_seconds_are_said(value: float, shown: str) -> None:
    assert show(value) == shown

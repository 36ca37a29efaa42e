"""Moments as they are typed."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.core.errors import BadInput
from scripts.core.moments import past_moment

PAST = st.datetimes(max_value=datetime(2020, 1, 1), min_value=datetime(1970, 1, 2))  # noqa: DTZ001 (the zone comes below)


@given(PAST, st.integers(-14 * 60, 14 * 60))
def test_any_zone_is_the_same_moment_to_the_second_below(naive: datetime, minutes: int) -> None:
    typed = naive.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    found = past_moment(typed.isoformat(), "--to-time")
    assert found.tzinfo is UTC
    assert timedelta(0) <= typed - found < timedelta(seconds=1)
    assert found.microsecond == 0


@given(st.text(max_size=40).filter(lambda text: not text.strip()[:4].isdigit()))
def test_what_does_not_begin_with_a_year_is_no_time(text: str) -> None:
    with pytest.raises(BadInput, match=r"^--to-time: .*is not a time") as refused:
        past_moment(text, "--to-time")
    assert refused.value.exit_code == 2


def test_the_future_is_refused_and_says_what_time_it_is() -> None:
    with pytest.raises(BadInput, match="has not come yet"):
        past_moment((datetime.now(UTC) + timedelta(minutes=1)).isoformat(), "--to-time")

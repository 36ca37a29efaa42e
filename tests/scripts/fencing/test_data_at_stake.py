"""Until when writes count as at stake: a site that is cut off goes on until its lease ends."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from scripts.fencing.lease import last_write

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
SECONDS = timedelta(seconds=1)


def test_the_rest_of_a_lease_is_at_stake_because_a_site_that_is_cut_off_goes_on() -> None:
    assert last_write(NOW, NOW + 3 * SECONDS, planned=False) == NOW + 3 * SECONDS


def test_nothing_is_at_stake_of_the_time_after_a_lease() -> None:
    assert last_write(NOW, NOW - 3 * SECONDS, planned=False) == NOW - 3 * SECONDS


def test_a_planned_switch_stops_the_old_writer_itself() -> None:
    assert last_write(NOW, NOW + 3 * SECONDS, planned=True) == NOW


def test_without_a_lease_nobody_knows_that_it_stopped() -> None:
    assert last_write(NOW, None, planned=False) == NOW

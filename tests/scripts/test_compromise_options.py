"""Which sites count as compromised where nobody says it."""

from datetime import UTC, datetime, timedelta

import pytest

from model import load_plan
from scripts.compromise import options_for

CLEAN = (datetime.now(UTC) - timedelta(minutes=1)).isoformat()


@pytest.mark.parametrize(
    ("name", "to", "closed"),
    [
        ("samia", "tertiary", ["primary", "secondary"]),
        ("celora", "secondary", ["primary"]),  # the witness keeps the lease alone: without it nobody could take over
    ],
)
def test_every_other_site_counts_as_compromised_but_a_cold_witness(name: str, to: str, closed: list[str]) -> None:
    found = options_for(load_plan(name), CLEAN)
    assert (found.to, found.more["isolated"]) == (to, closed)


def test_a_witness_that_is_named_counts_as_compromised() -> None:
    found = options_for(load_plan("celora"), CLEAN, compromised=["primary", "tertiary"])
    assert found.more["isolated"] == ["primary", "tertiary"]

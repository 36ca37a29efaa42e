"""Which disaster is taken for granted where nobody says it: its objective says what may be lost, and who agrees."""

import pytest

from model import Topology, load_plan
from scripts.runbooks.decided import disaster_for


@pytest.mark.parametrize(
    ("name", "to", "disaster"),
    [
        ("samia", "secondary", "regional_outage"),
        ("samia", "tertiary", "multi_region_outage"),
        ("celora", "secondary", "regional_outage"),  # cold, and named by the objective
        ("comet", "tertiary", "regional_outage"),  # no objective names it: its first one is for corrupted data
    ],
)
def test_a_move_to_another_site_is_the_outage_of_a_region(name: str, to: str, disaster: str) -> None:
    plan = load_plan(name)
    assert disaster_for(plan, Topology.initial(plan), to) == disaster

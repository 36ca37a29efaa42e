"""The list of what can be rehearsed."""

import pytest

from scripts.core.errors import BadInput
from scripts.drills.scenarios import PROGRAMMES, chosen, scenarios, worlds


def test_all_means_all() -> None:
    assert {part.name for part in chosen("all")} == set(scenarios())


@pytest.mark.parametrize("programme", PROGRAMMES)
def test_nothing_is_rehearsed_in_a_world_that_is_spent(programme: str) -> None:
    parts = chosen(programme)
    groups = worlds(parts)
    assert [part for group in groups for part in group] == parts
    assert all(group for group in groups)
    assert not any(part.final for group in groups for part in group[:-1])
    assert all(group[-1].final for group in groups[:-1])


def test_an_unknown_scenario_is_told_what_there_is() -> None:
    with pytest.raises(BadInput, match="'flood' is not a scenario") as caught:
        chosen("flood")
    assert all(name in caught.value.lines()[1] for name in (*PROGRAMMES, *scenarios()))

"""The list of what can be rehearsed."""

import pytest

from model import load_plan
from scripts import dr
from scripts.core.errors import BadInput, Refused
from scripts.drills.scenarios import PROGRAMMES, chosen, possible, scenarios, worlds


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


def test_a_plan_without_a_warm_site_rehearses_what_it_can() -> None:
    plan = load_plan("muejam")
    able, reasons = possible(plan, chosen("all"))
    assert [part.name for part in able] == ["database-failure", "database-corruption", "backups", "multi-region-outage"]
    assert reasons[0] == "regional-outage needs a warm site, and the plan muejam has none"
    with pytest.raises(Refused, match="failback needs a warm site, and the plan muejam has none"):
        possible(plan, chosen("failback"))
    everything, none = possible(load_plan("samia"), chosen("all"))
    assert (everything, none) == (chosen("all"), [])


def test_a_drill_that_the_plan_cannot_have_is_refused_before_a_world_is_made(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert dr.main(["drill", "regional-outage", "--plan", "muejam"]) == 3
    assert capsys.readouterr().err.startswith("error: regional-outage needs a warm site, and the plan muejam has none")

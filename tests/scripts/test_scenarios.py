"""The list of what can be rehearsed."""

from typing import Any

import pytest

from model import Plan, load_plan
from scripts import dr
from scripts.core.errors import BadInput, Refused
from scripts.drills.scenarios import PROGRAMMES, chosen, fitting, scenarios, worlds

MINIMAL = load_plan("minimal")


def without(**changes: Any) -> Plan:
    """The smallest plan in another shape; what contradicts itself by that is not looked at."""
    return Plan.model_validate({name: getattr(MINIMAL, name) for name in Plan.model_fields} | changes)


SHAPES = {
    "no warm site": without(sites=tuple(site for site in MINIMAL.sites if site.kind != "warm")),
    "no cold site": without(sites=tuple(site for site in MINIMAL.sites if site.kind != "cold")),
    "no store": without(stores=()),
    "no backup in the cold site": without(
        stores=tuple(
            it.model_copy(update={"backups": it.backups.model_copy(update={"copies_to": (), "snapshots": None})})
            for it in MINIMAL.incarnated_stores
        )
    ),
    "no standby": without(stores=tuple(it.model_copy(update={"standby": "none"}) for it in MINIMAL.incarnated_stores)),
    "nothing promised for a compromise": without(
        objectives=tuple(each for each in MINIMAL.objectives if each.disaster != "compromise")
    ),
    "no objective of its own for damage": without(
        objectives=tuple(each for each in MINIMAL.objectives if each.disaster != "database_corruption")
    ),
    "nothing": without(stores=(), sites=MINIMAL.sites[:1]),
}
ABLE = set(scenarios()) - {"application-failure", "failed-deployment", "breach"}
"""Nothing is promised for a service that fails, and a compromised site is left."""
REHEARSED = {
    "no warm site": ABLE - {"regional-outage", "failback"},
    "no cold site": ABLE - {"multi-region-outage", "compromise"},
    "no backup in the cold site": ABLE - {"multi-region-outage", "compromise"},
    "nothing": {"review"},
    "no store": {"review", "regional-outage", "failback", "multi-region-outage"},
    "no standby": ABLE - {"database-failure"},
    "nothing promised for a compromise": ABLE - {"compromise"},
    "no objective of its own for damage": ABLE,
}


@pytest.mark.parametrize("shape", REHEARSED)
def test_what_a_plan_has_nothing_for_is_left_out_with_the_reason(shape: str) -> None:
    fit, reasons = fitting(SHAPES[shape], "all")
    assert {part.name for part in fit} == REHEARSED[shape]
    assert set(reasons) == set(scenarios()) - REHEARSED[shape]
    assert all(
        reason.startswith(("has no ", "keeps nothing", "promises nothing", "sends no backup of core to tertiary"))
        for reason in reasons.values()
    )


def test_a_scenario_that_a_plan_has_nothing_for_is_refused_in_plain_words() -> None:
    with pytest.raises(Refused) as refused:
        fitting(SHAPES["no warm site"], "regional-outage")
    assert list(refused.value.lines()) == [
        "nothing of regional-outage can be rehearsed: minimal has no warm site that could take over",
        f"hint: there is {', '.join(name for name in scenarios() if name in REHEARSED['no warm site'])}",
    ]
    with pytest.raises(Refused, match="keeps nothing that could be damaged") as refused:
        fitting(SHAPES["nothing"], "database-corruption")
    assert list(refused.value.lines())[1] == "hint: there is review"


def test_all_means_all() -> None:
    assert {part.name for part in chosen("all")} == set(scenarios())


@pytest.mark.parametrize("programme", PROGRAMMES)
def test_nothing_is_rehearsed_in_a_world_that_is_spent(programme: str) -> None:
    parts = chosen(programme)
    groups = worlds(load_plan("samia"), parts)
    assert [part for group in groups for part in group] == parts
    assert all(group for group in groups)
    assert not any(part.final for group in groups for part in group[:-1])
    assert all(group[-1].final for group in groups[:-1])


def test_a_cold_site_is_built_where_nothing_was_promoted_if_a_promoted_store_sends_no_backups() -> None:
    parts = chosen("samia")
    assert [[part.name for part in group] for group in worlds(load_plan("comet"), parts)] == [
        ["regional-outage", "failback"], ["multi-region-outage"],
    ]  # fmt: skip
    assert len(worlds(load_plan("samia"), parts)) == 1


def test_an_unknown_scenario_is_told_what_there_is() -> None:
    with pytest.raises(BadInput, match="'flood' is not a scenario") as caught:
        chosen("flood")
    assert all(name in caught.value.lines()[1] for name in (*PROGRAMMES, *scenarios()))


def test_a_plan_of_the_project_without_a_warm_site_rehearses_what_it_can() -> None:
    able, reasons = fitting(load_plan("muejam"), "all")
    assert "regional-outage" in reasons
    assert {part.name for part in able} >= {"database-failure", "database-corruption", "backups", "multi-region-outage"}
    everything, none = fitting(load_plan("samia"), "all")
    assert everything == [part for part in chosen("all") if part.name in ABLE]
    assert none == {
        "application-failure": "promises nothing for application_failure",
        "failed-deployment": "promises nothing for application_failure",
        "breach": "has no answer to a compromise where it is: it leaves the site",
    }


def test_a_drill_that_the_plan_cannot_have_is_refused_before_a_world_is_made(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert dr.main(["drill", "regional-outage", "--plan", "muejam"]) == 3
    assert "muejam has no warm site that could take over" in capsys.readouterr().err

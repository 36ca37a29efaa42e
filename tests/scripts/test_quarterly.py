"""The quarterly test: each of its parts has a status and a time, and the documents are really looked at."""

from types import SimpleNamespace
from typing import Any

import pytest

from model import load_plan
from scripts.drill import quarterly
from scripts.drills import looked
from scripts.drills.scenarios import QUARTERLY, fitting
from scripts.runbooks import pages


def report(**scenarios: tuple[bool, float]) -> Any:
    """What a drill found: by scenario, whether it passed and how many seconds it took."""
    found = [
        SimpleNamespace(name=name.replace("_", "-"), ok=ok, evidence={"seconds": seconds})
        for name, (ok, seconds) in scenarios.items()
    ]
    return SimpleNamespace(scenarios=found)


def test_each_part_is_passed_failed_late_or_left_out() -> None:
    seen = quarterly(report(backups=(True, 60.0), restore_test=(False, 9.0), database_failure=(True, 2701.0)), 4.0)
    assert [(each["name"], each["status"], each["seconds"]) for each in seen] == [
        ("Backup verification", "passed", 60.0),
        ("Restore test", "failed", 9.0),
        ("Failover test", "late", 2701.0),
        ("Documentation review", "left out", None),
        ("Report generation", "passed", 4.0),
    ]
    assert [each["allowed"] for each in seen] == [1800.0, 3600.0, 2700.0, 1800.0, 900.0]


def test_a_plan_with_a_backup_region_has_every_part_of_it() -> None:
    fit, left_out = fitting(load_plan("muejam"), "quarterly")
    assert [part.name for part in fit] == [each.scenario for each in QUARTERLY if each.scenario]
    assert left_out == {}


@pytest.mark.parametrize("name", ["samia", "minimal", "muejam"])
def test_the_documents_of_a_plan_of_the_project_need_no_correction(name: str) -> None:
    assert looked.findings(load_plan(name)) == {"objectives": [], "contacts": [], "runbooks": []}


def test_a_promise_that_cannot_be_kept_and_a_person_who_is_not_there_are_found() -> None:
    plan = load_plan("muejam")
    quick = plan.objectives[1].model_copy(update={"rto": plan.detection.interval})
    wrong = plan.model_copy(update={"objectives": (quick,), "contacts": plan.contacts[1:]})
    found = looked.findings(wrong)
    assert len(found["objectives"]) >= 1
    assert found["contacts"] == ["nobody is on_call"]


def test_a_plan_without_a_warm_site_has_no_page_that_needs_one() -> None:
    written = pages.texts(load_plan("muejam"))
    assert not {f"{name}.md" for name in pages.NEEDS_WARM} & set(written)
    assert "dr failover --to backup" in written["activate_cold.md"]
    assert not [name for name, text in written.items() if any(f"({each}.md)" in text for each in pages.NEEDS_WARM)]

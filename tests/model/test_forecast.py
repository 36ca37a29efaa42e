"""What a plan can reach, and how each part of it moves the result."""

from typing import Any

import pytest

from model import load_plan, parse_plan
from model.forecast import Forecast, ObjectiveForecast, span
from model.step_times import StepTimes, percentile
from scripts.runbooks.forecasts import forecast, waves_for
from scripts.runbooks.tables import TABLES, table
from scripts.runs.runbook import Options

SAMIA = forecast(load_plan("samia"))
REACHED = [each for each in SAMIA.objectives if each.method != "none"]


def of(result: Forecast, disaster: str) -> ObjectiveForecast:
    return next(each for each in result.objectives if each.disaster == disaster)


def changed(document: dict[str, Any], **recorded: list[float]) -> Forecast:
    return forecast(parse_plan(document, "x.yaml"), recorded)


def test_samia_can_reach_all_its_objectives_but_the_one_that_it_says_it_does_not() -> None:
    assert SAMIA.feasible
    assert SAMIA.shortfalls() == []
    assert {each.disaster: each.method for each in SAMIA.objectives} == {
        "database_failure": "standby",
        "regional_outage": "promote",
        "multi_region_outage": "restore",
        "provider_outage": "none",
        "compromise": "restore",
    }


def test_loss_is_bounded_by_what_the_plan_says() -> None:
    assert {each.disaster: each.rpo_seconds for each in SAMIA.objectives} == {
        "database_failure": 0,  # the standby confirms every commit
        "regional_outage": 900,  # max_lag
        "multi_region_outage": 900,  # objects take longer than twice archive_interval
        "provider_outage": None,
        "compromise": 900,
    }


def test_critical_path_is_gapless_and_adds_up() -> None:
    for each in REACHED:
        end = 0.0
        for step in each.path:
            assert step.starts_seconds == pytest.approx(end)
            end += step.typical_seconds
        assert each.rto_seconds == pytest.approx(end)
        assert each.worst_rto_seconds is not None
        assert each.worst_rto_seconds >= end


def test_tiers_come_back_in_order() -> None:
    for each in REACHED:
        times = [tier.rto_seconds for tier in each.tiers]
        assert times == sorted(times)
        assert [tier.tier for tier in each.tiers] == [0, 1, 2, 3]


def test_longest_downtime_of_a_tier_binds_where_the_objective_is_not_longer_than_all_of_them() -> None:
    assert all(tier.target_seconds is not None for tier in of(SAMIA, "regional_outage").tiers)
    assert all(tier.target_seconds is None for tier in of(SAMIA, "multi_region_outage").tiers)


def test_risk_is_said() -> None:
    assert of(SAMIA, "regional_outage").verdict == "at risk"  # tier 0 within 5 minutes only in the typical case
    assert of(SAMIA, "database_failure").verdict == "met"


def test_warm_pods_bring_a_tier_back_sooner(document: dict[str, Any]) -> None:
    document["services"][5]["replicas"]["warm"] = 1
    document["services"][6]["replicas"]["warm"] = 1
    sooner, later = of(changed(document), "regional_outage"), of(SAMIA, "regional_outage")
    assert sooner.tiers[3].rto_seconds < later.tiers[3].rto_seconds


def test_without_a_standby_a_failed_database_is_restored_from_its_log(document: dict[str, Any]) -> None:
    document["stores"][0]["standby"] = "none"
    result = of(changed(document), "database_failure")
    assert (result.method, result.rpo_seconds) == ("restore_in_place", 300)
    assert result.verdict == "missed"  # half an hour instead of 15 minutes


def test_synchronous_copy_loses_nothing_of_a_database(document: dict[str, Any]) -> None:
    document["stores"][0]["replication"] = {"mode": "synchronous"}
    del document["stores"][1]
    document["services"][4]["uses"] = ["core"]
    assert of(changed(document), "regional_outage").rpo_seconds == 0


def test_lag_beyond_the_objective_is_refused(document: dict[str, Any]) -> None:
    document["stores"][0]["replication"]["max_lag"] = "20m"
    result = changed(document)
    assert not result.feasible
    (line,) = result.shortfalls()
    assert line.startswith("objectives[1] (regional_outage).rpo: 15m is asked, 20m can be lost: a copy of core")


def test_cold_site_without_backups_is_impossible(document: dict[str, Any]) -> None:
    document["stores"][0]["backups"]["copies_to"] = []
    document["stores"][0]["backups"]["snapshots"]["copies_to"] = []
    result = changed(document)
    assert of(result, "compromise").verdict == "impossible"
    assert of(result, "compromise").rto_seconds is None
    assert "no backup of core arrives in tertiary (backups.copies_to)" in result.shortfalls()[0]


def test_cold_site_with_snapshots_alone_loses_a_day(document: dict[str, Any]) -> None:
    document["stores"][0]["backups"]["copies_to"] = []
    assert of(changed(document), "compromise").rpo_seconds == 86_400


def test_manual_decision_costs_a_tier_its_downtime(document: dict[str, Any]) -> None:
    document["objectives"][1]["automation"] = "manual"
    result = changed(document)
    lines = result.shortfalls()
    assert any("tier 0 may be down for 5m" in line for line in lines)
    assert any("tier 1 may be down for 15m" in line for line in lines)


def test_recorded_durations_take_the_place_of_assumptions(document: dict[str, Any]) -> None:
    before = of(SAMIA, "regional_outage")
    after = of(changed(document, promote_database=[1.0, 2.0, 400.0], switch_traffic=[0.5]), "regional_outage")
    step = next(step for step in after.path if step.step == "promote_database:core")
    assert (step.typical_seconds, step.worst_seconds, step.source) == (2.0, 400.0, "measured in 3 runs")
    assert after.rto_seconds is not None
    assert before.rto_seconds is not None
    assert after.rto_seconds < before.rto_seconds


def test_steps_side_by_side_count_once(document: dict[str, Any]) -> None:
    """A promotion shorter than the health checks is not on the critical path."""
    path = [step.step for step in of(changed(document, promote_database=[1.0]), "regional_outage").path]
    assert "switch_traffic" in path
    assert "promote_database:core" not in path


def test_more_services_of_one_tier_take_no_longer(document: dict[str, Any]) -> None:
    more = {"kind": "pods", "tier": 2, "uses": ["core"], "front_door": False}
    document["services"] += [{"name": f"more-{i}", **more} for i in range(100)]
    assert of(changed(document), "multi_region_outage").rto_seconds == of(SAMIA, "multi_region_outage").rto_seconds


def test_another_site_of_the_provider_that_is_gone_is_no_way_back(document: dict[str, Any]) -> None:
    del document["objectives"][3]["gap"]
    result = changed(document)
    assert not result.feasible
    says = "tertiary is on aws as well, which is what a provider_outage takes away"
    assert result.shortfalls() == [f"objectives[3] (provider_outage): {says}"]
    assert of(result, "provider_outage").verdict == "impossible"
    assert of(SAMIA, "provider_outage").verdict == "impossible", "a gap is shown as it is"
    document["sites"][2] |= {
        "cloud": "azure", "region": "northeurope", "account": "6f1c9a1e-8f6b-4a51-9b4c-0d7f0a4f8b11",
    }  # fmt: skip
    document["residency"]["allowed_regions"].append("northeurope")
    assert of(changed(document), "provider_outage").method == "restore"


@pytest.mark.parametrize("disaster", ["cache_failure", "registry_failure"])
def test_what_no_runbook_answers_is_not_forecast_as_met(document: dict[str, Any], disaster: str) -> None:
    document["objectives"].append({"disaster": disaster, "rpo": "1h", "rto": "4h", "automation": "automatic"})
    result = changed(document)
    assert not result.feasible
    assert f"no runbook answers {disaster.replace('_', ' ')}" in result.shortfalls()[0]


def test_component_has_its_own_objective(document: dict[str, Any]) -> None:
    goal = {"disaster": "regional_outage", "component": "auth", "rpo": "15m", "rto": "1h", "recover_at": "secondary"}
    document["objectives"].append(goal)
    result = changed(document).objectives[-1]
    assert result.component == "auth"
    assert result.tiers == ()
    assert result.met


def test_percentiles() -> None:
    assert percentile([3.0], 0.95) == 3.0
    assert percentile([1.0, 2.0, 3.0, 4.0], 0.5) == 2.0
    assert percentile([float(i) for i in range(1, 101)], 0.95) == 95.0


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        *((0, "0s"), (0.85, "0.8s"), (35, "35s"), (60, "1m"), (252, "4m12s"), (2840, "47m20s"), (5822, "1h37m")),
        *((86_400, "1d"), (None, "-")),
    ],
)
def test_span(seconds: float | None, text: str) -> None:
    assert span(seconds) == text


BESIDE_THE_TABLES = {"detect", "decide"}  # what comes before the run


@pytest.mark.parametrize("name", ["samia", "minimal"])
def test_every_forecast_step_is_a_row_of_a_table(name: str) -> None:
    plan = load_plan(name)
    rows = {row.name for each in TABLES for row in table(each, plan, Options(to=plan.primary.name)).rows}
    for each in forecast(plan).objectives:
        assert {step.step for step in each.path} - BESIDE_THE_TABLES <= rows
        assert each.method == "none" or len(each.path) > len(BESIDE_THE_TABLES)


@pytest.mark.parametrize("method", ["standby", "promote", "restore", "restore_in_place"])
def test_a_forecast_walks_every_row_up_to_the_last_tier(method: Any) -> None:
    """A row that is added to a table takes its time in the forecast, or the forecast says that it has none."""
    plan = load_plan("samia")
    waves = waves_for(plan, method, plan.objectives[0])
    assert waves is not None
    assert waves[-1][0].step == "verify_tiers"
    times = StepTimes(plan, {})
    assert all(times.of_row(row.step, row.subject).typical >= 0 for wave in waves for row in wave)


def test_what_no_runbook_answers_is_not_said_to_be_met(document: dict[str, Any]) -> None:
    goal = {"disaster": "cache_failure", "rpo": "0m", "rto": "1h"}
    document["objectives"].append(goal)
    result = changed(document).objectives[-1]
    assert (result.verdict, result.because) == ("impossible", "no runbook answers cache failure")


def test_an_application_failure_is_reckoned_along_the_ladder(document: dict[str, Any]) -> None:
    goal = {"disaster": "application_failure", "rpo": "0m", "rto": "1h", "component": "payments"}
    document["objectives"].append(goal)
    result = changed(document).objectives[-1]
    assert (result.method, result.verdict, result.rpo_seconds) == ("restart", "met", 0.0)
    rows = [
        "look_at_service", "restart_service", "roll_back_to_last_good", "scale_service_up", "recreate_service",
        "see_recovered",
    ]  # fmt: skip
    assert [step.step for step in result.path] == ["detect", "decide", *(f"{row}:payments" for row in rows)]
    on_machines = of(forecast(load_plan("muejam")), "application_failure")
    assert "replace_machines:servers" in [step.step for step in on_machines.path]
    in_slots = of(forecast(load_plan("celora")), "application_failure")
    assert (in_slots.method, in_slots.verdict) == ("restart", "met")

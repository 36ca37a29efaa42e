"""
What every table must hold: an order that is safe, an undo or the reason why there is none, and a point of no return.
"""

from pathlib import Path

import pytest

from model import Plan, load_plan
from model.acceptance import HttpCheck
from scripts.runbooks.forecasts import forecast
from scripts.runbooks.tables import TABLES, table
from scripts.runs.runbook import Options, Row

PLANS = ["samia", "minimal"]


def rows(name: str, plan: Plan) -> list[Row]:
    return list(table(name, plan, Options()).rows)


def wave_of(name: str, plan: Plan, row: str) -> int:
    waves = table(name, plan, Options()).waves()
    return next(number for number, wave in enumerate(waves) if row in {each.name for each in wave})


@pytest.mark.parametrize("plan", PLANS)
@pytest.mark.parametrize("name", TABLES)
def test_every_row_says_how_it_is_undone_or_why_it_cannot_be(name: str, plan: str) -> None:
    for row in rows(name, load_plan(plan)):
        assert bool(row.undo) != bool(row.why_no_undo), row.name
        assert row.sentence[0].isupper(), row.name
        assert not row.sentence.endswith("."), row.name


@pytest.mark.parametrize(
    "name", ["failover", "switchover", "activate_cold", "reprotect", "restore", "compromise", "stand_down"]
)
def test_the_point_of_no_return_is_marked(name: str) -> None:
    assert any(row.point_of_no_return for row in rows(name, load_plan("samia")))


@pytest.mark.parametrize(
    ("name", "first", "later"),
    [
        ("failover", "check_target", "fence_old_writer"),
        ("failover", "fence_old_writer", "promote_database:core"),
        ("failover", "grant_lease", "verify_service"),
        ("failover", "verify_service", "reconcile_stack"),
        ("switchover", "check_hand_over", "declare_disaster"),
        ("switchover", "start_service:shop", "hand_over"),
        ("switchover", "hand_over", "promote_database:core"),
        ("switchover", "hand_over", "switch_traffic"),
        ("activate_cold", "choose_restore_point", "fence_old_writer"),
        ("activate_cold", "fence_old_writer", "build_site"),
        ("activate_cold", "build_site", "grant_lease"),
        ("reprotect", "measure_divergence:core", "declare_replica"),
        ("reprotect", "see_replication", "retire_old_copy"),
        ("restore", "stop_writes", "restore_in_place"),
        ("restore", "verify_service", "retire_damaged"),
        ("restore", "measure_given_up", "retire_damaged"),
        ("restore", "release_backups", "retire_damaged"),
        ("compromise", "choose_clean_point", "fence_compromised_writer"),
        ("compromise", "fence_compromised_writer", "isolate_site:primary"),
        ("compromise", "isolate_site:secondary", "revoke_credentials:primary"),
        ("compromise", "revoke_credentials:primary", "build_site"),
        ("compromise", "preserve_evidence:core", "open_clean_site"),
        ("compromise", "build_site", "inspect_restored"),
        ("compromise", "inspect_restored", "open_clean_site"),
        ("compromise", "open_clean_site", "switch_traffic"),
        ("contain", "look_at_breach", "renew_logins"),
        ("contain", "renew_logins", "end_role_sessions"),
        ("contain", "end_role_sessions", "restart_agent"),
        ("contain", "restart_agent", "restart_with_new_login:shop"),
        ("contain", "restart_with_new_login:shop", "end_old_sessions"),
        ("contain", "end_old_sessions", "verify_service"),
        ("contain", "verify_service", "restart_followers"),
    ],
)
def test_what_must_come_first_does(name: str, first: str, later: str) -> None:
    plan = load_plan("minimal")
    assert wave_of(name, plan, first) < wave_of(name, plan, later)


def test_one_store_alone_is_re_protected_by_the_rows_that_are_about_it() -> None:
    plan = load_plan(str(Path(__file__).parents[2] / "plans" / "pair.yaml"))
    all_of_them, one = (
        {row.name for row in table("reprotect", plan, Options(more=more)).rows} for more in ({}, {"stores": ["stock"]})
    )
    assert all_of_them - one == {"measure_divergence:core"}


def test_the_lease_is_granted_after_every_promotion() -> None:
    grant = next(row for row in rows("failover", load_plan("samia")) if row.name == "grant_lease")
    assert grant.after == ("promote_database:core",)


def test_a_clean_site_is_built_with_credentials_that_were_made_before() -> None:
    build = next(row for row in rows("compromise", load_plan("samia")) if row.name == "build_site")
    assert build.after == ("rotate_credentials",)


def test_a_site_that_was_isolated_is_released_before_it_is_rebuilt() -> None:
    known = table("reprotect", load_plan("samia"), Options(more={"declared_clean": "rebuilt"})).rows
    names = [row.name for row in known]
    assert names.index("reopen_site") < names.index("share_login") < names.index("declare_replica")
    assert "reopen_site" not in {row.name for row in rows("reprotect", load_plan("samia"))}


def test_services_start_in_the_order_of_their_tiers_and_those_of_one_tier_together() -> None:
    plan = load_plan("samia")
    waves = [wave for wave in table("failover", plan, Options()).waves() if wave[0].phase == "compute"]
    tiers = [{plan.effective_tier(row.subject) for row in wave} for wave in waves]
    assert tiers == [{0}, {1}, {2}, {3}]
    assert {row.subject for wave in waves for row in wave} == {service.name for service in plan.services}


def test_no_table_is_left_out_of_the_registry() -> None:
    folder = Path(__file__).resolve().parents[3] / "scripts" / "runbooks"
    named = {path.stem for path in folder.glob("*.py")} - {
        "__init__",
        "agreed_anew",
        "decided",
        "forecasts",
        "opening",
        "own",
        "pages",
        "run",
        "tables",
        "terminal",
    }
    assert named == set(TABLES) - {"open"}


@pytest.mark.parametrize(
    ("name", "row", "before"),
    [
        ("restore", "run_checks:before_switch", "grant_lease"),
        ("compromise", "run_checks:before_switch", "open_clean_site"),
        ("activate_cold", "run_checks:before_switch", "grant_lease"),
        ("switchover", "run_checks:before_switch", "switch_traffic"),
        ("restore", "run_checks:after_restore", "retire_damaged"),
        ("failover", "run_checks:after_failover", "reconcile_stack"),
    ],
)
def test_the_plans_own_checks_have_a_row_where_there_are_any(name: str, row: str, before: str) -> None:
    plan = load_plan("samia")
    assert row not in {each.name for each in rows(name, plan)}
    moments = ["before_switch", "after_restore", "after_failover"]
    check = HttpCheck.model_validate({"name": "up", "kind": "http", "path": "/health", "at": moments})
    plan = plan.model_copy(update={"checks": (check,)})
    names = [each.name for each in rows(name, plan)]
    assert names.index(row) < names.index(before)
    assert forecast(plan)


def test_a_compromise_that_is_answered_where_it_is_is_forecast_by_the_table_that_does_so() -> None:
    def steps(plan: str) -> set[str]:
        found = next(each for each in forecast(load_plan(plan)).objectives if each.disaster == "compromise")
        return {each.step.partition(":")[0] for each in found.path}

    assert "renew_logins" in steps("muejam")
    assert "build_site" not in steps("muejam")
    assert "build_site" in steps("samia")
    assert "renew_logins" not in steps("samia")

"""Checks and hooks of the user's own: what may stand in a plan, and what each mistake is called."""

from typing import Any

import pytest

from model import PlanError, load_plan, parse_plan
from model.acceptance import Range
from model.checks import notes

SQL = {"name": "orphans", "kind": "sql", "at": ["drill"], "store": "core", "query": "SELECT 1", "count": {"equals": 0}}
HTTP = {"name": "up", "kind": "http", "at": ["after_failover"], "path": "/health", "body": {"status": "ok"}}
COMMAND = {"name": "smoke", "kind": "command", "at": ["steady_state"], "command": ["true"], "service": "payments"}


def mistakes(document: dict[str, Any]) -> list[str]:
    try:
        parse_plan(document, "x.yaml")
    except PlanError as error:
        return [str(each) for each in error.mistakes]
    return []


def test_every_kind_is_read(document: dict[str, Any]) -> None:
    document["checks"] = [SQL, HTTP, COMMAND]
    document["hooks"] = {"migrate": {"service": "payments", "command": ["./migrate"], "timeout": "10m"}}
    plan = parse_plan(document, "x.yaml")
    assert [each.name for each in plan.checks_at("after_failover")] == ["up"]
    assert plan.hooks["migrate"].timeout.total_seconds() == 600


@pytest.mark.parametrize(
    ("base", "change", "says"),
    [
        (SQL, {"store": "nowhere"}, 'checks[0].store: "nowhere" is no store that speaks SQL; there is core'),
        (SQL, {"at": ["sometimes"]}, "checks[0].at[0]: \"sometimes\" is not 'steady_state', 'before_switch'"),
        (SQL, {"at": []}, "checks[0].at: "),
        (SQL, {"at": ["drill", "drill"]}, "checks[0].at: names a moment twice"),
        (SQL, {"count": None}, "checks[0]: needs exactly one of count, rows and age"),
        (SQL, {"age": "5m"}, "checks[0]: needs exactly one of count, rows and age"),
        (SQL, {"count": {}}, "checks[0].count: needs equals, at_least or at_most"),
        (SQL, {"count": {"at_least": 3, "at_most": 2}}, "checks[0].count: no number is at least this"),
        (SQL, {"timeout": "2h"}, "checks[0].timeout: is longer than an hour"),
        (SQL, {"kind": "shell"}, "checks[0].kind: \"shell\" is not 'sql', 'http' or 'command'"),
        (SQL, {"querry": "x"}, "checks[0].querry: is not a known key"),
        (HTTP, {"path": "health"}, 'checks[0].path: "health" is not a path such as /health/db'),
        (HTTP, {"body": {"a[": 1}}, "checks[0].body"),
        (HTTP, {"latency": "0s"}, "checks[0].latency: must be longer than zero"),
        (COMMAND, {"command": []}, "checks[0].command: "),
        (COMMAND, {"service": "nobody"}, 'checks[0].service: "nobody" is no service of this plan'),
        (COMMAND, {"environment": ["X"]}, "checks[0].environment: where the service runs it has the service's own"),
    ],
)
def test_mistakes_of_a_check_are_named(
    document: dict[str, Any], base: dict[str, Any], change: dict[str, Any], says: str
) -> None:
    document["checks"] = [{key: value for key, value in {**base, **change}.items() if value is not None}]
    found = mistakes(document)
    assert any(each.startswith(says) for each in found), found


@pytest.mark.parametrize(
    ("hooks", "says"),
    [
        ({"migrate": {"service": "nobody", "command": ["x"]}}, 'hooks.migrate.service: "nobody" is no service'),
        ({"migrate": {"service": "payments"}}, "hooks.migrate.command: is required"),
        ({"Migrate": {"service": "payments", "command": ["x"]}}, 'hooks.Migrate: "Migrate" is not the name of a hook'),
        ({"read_only_on": {"service": "payments", "command": ["x"]}}, "hooks: read_only_on without read_only_off"),
    ],
)
def test_mistakes_of_a_hook_are_named(document: dict[str, Any], hooks: dict[str, Any], says: str) -> None:
    document["hooks"] = hooks
    found = mistakes(document)
    assert any(each.startswith(says) for each in found), found


def test_a_name_is_given_to_one_check(document: dict[str, Any]) -> None:
    document["checks"] = [SQL, {**HTTP, "name": "orphans"}]
    assert mistakes(document) == ['checks[1].name: "orphans" is already used by checks[0]']


def test_a_kind_of_service_that_runs_no_command_is_named() -> None:
    muejam = load_plan("muejam").model_dump(mode="json", exclude_unset=True)
    muejam["hooks"] = {"migrate": {"service": "servers", "command": ["x"]}}
    assert mistakes(muejam) == [
        'hooks.migrate.service: "servers" is of kind vm_group, which runs no command for itself'
    ]


def test_a_hook_that_no_runbook_runs_is_said(document: dict[str, Any]) -> None:
    document["hooks"] = {"warm_up": {"service": "payments", "command": ["x"]}}
    assert any("hook warm_up is run by no runbook" in each for each in notes(parse_plan(document, "x.yaml")))


@pytest.mark.parametrize(
    ("bounds", "number", "holds"),
    [
        ({"equals": 0}, 0, True),
        ({"equals": 0}, 1, False),
        ({"at_least": 1}, 1, True),
        ({"at_least": 1}, 0.5, False),
        ({"at_most": 2}, 3, False),
        ({"at_least": 1, "at_most": 2}, 2, True),
    ],
)
def test_a_range_holds_or_not(bounds: dict[str, int], number: float, holds: bool) -> None:
    assert Range(**bounds).holds(number) is holds

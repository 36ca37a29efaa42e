"""What counts as passed: numbers, rows and ages from a real PostgreSQL, answers, and commands."""

from typing import Any

import pytest

from model import load_plan
from model.acceptance import CommandCheck, SqlCheck
from scripts.clouds.access import Clouds
from scripts.engines.postgres.questions import ask
from scripts.engines.postgres.session import Database
from scripts.probes.acceptance import Place, ask_all, environment, judged, why_not_in

PLACE = Place("primary", {"core": 1})


def sql(query: str, **expects: Any) -> SqlCheck:
    named = {"name": "x", "kind": "sql", "at": ["drill"], "store": "core", "query": query}
    return SqlCheck.model_validate({**named, **expects})


def command(*argv: str, **more: Any) -> CommandCheck:
    named = {"name": "x", "kind": "command", "at": ["drill"], "command": list(argv)}
    return CommandCheck.model_validate({**named, **more})


@pytest.mark.parametrize(
    ("query", "expects", "wrong", "said"),
    [
        ("SELECT count(*) FROM orders", {"count": {"equals": 0}}, False, "0, expected equals 0"),
        ("SELECT count(*) FROM orders", {"count": {"at_least": 1}}, True, "0, expected at least 1"),
        ("SELECT 2.5::numeric", {"count": {"at_most": 2}}, True, "2.5, expected at most 2"),
        ("SELECT 'NaN'::float8", {"count": {"at_most": 2}}, True, "nan, expected at most 2"),
        ("SELECT 'seven'", {"count": {"equals": 7}}, True, "its answer is of type str, expected a number equals 7"),
        ("SELECT true", {"count": {"equals": 1}}, True, "its answer is of type bool, expected a number equals 1"),
        ("SELECT 1 WHERE false", {"count": {"equals": 0}}, True, "its answer is nothing, expected a number equals 0"),
        ("SELECT generate_series(1, 3)", {"rows": {"equals": 3}}, False, "3 rows, expected equals 3"),
        ("SELECT id FROM orders", {"rows": {"at_least": 1}}, True, "0 rows, expected at least 1"),
        ("SELECT now() - interval '2 min'", {"age": "1m"}, True, "120.0 s old, expected at most 1m"),
        ("SELECT now() AT TIME ZONE 'UTC'", {"age": "1m"}, False, " s old, expected at most 1m"),
        ("SELECT interval '90 s'", {"age": "1m"}, True, "90.0 s old, expected at most 1m"),
        ("SELECT now() + interval '1 day'", {"age": "1m"}, True, "s in the future"),
        ("SELECT max(id) FROM orders", {"age": "1m"}, True, "its answer is nothing, expected a time"),
    ],
)
def test_what_a_query_gives_is_judged(
    managed: Database, query: str, expects: dict[str, Any], wrong: bool, said: str
) -> None:
    check = sql(query, **expects)
    found = judged(check, ask(managed.login, query, seconds=30))
    assert found[0] is wrong
    assert found[1].endswith(said)


@pytest.mark.parametrize(
    ("body", "expression", "expected", "said"),
    [
        ({"status": "ok"}, "status", "ok", None),
        ({"checks": [{"name": "db", "up": True}]}, "checks[0].up", True, None),
        ({"checks": [{"name": "db", "up": 1}]}, "checks[0].up", True, "checks[0].up is 1, expected True"),
        ({"status": "ok"}, "state", "ok", "state is None, expected ok"),
        ({"n": [1, 2]}, "length(n)", 2, None),
        ({"n": 5}, "length(n)", 5, "length(n): "),
        ({"n": {"password": "x"}}, "n", "x", "n is dict, expected x"),
        (None, "status", "ok", "status: the answer is no JSON"),
    ],
)
def test_what_an_answer_holds_is_judged(body: Any, expression: str, expected: object, said: str | None) -> None:
    found = why_not_in(body, expression, expected)
    assert found is None if said is None else str(found).startswith(said)


def test_a_command_is_told_where_it_looks_and_given_no_credential() -> None:
    plan = load_plan("minimal")
    ours = {"PATH": "/bin", "AWS_SECRET_ACCESS_KEY": "x", "PULUMI_CONFIG_PASSPHRASE": "y", "BASE_URL": "z"}
    told = environment(plan, command("true", environment=["BASE_URL"]), PLACE, ours)
    assert told == {
        "PATH": "/bin", "BASE_URL": "z", "DR_SYSTEM": "minimal", "DR_SITE": "primary",
        "DR_URL": "https://api.minimal.example.com",
    }  # fmt: skip


def test_one_that_fails_does_not_keep_the_others_from_being_asked() -> None:
    plan = load_plan("minimal")
    asked = [command("no-such-program"), command("false", may_stop=True), command("sh", "-c", "echo $DR_SITE >&2")]
    outcomes = ask_all(plan, Clouds(plan), asked, PLACE)
    assert [(each.passed, each.may_stop) for each in outcomes] == [(False, False), (False, True), (True, False)]
    assert outcomes[0].said.startswith("no-such-program cannot be started")
    assert outcomes[1].said == "it ended with 1"

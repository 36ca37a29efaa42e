"""What the service's image can do once, on a real database: it is what the hooks of a plan call."""

import sys
from collections.abc import Callable, Iterator

import psycopg
import pytest

from sandbox.dataplane import manage
from sandbox.dataplane.app import Service
from sandbox.dataplane.schema import apply_schema
from tests.scratch_database import server

Say = Callable[..., int]


@pytest.fixture(scope="module")
def dsn() -> Iterator[str]:
    with server() as login:
        found = f"host={login.host} port={login.port} dbname={login.database} user={login.user}"
        apply_schema(found)
        yield found


@pytest.fixture
def env(dsn: str) -> dict[str, str]:
    """The environment of a service whose one store this is."""
    told = dict(word.split("=") for word in dsn.split())
    parts = {"HOST": "host", "PORT": "port", "NAME": "dbname", "USER": "user", "PASSWORD": "password"}
    return {"DR_STORES": "core", **{f"DR_STORE_CORE_{part}": told.get(key, "") for part, key in parts.items()}}


@pytest.fixture
def say(env: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Say:
    for name, value in env.items():
        monkeypatch.setenv(name, value)

    def run(*words: str) -> int:
        monkeypatch.setattr(sys, "argv", ["manage", *words])
        return manage.main()

    return run


def test_while_it_is_read_only_it_takes_no_order_and_answers_all_else(say: Say, env: dict[str, str]) -> None:
    service = Service(env)
    status, order = service.take_order({"run": "r", "seq": 1})
    assert status == 201
    assert [say("read-only", "on"), say("read-only", "on")] == [0, 0], "a second time is harmless"
    assert service.take_order({"run": "r", "seq": 2}) == (503, {"error": "the service is read-only"})
    assert service.show_order(order["id"])[0] == 200
    assert service.health("/health/db")[0] == 200
    assert say("read-only", "off") == 0
    assert service.take_order({"run": "r", "seq": 3})[0] == 201


def test_every_key_is_revoked(say: Say, dsn: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("INSERT INTO api_keys DEFAULT VALUES; INSERT INTO api_keys DEFAULT VALUES")
        assert say("revoke-keys") == 0
        assert connection.execute("SELECT count(*), bool_or(active) FROM api_keys").fetchone() == (2, False)


def test_what_it_does_not_know_it_does_not_do(say: Say, capsys: pytest.CaptureFixture[str]) -> None:
    assert [say(), say("read-only"), say("read-only", "maybe"), say("revoke-keys", "all")] == [manage.USAGE_ERROR] * 4
    assert "usage: manage sql" in capsys.readouterr().err
    with pytest.raises(psycopg.Error, match="no_such_function"):
        say("sql", "SELECT no_such_function()")

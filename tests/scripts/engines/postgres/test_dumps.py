"""A database as a file and back: all rows, without the guard, into an empty one only, and nothing by halves."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.core.errors import BadInput, DatabaseFailed, Refused
from scripts.core.net import Login
from scripts.engines.postgres import guard
from scripts.engines.postgres.dumps import PROGRAMS, bring_back, create_database, drop_database, dump
from scripts.engines.postgres.session import Database
from tests.scratch_database import BIN

SECONDS = 120.0
FILLED = """
    CREATE TABLE "Odd name" (id int PRIMARY KEY, made timestamptz);
    CREATE TABLE parts (id int) PARTITION BY RANGE (id);
    CREATE TABLE part_1 PARTITION OF parts DEFAULT;
    CREATE TABLE empty ();
    CREATE VIEW several AS SELECT id FROM parts;
    INSERT INTO orders SELECT n::text, 'x' FROM generate_series(1, 500) n;
    INSERT INTO "Odd name" SELECT n, now() FROM generate_series(1, 7) n;
    INSERT INTO parts SELECT generate_series(1, 3);
    SELECT lo_from_bytea(0, 'large');
"""
ROWS = {"public.orders": 500, 'public."Odd name"': 7, "public.part_1": 3, "public.empty": 0}


@pytest.fixture(autouse=True)
def programs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PROGRAMS, str(BIN))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


@pytest.fixture
def filled(managed: Database) -> Database:
    managed.script(FILLED)
    guard.install(managed)
    return managed


@pytest.fixture
def beside(filled: Database) -> Iterator[Login]:
    name = f"{filled.login.database}_back"
    yield create_database(filled.login, name)
    drop_database(filled.login, name)


def test_everything_comes_back_without_the_guard(filled: Database, beside: Login, folder: Path) -> None:
    dumped = dump(filled.login, folder / "a.dump", seconds=SECONDS)
    assert dumped.rows == ROWS
    bring_back(beside, folder / "a.dump", dumped.rows, seconds=SECONDS)
    with Database(beside) as back:
        assert back.rows('SELECT count(*), max(id) FROM "Odd name"') == [(7, 7)]
        assert back.rows("SELECT count(*) FROM several") == [(3,)]
        assert back.rows("SELECT count(*) FROM pg_largeobject_metadata") == [(1,)]
        assert back.rows("SELECT to_regnamespace('dr_guard')::text") == [(None,)]
        assert back.rows("SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal") == [(0,)]
        back.script("INSERT INTO orders VALUES ('new', 'writes are taken')")


def test_nothing_is_brought_into_a_database_that_holds_something(filled: Database, folder: Path) -> None:
    dumped = dump(filled.login, folder / "a.dump", seconds=SECONDS)
    with pytest.raises(Refused, match=r"holds 4 tables, public.\"Odd name\" among them"):
        bring_back(filled.login, folder / "a.dump", dumped.rows, seconds=SECONDS)
    with pytest.raises(Refused, match="has a database"):
        create_database(filled.login, filled.login.database)


def test_what_is_not_whole_is_found_out_and_leaves_nothing(filled: Database, beside: Login, folder: Path) -> None:
    path = folder / "a.dump"
    dumped = dump(filled.login, path, seconds=SECONDS)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) * 2 // 3])
    with pytest.raises(DatabaseFailed, match="pg_restore on"):
        bring_back(beside, path, dumped.rows, seconds=SECONDS)
    with Database(beside) as back:
        assert back.rows("SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace") == [(0,)]


def test_rows_that_are_missing_are_named(filled: Database, beside: Login, folder: Path) -> None:
    dumped = dump(filled.login, folder / "a.dump", seconds=SECONDS)
    with pytest.raises(DatabaseFailed, match=r"does not hold what was exported: public.orders$"):
        bring_back(beside, folder / "a.dump", {**dumped.rows, "public.orders": 501}, seconds=SECONDS)


def test_a_missing_program_is_named(filled: Database, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PROGRAMS, str(folder))
    with pytest.raises(BadInput, match="there is no pg_dump in"):
        dump(filled.login, folder / "a.dump", seconds=SECONDS)


def test_no_password_stands_in_the_arguments(filled: Database, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stand-in for pg_dump writes down what it was given."""
    spy = folder / "pg_dump"
    spy.write_text(f'#!/bin/sh\necho "$@" > {folder}/arguments\necho "$PGPASSWORD" > {folder}/password\n')
    spy.chmod(0o700)
    monkeypatch.setenv(PROGRAMS, str(folder))
    login = Login(filled.login.host, filled.login.port, filled.login.database, filled.login.user, "hunter2hunter2")
    dump(login, folder / "a.dump", seconds=SECONDS)
    assert "hunter2" not in (folder / "arguments").read_text()
    assert (folder / "password").read_text().strip() == "hunter2hunter2"

"""Whoever can write to the store of runs runs nothing on the machine of who goes on with a run."""

from __future__ import annotations

import base64
import json
import os
import pickle
import signal
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from dbos import _serialization
from hypothesis import given
from hypothesis import strategies as st

from scripts.clouds.protocol import ConditionFailed
from scripts.core.errors import CloudFailed, DrError, LossTooGreat, OutcomeUnknown
from scripts.runs.findings import HandedOver
from scripts.runs.runbook import Result
from scripts.runs.stored import Ended, JsonStore, NotReached, StoreNotOurs
from tests.scripts.runs.test_durable import TIMEOUT, run, start

pytestmark = pytest.mark.thorough

STORE = JsonStore()
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text() | st.just("$"), inner, max_size=3),
    max_leaves=12,
)


class Attack:
    """Runs a command in whoever unpickles it."""

    def __init__(self, proof: Path) -> None:
        self._proof = proof

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (f"touch {self._proof}",)


def pickled(proof: Path) -> str:
    return base64.b64encode(pickle.dumps(Attack(proof))).decode()


@pytest.mark.parametrize(
    ("table", "column"),
    [("operation_outputs", "output"), ("operation_outputs", "error"), ("workflow_status", "inputs")],
)
def test_going_on_with_a_run_executes_nothing_from_its_store(tmp_path: Path, table: str, column: str) -> None:
    proof = tmp_path / "executed"
    assert run(tmp_path, CRASH="joined:before")[0] == -signal.SIGKILL
    (store,) = tmp_path.rglob("runs.sqlite")
    with sqlite3.connect(store) as database:
        changed = database.execute(f"UPDATE {table} SET {column} = ?, serialization = ?", (pickled(proof), "py_pickle"))
        assert changed.rowcount
    with start(tmp_path) as program:
        program.communicate(timeout=TIMEOUT)
    assert program.returncode != 0
    assert not proof.exists()


def test_a_pickle_is_refused_wherever_it_is_read(tmp_path: Path) -> None:
    text = pickled(tmp_path / "executed")
    for name in ("py_pickle", None):
        with pytest.raises(StoreNotOurs):
            _serialization.deserialize_value(text, name, STORE)
        with pytest.raises(StoreNotOurs):
            _serialization.deserialize_exception(text, name, STORE)
        with pytest.raises(StoreNotOurs):
            _serialization.deserialize_args(text, name, STORE)
    assert not (tmp_path / "executed").exists()


@pytest.mark.parametrize(
    "planted",
    [
        "[" * 100_000,
        '{"$": "os.system", "of": "id"}',
        '{"$": "result", "status": "stolen", "said": "", "evidence": {}}',
        '{"$": "ended", "results": {"a": 1}, "error": null}',
        '{"$": "ended", "results": {}, "error": "no error"}',
        '{"$": ["result"]}',
        '{"$": "tuple", "of": 3}',
        "not json",
    ],
)
def test_what_no_run_of_ours_wrote_is_refused(planted: str) -> None:
    with pytest.raises(StoreNotOurs) as refused:
        STORE.deserialize(planted)
    assert refused.value.hint


@given(JSON)
def test_plain_values_come_back_as_they_were(value: Any) -> None:
    assert STORE.deserialize(STORE.serialize(value)) == value
    assert STORE.deserialize(STORE.serialize({"args": (value,), "kwargs": {}})) == {"args": (value,), "kwargs": {}}


@pytest.mark.parametrize(
    "error",
    [LossTooGreat("5 minutes", "accept"), OutcomeUnknown("look"), NotReached("not"), ConditionFailed("lost")],
)
def test_results_and_errors_come_back_with_their_kind(error: DrError) -> None:
    error.add_note("Traceback: here")
    ended = Ended({"step": Result("already", "it was so", {"lsn": "0/1", "$": [1, {"$": None}]})}, error)
    again = STORE.deserialize(STORE.serialize(ended))
    assert again.results == ended.results
    assert type(again.error) is type(error)
    assert (again.error.lines(), again.error.__notes__) == (error.lines(), error.__notes__)


def test_an_error_that_this_program_does_not_know_keeps_the_exit_code_of_its_kin() -> None:
    stored = json.loads(STORE.serialize(ConditionFailed("lost")))
    stored["kinds"][0] = "FromANewerProgram"
    assert type(STORE.deserialize(json.dumps(stored))) is CloudFailed


def test_what_cannot_be_stored_as_data_is_not_stored() -> None:
    for strange in (object(), {1: "a"}, {"a": {1, 2}}, float("nan"), b"bytes"):
        with pytest.raises((TypeError, ValueError)):
            STORE.serialize(strange)


def test_the_error_of_a_library_is_stored_without_its_secret() -> None:
    again = STORE.deserialize(STORE.serialize(ValueError("postgresql://a:hunter2@h/db")))
    assert "hunter2" not in str(again)


def test_what_a_step_found_is_still_a_finding_after_a_restart() -> None:
    """Kept without its class, no later row found it: a run that was cut off could not be finished."""
    found = HandedOver(sqlstate="25006", last_lsn={"core": "0/3000148"})
    read = STORE.deserialize(STORE.serialize(Result("done", "it refuses writes", found)))
    assert read.found(HandedOver) == found

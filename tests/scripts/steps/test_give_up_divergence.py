"""Nothing of an old copy is given up that was not counted, shown and typed."""

from typing import Any, cast

import pytest

from model import Topology, load_plan
from model.topology import after_failover
from scripts.core.errors import Refused
from scripts.runs.findings import CopiesCompared, NotCounted
from scripts.runs.journal import Journal
from scripts.runs.runbook import Context, Options, Result
from scripts.steps.give_up_divergence import give_up_divergence

NOTHING: Any = None


def given(differences: int = 0, unknown: tuple[NotCounted, ...] = (), **more: Any) -> Context:
    plan = load_plan("minimal")
    said = f"{differences} rows of 1 table" if differences else ""
    found = CopiesCompared(
        store="core", rows=differences, differences=differences, said=said, tables=[], unknown=list(unknown)
    )
    return Context(
        "reprotect-x", plan, after_failover(Topology.initial(plan), plan, "secondary"), NOTHING,
        Journal.of("reprotect-x"), NOTHING, options=Options(to="primary", more=more),
        results={"measure_divergence:core": Result("done", "", found).stored()},
    )  # fmt: skip


LOCKED = NotCounted(name="orders", reason="session 7 of app holds a lock", hint="end it")


def test_copies_that_do_not_differ_need_no_word() -> None:
    assert give_up_divergence(given()).status == "already"


def test_differences_are_given_up_by_their_number() -> None:
    for allowed in ({}, {"give_up_differences": 4}, {"give_up_old_copy": True}):
        with pytest.raises(Refused, match="only primary's old copy holds 5 rows of 1 table of core") as refused:
            give_up_divergence(given(5, **cast("dict[str, Any]", allowed)))
        assert "dr divergence show reprotect-x" in refused.value.hint
        assert refused.value.hint.endswith("--give-up-differences 5")
    assert give_up_divergence(given(5, give_up_differences=5)).status == "done"


def test_what_is_unknown_is_given_up_by_a_word_of_its_own() -> None:
    with pytest.raises(Refused, match="cannot be counted: orders: session 7 of app holds a lock") as refused:
        give_up_divergence(given(0, (LOCKED,), give_up_differences=9))
    assert refused.value.hint == "end it; or give the old copy up by name: --give-up-old-copy"
    assert "what is unknown of orders" in give_up_divergence(given(0, (LOCKED,), give_up_old_copy=True)).said

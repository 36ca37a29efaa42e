"""Edits of a state at rest, where they must tell a reference from a text that looks like one."""

from typing import Any

import pytest

from sandbox.engine import gojson, state_edits
from sandbox.engine.errors import EngineError
from sandbox.engine.state import Snapshot, State
from sandbox.engine.values import RESOURCE_SIG, SECRET_SIG, SIG

OLD = "urn:pulumi:old::p::"
ROOT = OLD + "pulumi:pulumi:Stack::p-old"
A = OLD + "sim:index:Thing::a"


def test_renaming_a_stack_changes_references_and_no_text() -> None:
    other = "urn:pulumi:old::another::sim:index:Thing::a"
    latest: dict[str, Any] = {
        "resources": [
            {"urn": ROOT, "type": "pulumi:pulumi:Stack", "custom": False},
            {
                "urn": A,
                "type": "sim:index:Thing",
                "custom": True,
                "parent": ROOT,
                "provider": f"{OLD}pulumi:providers:sim::default::id-1",
                "dependencies": [ROOT, other],
                "propertyDependencies": {"x": [ROOT], "y": None},
                "inputs": {
                    "text": f"see {A}",
                    "whole": A,
                    "ref": {SIG: RESOURCE_SIG, "urn": A},
                    "sealed": {SIG: SECRET_SIG, "ciphertext": A},
                },
            },
        ],
        "pending_operations": [{"type": "creating", "resource": {"urn": A, "type": "t", "custom": True}}],
    }
    state_edits.rename_stack(latest, "p", "old", "new")
    root, thing = latest["resources"]
    new = A.replace(":old:", ":new:")
    assert (root["urn"], thing["urn"]) == ("urn:pulumi:new::p::pulumi:pulumi:Stack::p-new", new)
    assert thing["provider"] == "urn:pulumi:new::p::pulumi:providers:sim::default::id-1"
    assert thing["dependencies"] == [root["urn"], other]
    assert thing["propertyDependencies"] == {"x": [root["urn"]], "y": []}
    inputs = thing["inputs"]
    assert isinstance(inputs, dict)
    assert (inputs["text"], inputs["whole"], inputs["ref"]["urn"]) == (f"see {A}", A, new)
    assert inputs["sealed"]["ciphertext"] == A
    assert latest["pending_operations"][0]["resource"]["urn"] == new


def test_renaming_a_parent_renames_what_follows_from_it() -> None:
    box = State(OLD + "kit:index:Box::box", "kit:index:Box", custom=False)
    child = State(OLD + "kit:index:Box$sim:index:Thing::c", "sim:index:Thing", custom=True, parent=box.urn)
    user = State(OLD + "sim:index:Thing::u", "sim:index:Thing", custom=True, dependencies=[child.urn, box.urn])
    new = OLD + "kit:index:Crate::box"
    state_edits.rename_resource(Snapshot([box, child, user]), box.urn, new)
    assert child.urn == OLD + "kit:index:Crate$sim:index:Thing::c"
    assert (child.parent, user.dependencies) == (new, [child.urn, new])


def test_a_urn_that_is_misspelled_is_answered_with_those_alike() -> None:
    with pytest.raises(EngineError, match=r"(?s)No such resource .*Did you mean:\n  " + A):
        state_edits.find(Snapshot([State(A, "sim:index:Thing", custom=True)]), A[:-1] + "b")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (2**63 - 1, "9223372036854776000"),
        (2**53 + 1, "9007199254740992"),
        (1e20, "100000000000000000000"),
        (1e21, "1e+21"),
        (1e-6, "0.000001"),
        (1.5e-7, "1.5e-7"),
        (-0.0, "-0"),
        (3.0, "3"),
        (5e-324, "5e-324"),
    ],
)
def test_numbers_are_written_as_the_cli_writes_them(value: float, text: str) -> None:
    assert gojson.compact({"1e-05": gojson.number(value)}) == '{"1e-05":%s}' % text  # noqa: UP031 # braces
    assert gojson.number(gojson.loads(text.encode())) == gojson.number(value)

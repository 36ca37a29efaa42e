"""Programs are forked with the packages that only define. A program still loads its own, and what has changed."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pulumi import automation

from sandbox.engine import EmbeddedPulumi
from sandbox.engine.zygote import Definitions
from tests.engine.workbench import Bench, bench

PROGRAM = """
import sys
import pulumi

pulumi.export("before", sorted(name for name in sys.modules if name.partition(".")[0] == "model"))
import model
pulumi.export("file", model.__file__)
pulumi.export("word", getattr(model, "WORD", ""))
"""


@pytest.fixture
def work(tmp_path: Path) -> Iterator[Bench]:
    with bench(tmp_path) as found:
        found.program(PROGRAM)
        yield found


@pytest.fixture(scope="module")
def engine() -> EmbeddedPulumi:
    return EmbeddedPulumi()


def outputs(stack: automation.Stack) -> dict[str, object]:
    return {name: output.value for name, output in stack.up().outputs.items()}


@pytest.mark.engine
def test_a_program_starts_with_what_the_one_before_it_loaded(work: Bench, engine: EmbeddedPulumi) -> None:
    stack = work.stack(engine)
    outputs(stack)
    assert "model.plan" in outputs(stack)["before"]  # type: ignore[operator]


@pytest.mark.engine
def test_a_package_of_the_program_goes_before_ours(work: Bench, engine: EmbeddedPulumi) -> None:
    stack = work.stack(engine)
    outputs(stack)
    for word in ("first", "second"):
        (work.work / "model.py").write_text(f"WORD = '{word}'\n")
        found = outputs(stack)
        assert (found["before"], found["word"]) == ([], word)


def test_a_file_that_has_changed_is_loaded_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "model"
    package.mkdir()
    for name in ("__init__", "part"):
        (package / f"{name}.py").write_text("WORD = 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    kept = {name: sys.modules.pop(name) for name in list(sys.modules) if name.partition(".")[0] == "model"}
    try:
        __import__("model.part")
        definitions = Definitions()
        definitions.note()
        definitions.leave_to([str(tmp_path)])
        assert "model.part" in sys.modules
        (package / "part.py").write_text("WORD = 22\n")
        definitions.leave_to([str(tmp_path)])
        assert not {"model", "model.part"} & sys.modules.keys()
    finally:
        sys.modules.pop("model", None)
        sys.modules.pop("model.part", None)
        sys.modules.update(kept)

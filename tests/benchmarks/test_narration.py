"""A benchmark says what it does, and ends with two lines and an exit code when it cannot measure."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.narration import Unmeasured, bounded, measured, run, say
from sandbox.client import WorldError
from scripts.core.errors import ObjectiveMissed

FOLDER = Path(__file__).resolve().parents[2] / "benchmarks"
BENCHMARKS = sorted(path for path in FOLDER.glob("*.py") if path.name not in {"__init__.py", "narration.py"})
FOREVER = [sys.executable, "-c", "import time; time.sleep(600)"]


def calls(path: Path) -> list[str]:
    return [ast.unparse(node.func) for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]


@pytest.mark.parametrize("path", BENCHMARKS, ids=lambda path: path.stem)
def test_each_benchmark_speaks_and_ends_as_a_program_ends(path: Path) -> None:
    made = calls(path)
    assert "say" in made
    assert "measured" in made


@pytest.mark.parametrize("path", BENCHMARKS, ids=lambda path: path.stem)
def test_no_benchmark_waits_for_a_command_without_a_bound(path: Path) -> None:
    unbounded = {"subprocess.run", "subprocess.call", "subprocess.check_call", "subprocess.check_output"}
    assert unbounded.isdisjoint(calls(path))
    if {"subprocess.Popen", "psutil.Popen"} & set(calls(path)) and path.stem != "engine":
        assert "bounded" in calls(path)


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (ObjectiveMissed("the world did not become whole", "look at its log"), 9, "error: the world did not become"),
        (WorldError("the world ended", "free space", 7), 7, "error: the world ended\nhint: free space\n"),
        (Unmeasured("pgbench said nothing"), 1, "error: pgbench said nothing\nhint: nothing was written"),
    ],
)
def test_an_error_is_two_lines_and_its_own_code(
    error: Exception, code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def benchmark() -> None:
        say("making a world")
        raise error

    assert measured(benchmark) == code
    shown = capsys.readouterr().err
    assert "s] making a world\n" in shown
    assert said in shown


def test_a_command_that_hangs_is_ended(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(Unmeasured, match=r"200 services: python.* did not end within 0\.5 s"):
        run(FOREVER, "200 services", seconds=0.5)
    process = subprocess.Popen(FOREVER)
    with (
        pytest.raises(Unmeasured, match=r"a preview did not end within 0\.5 s"),
        bounded(process, "a preview", seconds=0.5),
    ):
        process.wait()
    assert capsys.readouterr().out == ""


def test_a_command_that_fails_is_told_with_what_it_said_last() -> None:
    failing = [sys.executable, "-c", "import sys; sys.exit('first\\nno space left')"]
    with pytest.raises(Unmeasured, match=r"floor: python.* ended with 1 and said: no space left"):
        run(failing, "floor", seconds=60)
    with pytest.raises(Unmeasured, match=r"floor: /nowhere/pgbench cannot be run: No such file"):
        run(["/nowhere/pgbench"], "floor", seconds=60)
    assert run([sys.executable, "-c", "print(7)"], "floor", seconds=60).stdout == "7\n"

"""The command itself: what it finds, what it refuses, what it loads."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from scripts import dr

ROOT = Path(__file__).resolve().parents[3]
HEAVY = (
    "pulumi",
    "boto3",
    "botocore",
    "kubernetes",
    "dbos",
    "sqlalchemy",
    "matplotlib",
    "apprise",
    "jinja2",
    "sandbox",
)


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    err: str


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., Done]:
    """`dr WORDS` in this process."""

    def call(*words: str) -> Done:
        code = dr.main(list(words))
        caught = capsys.readouterr()
        return Done(code, caught.out, caught.err)

    return call


Run = Callable[..., Done]


def test_help_names_every_command_and_every_exit_code(run: Run) -> None:
    done = run("--help")
    assert done.code == 0
    for name in dr.PROGRAMS:
        assert f"\n  {name} " in done.out
    for code in range(10):
        assert f"{code} " in done.out.partition("Exit codes:")[2]
    assert run().out == done.out


@pytest.mark.parametrize("name", sorted(dr.PROGRAMS))
def test_every_command_explains_itself(run: Run, name: str) -> None:
    done = run(name, "--help")
    assert done.code == 0, done.err
    assert f"Usage: dr {name}" in done.out


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("failovr",), 2, "error: dr has no command 'failovr'\nhint: did you mean `dr failover`?\n"),
        (("xyzzy",), 2, "hint: `dr --help` lists them\n"),
        (("status", "--no-such"), 2, "error: No such option: --no-such\nhint: see `dr status --help`\n"),
        (("status", "--format", "xml"), 2, "hint: see `dr status --help`\n"),
        (("status", "--plan", "none-such"), 2, "error: plans/none-such.yaml: there is no such file\n"),
        (("journal", "verify", "a", "b"), 2, "error: 'b' is one word too many\n"),
        (("journal",), 2, "no run yet\nhint: "),
        (("journal", "../../etc/passwd"), 2, "is not the name of a run\n"),
        (("report", "nothing"), 2, "no such run\nhint: "),
        (("resume",), 2, "error: no run is unfinished here\n"),
        (("destroy",), 2, "name the stacks to delete, or say --all\n"),
        (("up", "mars", "--yes"), 2, "error: 'mars' is not a stack of samia\nhint: there is prod, dr, cold, traffic\n"),
        (("sandbox", "status"), 3, "error: no world is up in "),
        (("sandbox", "break", "earthquake"), 2, "error: there is no fault 'earthquake'\n"),
    ],
)
def test_refusals_are_two_lines_and_a_code(run: Run, words: tuple[str, ...], code: int, says: str) -> None:
    done = run(*words)
    assert done.code == code, done.err
    assert says in done.err
    assert done.err.startswith("error: ")
    assert done.err.count("\nhint: ") == 1
    assert "Traceback" not in done.err
    assert done.out == ""


@pytest.mark.parametrize(
    "line",
    [
        "up --yes", "destroy --all --yes", "status", "failover --to secondary --yes", "failback --yes", "watch",
        "reprotect --site primary --yes", "restore --to-time 2026-01-31T12:00:00+00:00 --yes", "verify-backups",
        "drill samia", "plan check",
    ],
)  # fmt: skip
def test_the_plan_of_the_shell_is_everybodys_plan(run: Run, monkeypatch: pytest.MonkeyPatch, line: str) -> None:
    """One command that looked at another plan than the rest would act on another system."""
    monkeypatch.setenv("DR_PLAN", "none-such")
    done = run(*line.split())
    assert done.code == 2
    assert done.err.startswith("error: plans/none-such.yaml: there is no such file\nhint: ")


def test_debug_adds_the_traceback(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    for done in (run("journal", "--debug"), run("--debug", "journal")):
        assert done.code == 2
        assert "Traceback" in done.err
        assert "no run yet" in done.err
    monkeypatch.setenv("DR_DEBUG", "1")
    assert "Traceback" in run("journal").err


LOADED = """
import sys
from scripts.dr import main
code = main(sys.argv[1:])
print("LOADED", *sorted({name.partition(".")[0] for name in sys.modules}))
"""
ALWAYS_HEAVY = {"pulumi", "dbos", "sqlalchemy", "matplotlib", "apprise", "sandbox"}
CLOUDS = {"boto3", "botocore", "kubernetes"}


@pytest.mark.parametrize(
    ("words", "heavy"),
    [
        (("--help",), ALWAYS_HEAVY | CLOUDS | {"jinja2", "pydantic", "typer"}),
        (("status", "--help"), ALWAYS_HEAVY | CLOUDS),
        (("journal", "list"), ALWAYS_HEAVY | CLOUDS | {"jinja2"}),
        (("failover", "--help"), ALWAYS_HEAVY | {"kubernetes"}),
    ],
)
def test_nothing_heavy_is_loaded_for_what_does_not_need_it(words: tuple[str, ...], heavy: set[str]) -> None:
    done = subprocess.run([sys.executable, "-c", LOADED, *words], capture_output=True, text=True, check=True, cwd=ROOT)
    loaded = set(done.stdout.partition("LOADED")[2].split())
    assert "scripts" in loaded
    assert loaded & heavy == set()


BY_FILE = sorted(name for name in dr.PROGRAMS if (ROOT / "scripts" / f"{name.replace('-', '_')}.py").exists())


@pytest.mark.thorough
@pytest.mark.parametrize("name", BY_FILE)
def test_programs_run_by_their_file_are_the_same(run: Run, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    assert len(BY_FILE) > 10
    monkeypatch.setenv("COLUMNS", "100")
    command = [sys.executable, str(ROOT / "scripts" / f"{name.replace('-', '_')}.py"), "--help"]
    by_file = subprocess.run(command, capture_output=True, text=True, check=True, cwd="/")
    assert by_file.stdout == run(name, "--help").out


@pytest.mark.parametrize("words", [("up", "--yes"), ("destroy", "--all", "--yes", "--delete-data", "prod")])
def test_a_real_cloud_without_the_cli_is_refused_with_how_to_install_it(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, words: tuple[str, ...]
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setenv("DR_PROJECT", str(tmp_path))
    (tmp_path / "Pulumi.yaml").write_text("name: dr\nruntime: python\n")
    done = run(*words)
    assert done.code == 3
    assert "error: a real cloud needs the Pulumi CLI, and there is no pulumi on PATH\n" in done.err
    assert "pulumi.com/docs/install" in done.err
    assert list(tmp_path.glob("Pulumi.*.yaml")) == [], "nothing is written before it is known that it can be done"


def test_a_sandbox_that_is_up_and_was_not_entered_is_named(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A world is known by its process: one that waits for its standard input to end stands for it."""
    world = tmp_path / "home" / "sandbox"
    world.mkdir(parents=True)
    (tmp_path / "Pulumi.yaml").write_text("name: dr\nruntime: python\n")
    for name, value in {"PATH": "/nowhere", "DR_PROJECT": tmp_path, "DR_HOME": tmp_path / "home"}.items():
        monkeypatch.setenv(name, str(value))
    waiting = [sys.executable, "-c", "import sys; sys.stdin.read()", "sandbox.worlds"]
    with subprocess.Popen(waiting, stdin=subprocess.PIPE) as process:
        started = psutil.Process(process.pid).create_time()
        (world / "world.json").write_text(json.dumps({"pid": process.pid, "started": started}))
        done = run("up", "--yes")
    assert done.code == 3
    assert f'hint: enter the sandbox that is up in {world}: eval "$(dr sandbox env)"' in done.err


def test_a_second_run_says_whose_the_first_is(run: Run) -> None:
    program = "import sys; from scripts.runs.lock import run_lock\n"
    program += "with run_lock('samia', 'dr failover --to secondary'): print('held', flush=True); sys.stdin.read()"
    command = [sys.executable, "-c", program]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        done = run("up", "--yes")
        holder.communicate()
    assert done.code == 4
    assert f"pid {holder.pid}) runs `dr failover --to secondary`" in done.err


def test_every_command_that_a_text_names_is_there() -> None:
    """A hint that names a command which does not exist sends the operator astray when it matters most."""
    named = {
        (match[1], path.relative_to(ROOT).as_posix())
        for folder in ("agent", "components", "docs", "model", "policies", "previews", "sandbox", "scripts")
        for path in sorted((ROOT / folder).rglob("*"))
        if path.suffix in {".py", ".md", ".yaml", ".html"}
        for match in re.finditer(r"`dr ([a-z][a-z-]*)", path.read_text(encoding="utf-8"))
    }
    assert named, "nothing was read"
    assert {(name, where) for name, where in named if name not in dr.PROGRAMS} == set()

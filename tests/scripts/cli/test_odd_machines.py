"""`dr` on machines that are not quite in order: no HOME, strange locales, closed or broken streams, spaces in paths."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.runs.journal import Journal

pytestmark = pytest.mark.thorough

ROOT = Path(__file__).resolve().parents[3]
DR = [sys.executable, "-m", "scripts.dr"]


@pytest.fixture
def some_run() -> str:
    journal = Journal.of("r1")
    journal.write("run", "failover", "Begin", status="begun", evidence={"system": "samia"})
    for number in range(300):
        journal.note("n", f"Ålesund → Kraków, entry {number}")
    journal.write("end", "failover", "Done", status="done")
    journal.close()
    return "r1"


def run(*words: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([*DR, *words], capture_output=True, check=False, cwd=ROOT, env={**os.environ, **(env or {})})


@pytest.mark.parametrize(
    "env",
    [
        {"LC_ALL": "C"},
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"LC_ALL": "tlh_QO.UTF-8", "LANG": "xx"},
        {"PYTHONIOENCODING": "ascii"},
        {"PYTHONIOENCODING": "latin-1", "TERM": "dumb"},
        {"HOME": "/nonexistent/home"},
        {"HOME": "/proc"},
        {"HOME": ""},
        {"COLUMNS": "20"},
        {"TZ": "Mars/Olympus"},
    ],
    ids=lambda env: " ".join(f"{name}={value}" for name, value in env.items()),
)
def test_journal_and_report_work(some_run: str, env: dict[str, str], tmp_path: Path) -> None:
    page = tmp_path / "r.html"
    several = "import sys; from scripts.dr import main; sys.exit(max(main(words.split()) for words in sys.argv[1:]))"
    words = (f"journal {some_run}", "journal list", f"report {some_run} --out {page}")
    command = [sys.executable, "-c", several, *words]
    done = subprocess.run(command, capture_output=True, check=False, cwd=ROOT, env={**os.environ, **env})
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    assert b"Traceback" not in done.stderr
    assert "Ålesund → Kraków" in page.read_text(encoding="utf-8")


def test_without_home_at_all(some_run: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HOME", "LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    assert run("journal", some_run).returncode == 0
    assert run("journal", "verify").returncode == 8, "nothing vouches for it here"


def test_a_home_of_runs_that_cannot_be_written_is_bad_input(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = run("journal", "list", env={"DR_HOME": str(tmp_path / "file" / "below")})
    assert done.returncode == 2
    assert b"cannot be made" in done.stderr
    assert b"hint: set DR_HOME to a folder that can be written" in done.stderr


def test_a_reader_that_goes_away_ends_nothing_badly(some_run: str) -> None:
    """As `dr journal --format json | head -1` does: the pipe is far smaller than the output."""
    with subprocess.Popen(
        [*DR, "journal", some_run, "--format", "json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"[\n"
        process.stdout.close()
        assert process.stderr is not None
        err = process.stderr.read()
    assert process.returncode == 0
    assert err == b""


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&- <&-"])
def test_closed_streams(some_run: str, closed: str) -> None:
    done = subprocess.run(["sh", "-c", f'"$@" {closed}', "sh", *DR, "journal", some_run], cwd=ROOT, check=False)
    assert done.returncode == 0
    done = subprocess.run(["sh", "-c", f'"$@" {closed}', "sh", *DR, "journal", "nothing"], cwd=ROOT, check=False)
    assert done.returncode == 2


def test_no_colour_where_there_is_no_terminal(some_run: str) -> None:
    assert b"\x1b" not in run("journal", some_run).stdout
    forced = run("journal", some_run, env={"NO_COLOR": "1", "FORCE_COLOR": "1"}).stdout
    assert not re.search(rb"\x1b\[(\d+;)*[34][0-7]", forced)


def test_a_checkout_whose_path_has_spaces(some_run: str, tmp_path: Path) -> None:
    checkout = tmp_path / "my check out (ümlaut)"
    for part in ("scripts", "components", "plans"):
        shutil.copytree(ROOT / part, checkout / part, ignore=shutil.ignore_patterns("__pycache__"))
    env = {**os.environ, "PYTHONPATH": str(checkout), "PYTHONDONTWRITEBYTECODE": "1"}
    env.pop("DR_HOME")
    program = "import scripts, sys; from scripts.dr import main; print(scripts.__file__); sys.exit(main(sys.argv[1:]))"
    for words in (("plan", "check"), ("journal", "list")):
        command = [sys.executable, "-c", program, *words]
        done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith(str(checkout)), "the copy was run, and not the original"
    assert (checkout / ".dr").is_dir(), "runs are kept in the checkout"

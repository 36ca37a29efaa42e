"""A run that is killed anywhere and started again ends with each effect applied once."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import psutil
import pytest
from rich.console import Console
from rich.live import Live

from scripts.runs import durable, journal, run_records
from tests.asserts.waiting import MULTIPLIER, wait_until

pytestmark = pytest.mark.thorough

PROGRAM = Path(__file__).with_name("durable_program.py")
ROWS = ("first", "left", "right", "joined", "last")
TIMEOUT = 60 * MULTIPLIER


def start(folder: Path, **environ: str) -> subprocess.Popen[str]:
    command = [sys.executable, str(PROGRAM), str(folder), "r1"]
    env = {**os.environ, **environ}
    return subprocess.Popen(command, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def run(folder: Path, **environ: str) -> tuple[int, dict[str, Any]]:
    with start(folder, **environ) as process:
        out, err = process.communicate(timeout=TIMEOUT)
    assert out or process.returncode == -signal.SIGKILL, err
    return process.returncode, json.loads(out) if out else {}


def effects(folder: Path) -> dict[str, int]:
    return {path.name: len(path.read_text().splitlines()) for path in sorted((folder / "effects").iterdir())}


def calls(folder: Path) -> Counter[str]:
    return Counter((folder / "calls").read_text().split())


def each_once(folder: Path) -> bool:
    return effects(folder) == dict.fromkeys(sorted(ROWS), 1)


def test_rows_see_what_was_done_before_them_and_a_finished_run_is_not_run_again(tmp_path: Path) -> None:
    code, said = run(tmp_path)
    assert (code, said["status"]) == (0, "done")
    seen = {name.removeprefix("step:"): result[1] for name, result in said["results"].items()}
    assert seen["first"] == []
    assert seen["right"] == ["step:first"] or "step:left" in seen["right"]
    assert {"step:first", "step:left"} <= set(seen["joined"])
    assert seen["last"] == ["step:first", "step:joined", "step:left", "step:right"]
    assert run(tmp_path) == (0, said)
    assert calls(tmp_path) == dict.fromkeys(ROWS, 1)
    assert run_records.load("r1").status == "done"


def killed_and_started_again(folder: Path, place: str) -> None:
    code, _ = run(folder, CRASH=place)
    assert code == -signal.SIGKILL
    assert run_records.load("r1").open
    code, said = run(folder)
    assert (code, said["status"]) == (0, "done")
    assert each_once(folder)
    # Only what was at work when the program died is called a second time.
    row, both = place.partition(":")[0], {"left", "right", "joined"}
    at_work = both if row in both else {row}
    assert {name for name, number in calls(folder).items() if number > 1} <= at_work
    assert max(calls(folder).values()) <= 2
    kinds = [
        (entry.kind, entry.status) for entry in journal.read(journal.path_of("r1")) if entry.kind in {"run", "end"}
    ]
    assert kinds == [("run", "begun"), ("run", "resumed"), ("end", "done")]


def test_killed_inside_a_row(tmp_path: Path) -> None:
    killed_and_started_again(tmp_path, "joined:after")


@pytest.mark.drill
@pytest.mark.parametrize("when", ["begun", "before", "after"])
@pytest.mark.parametrize("row", ROWS)
def test_killed_anywhere(tmp_path: Path, row: str, when: str) -> None:
    killed_and_started_again(tmp_path, f"{row}:{when}")


def test_a_row_that_failed_is_taken_up_again(tmp_path: Path) -> None:
    code, said = run(tmp_path, FAIL="left")
    assert (code, said["status"]) == (7, "failed")
    assert said["error"] == "left does not answer"
    assert set(said["results"]) == {"step:first", "step:right"}, "what waits for the failed row is not reached"
    assert run_records.load("r1").status == "failed"
    code, said = run(tmp_path, FAIL="last")
    assert (code, said["status"]) == (7, "failed")
    code, said = run(tmp_path)
    assert (code, said["status"]) == (0, "done")
    assert each_once(tmp_path)
    assert calls(tmp_path) == {"first": 1, "left": 2, "right": 1, "joined": 1, "last": 2}
    failed = [
        entry for entry in journal.read(journal.path_of("r1")) if entry.status == "failed" and entry.kind == "step"
    ]
    assert [entry.evidence["found"]["kind"] for entry in failed] == ["DatabaseFailed", "DatabaseFailed"]


def test_ctrl_c_ends_the_run_at_the_next_boundary_and_it_can_go_on(tmp_path: Path) -> None:
    with start(tmp_path, ASK="first") as process:
        wait_until((tmp_path / "waiting").exists, timeout=30, what="the first row to begin")
        process.send_signal(signal.SIGINT)
        first_word = process.stderr.readline() if process.stderr else ""
        (tmp_path / "go-on").touch()
        out, _ = process.communicate(timeout=TIMEOUT)
    assert "stopping after the present row" in first_word
    assert process.returncode == 1
    said = json.loads(out)
    assert said["status"] == "interrupted"
    assert set(said["results"]) == {"step:first"}
    assert run_records.load("r1").status == "interrupted"
    code, said = run(tmp_path)
    assert (code, said["status"]) == (0, "done")
    assert each_once(tmp_path)
    assert calls(tmp_path) == dict.fromkeys(ROWS, 1)


def test_a_second_ctrl_c_ends_the_program_in_the_middle_of_a_row(tmp_path: Path) -> None:
    with start(tmp_path, ASK="first") as process:
        wait_until((tmp_path / "waiting").exists, timeout=30, what="the first row to begin")
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        process.stderr.readline()
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=TIMEOUT)
    assert process.returncode == 8
    assert err.startswith("error: stopped in the middle of a row\nhint: look with `dr status`")
    code, said = run(tmp_path)
    assert (code, said["status"]) == (0, "done")
    assert each_once(tmp_path)


def test_nobody_can_connect_to_a_run(tmp_path: Path) -> None:
    with start(tmp_path, ASK="first") as process:
        wait_until((tmp_path / "waiting").exists, timeout=30, what="the first row to begin")
        listening = [it for it in psutil.Process(process.pid).net_connections() if it.status == psutil.CONN_LISTEN]
        (tmp_path / "go-on").touch()
        out, err = process.communicate(timeout=TIMEOUT)
    assert listening == []
    assert err == "", "the workflow library says nothing of its own"
    assert json.loads(out)["status"] == "done"


def test_a_store_that_cannot_be_used_is_one_error(tmp_path: Path, home: Path) -> None:
    home.mkdir(parents=True)
    (home / "runs.sqlite").write_bytes(b"this is no database" * 100)
    with start(tmp_path) as process:
        _, err = process.communicate(timeout=TIMEOUT)
    assert process.returncode == 1
    assert "runs.sqlite: the store of runs cannot be used" in err
    assert not (tmp_path / "calls").exists()


def test_the_word_about_ctrl_c_is_not_written_over_by_the_live_table(capfd: pytest.CaptureFixture[str]) -> None:
    stop = threading.Event()
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, width=80, height=20)
    with Live("the table", console=console, auto_refresh=False), durable._ctrl_c(stop):
        signal.raise_signal(signal.SIGINT)
    assert stop.is_set()
    assert "stopping after the present row" in screen.getvalue()
    assert "stopping" not in capfd.readouterr().err

"""What others wrote, planted or removed: it stops nobody, crashes nothing, and admits no second run."""

from __future__ import annotations

import json
import os
import socket
import stat
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import psutil
import pytest

from scripts.core.errors import BadInput, Locked
from scripts.core.home import folder
from scripts.core.moments import now
from scripts.dr import main
from scripts.runs import journal, lock, run_records, shared


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DR_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.mark.parametrize("nested", ["[" * 100_000, '{"a":' * 5_000 + "1" + "}" * 5_000])
def test_a_nested_journal_is_refused_and_not_crashed_on(tmp_path: Path, nested: str) -> None:
    path = tmp_path / "r.jsonl"
    path.write_text(nested + "\n")
    with pytest.raises(BadInput, match="line 1"):
        journal.verify(path)


def test_a_nested_record_is_refused(home: Path) -> None:
    (folder("runs") / "r.json").write_text("[" * 100_000)
    with pytest.raises(BadInput):
        run_records.load("r")
    assert run_records.everything() == []


def test_a_removed_lock_file_admits_no_second_run() -> None:
    holder = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        owner = lock.Owner("ada", socket.gethostname(), holder.pid, "dr failover", now().isoformat())
        (folder("locks") / "samia.json").write_text(json.dumps(asdict(owner)))
        with pytest.raises(Locked, match="dr failover"), lock.run_lock("samia", "dr failover"):
            pass
    finally:
        holder.kill()
        holder.wait()
    with lock.run_lock("samia", "dr failover"):
        pass


def test_a_number_that_another_process_got_holds_no_lock() -> None:
    me = psutil.Process(os.getppid())
    owner = lock.Owner("ada", socket.gethostname(), me.pid, "dr failover", "2001-01-01T00:00:00+00:00")
    (folder("locks") / "samia.json").write_text(json.dumps(asdict(owner)))
    with lock.run_lock("samia", "dr failover"):
        pass


class Poisoned:
    """A shared store as somebody who writes it could fill it."""

    def __init__(self, *rows: tuple[str, int, str]) -> None:
        self.rows = list(rows)

    def records(self) -> list[tuple[str, int, str]]:
        return self.rows

    def lines(self, run: str, since: int) -> list[str]:
        return []

    def save_record(self, run: str, saved: int, record: str) -> bool:
        return True

    def add_lines(self, run: str, lines: list[tuple[int, str]]) -> bool:
        return True


@pytest.mark.parametrize(
    ("run", "text"),
    [
        ("r1", "not json"),
        ("r2", "[" * 100_000),
        ("r3", '{"v": 99}'),
        ("../../escape", "{}"),
        ("r4\x1b[31m", "{}"),
        ("r5", "[]"),
        ("r6", "null"),
    ],
)
def test_one_bad_row_stops_nobody(
    run: str, text: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(shared, "store", lambda: Poisoned((run, 5, text)))
    shared.pull()
    said = capsys.readouterr().err
    assert "was left out" in said
    assert "\x1b" not in said
    assert not list(tmp_path.glob("escape*"))


def test_what_runs_hold_is_closed_to_others(home: Path) -> None:
    home.mkdir(mode=0o755)
    for name in ("runs", "journal", "locks"):
        folder(name)
    assert {stat.S_IMODE(path.stat().st_mode) for path in (home, *home.iterdir())} == {0o700}


def written(run: str, *sentences: str) -> str:
    """A whole record; the hash of its last entry."""
    made = journal.Journal.of(run)
    for sentence in sentences:
        made.note("note", sentence)
    made.write("end", "failover", "Done", status="done")
    made.close()
    return made.hash


def test_a_record_that_was_written_anew_or_cut_does_not_hold_the_hash_that_was_kept(
    capsys: pytest.CaptureFixture[str],
) -> None:
    kept = written("r1", "one", "two")
    assert main(["journal", "verify", "r1", "--hash", kept]) == 0
    journal.path_of("r1").unlink()
    written("r1", "one", "something else")
    assert main(["journal", "verify", "r1"]) == 8, "a chain alone proves nothing about who wrote it"
    assert "nothing vouches for it" in capsys.readouterr().err
    assert main(["journal", "verify", "r1", "--hash", kept]) == 1
    path = journal.path_of("r1")
    path.write_text("".join(f"{line}\n" for line in path.read_text().splitlines()[:-1]))
    assert main(["journal", "verify", "r1"]) == 8, "a record without its end is not a whole one"
    assert "Traceback" not in capsys.readouterr().err

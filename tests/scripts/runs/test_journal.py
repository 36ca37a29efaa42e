"""The journal: nothing that was written can be changed, left out or torn without `verify` saying in which line."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scripts.core.errors import BadInput, ServiceFailed
from scripts.runs import journal
from scripts.runs.journal import Journal, read, verify
from scripts.runs.plain import plain


@pytest.fixture
def written(tmp_path: Path) -> Path:
    path = tmp_path / "r.jsonl"
    record = Journal(path, "r")
    record.write("run", "failover", "Begin", evidence={"system": "samia"})
    record.mark("fault")
    record.write("step", "promote_database", "promoted", phase="promote", status="done")
    record.write("end", "failover", "Done", status="done")
    record.close()
    return path


def test_entries_come_back_as_they_went_in(written: Path) -> None:
    entries = list(read(written))
    assert [(entry.seq, entry.kind, entry.name) for entry in entries] == [
        (0, "run", "failover"),
        (1, "measure", "fault"),
        (2, "step", "promote_database"),
        (3, "end", "failover"),
    ]
    assert all(entry.at.utcoffset() == timedelta(0) for entry in entries)
    found = verify(written)
    assert (found.entries, found.complete, found.hash) == (4, True, entries[-1].hash)


def test_what_is_measured_after_the_end_belongs_to_it_and_a_run_that_goes_on_must_end_again(written: Path) -> None:
    record = Journal(written, "r")
    record.write("measure", "loss", "ledger")
    assert verify(written).complete
    record.write("run", "failover", "Go on", status="resumed")
    assert not verify(written).complete
    record.close()


def test_a_run_without_its_end_is_not_complete(written: Path) -> None:
    lines = written.read_bytes().splitlines(keepends=True)
    written.write_bytes(b"".join(lines[:-1]))
    assert not verify(written).complete


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200, deadline=None)
@given(data=st.data())
def test_no_byte_can_be_changed_unseen(written: Path, data: st.DataObject) -> None:
    good = written.read_bytes()
    place = data.draw(st.integers(0, len(good) - 1))
    other = data.draw(st.integers(0, 255).filter(lambda value: value != good[place]))
    bad = written.with_suffix(".bad")
    bad.write_bytes(good[:place] + bytes([other]) + good[place + 1 :])
    with pytest.raises(BadInput, match=r"line \d"):
        verify(bad)


def test_no_line_can_be_left_out_or_moved(written: Path) -> None:
    lines = written.read_bytes().splitlines(keepends=True)
    written.write_bytes(b"".join([lines[0], *lines[2:]]))
    with pytest.raises(BadInput, match="line 2: the chain of hashes is broken here"):
        verify(written)
    written.write_bytes(b"".join([lines[0], lines[2], lines[1], lines[3]]))
    with pytest.raises(BadInput, match="line 2"):
        verify(written)


def changed(**changes: object) -> Callable[[bytes], bytes]:
    return lambda line: json.dumps({**json.loads(line), **changes}).encode() + b"\n"


def without(key: str) -> Callable[[bytes], bytes]:
    return lambda line: json.dumps({k: v for k, v in json.loads(line).items() if k != key}).encode() + b"\n"


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lambda _line: b"\x00\xff\n", "line 3: not JSON"),
        (lambda _line: b"[]\n", "line 3: not an object"),
        (lambda _line: b"\n", "line 3: not JSON"),
        (changed(v=2), "line 3: version 2, this program reads 1"),
        (changed(kind="guess"), "line 3: kind: 'guess' is none of"),
        (changed(at="yesterday"), "line 3: at: 'yesterday' is not a time with its zone"),
        (changed(at="2026-01-01T00:00:00"), "line 3: at: "),
        (changed(seq=True), "line 3: seq: True is not what belongs there"),
        (changed(extra=1), "line 3: extra is not known"),
        (without("hash"), "line 3: hash is missing"),
    ],
)
def test_damage_is_named_by_its_line(written: Path, damage: Callable[[bytes], bytes], says: str) -> None:
    lines = written.read_bytes().splitlines(keepends=True)
    lines[2] = damage(lines[2])
    written.write_bytes(b"".join(lines))
    with pytest.raises(BadInput) as caught:
        verify(written)
    assert says in str(caught.value)
    assert str(caught.value).startswith(str(written))
    assert caught.value.exit_code == 2


def test_a_torn_tail_is_an_error_to_a_verifier_and_nothing_to_a_reader(written: Path) -> None:
    with written.open("ab") as file:
        file.write(b'{"v":1,"run":"r","se')
    with pytest.raises(BadInput, match="line 5: cut short"):
        verify(written)
    assert len(list(read(written, live=True))) == 4


def test_a_run_that_goes_on_cuts_off_the_torn_tail_and_says_so(written: Path) -> None:
    with written.open("ab") as file:
        file.write(b'{"v":1,"run":"r","se')
    record = Journal(written, "r")
    record.note("again", "Go on")
    record.close()
    names = [entry.name for entry in read(written)]
    assert names[-2:] == ["torn", "again"]
    assert verify(written).entries == 6


def test_it_is_not_continued_when_it_was_changed(written: Path) -> None:
    good = written.read_bytes()
    written.write_bytes(good.replace(b"promoted", b"PROMOTED"))
    with pytest.raises(BadInput, match="line 3"):
        Journal(written, "r")
    written.write_bytes(good)
    with pytest.raises(BadInput, match="holds the run r, not other"):
        Journal(written, "other")


def test_empty_and_missing_files_are_bad_input(tmp_path: Path) -> None:
    empty = tmp_path / "e.jsonl"
    empty.touch()
    with pytest.raises(BadInput, match="line 1: empty"):
        verify(empty)
    with pytest.raises(BadInput, match="cannot be read"):
        verify(tmp_path / "none.jsonl")
    with pytest.raises(BadInput, match="no run yet"):
        journal.find(None)
    with pytest.raises(BadInput, match="not the name of a run"):
        journal.find("../../etc/passwd")


def test_threads_write_one_chain(tmp_path: Path) -> None:
    record = Journal(tmp_path / "r.jsonl", "r")

    def write(name: str) -> None:
        for _ in range(25):
            record.note(name, "x")

    threads = [threading.Thread(target=write, args=(f"n{n}",)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert verify(record.path).entries == 200


def test_it_can_be_read_while_another_process_writes(tmp_path: Path) -> None:
    """Each look at the growing file sees whole entries only, and an unbroken chain."""
    path = tmp_path / "r.jsonl"
    writer = "import sys; from pathlib import Path; from scripts.runs.journal import Journal\n"
    writer += "r = Journal(Path(sys.argv[1]), 'r')\n"
    writer += "for n in range(300): r.note('n', 'x' * 2000)\n"
    looks = set()
    with subprocess.Popen([sys.executable, "-c", writer, str(path)]) as process:
        while process.poll() is None:
            if path.exists():
                looks.add(len(list(read(path, live=True))))
    assert process.returncode == 0
    assert verify(path).entries == 300
    assert len(looks) > 1


def test_a_full_disk_leaves_whole_entries_only(tmp_path: Path) -> None:
    """The limit on the size of files stands for the disk: what does not fit any more is refused whole."""
    path = tmp_path / "r.jsonl"
    program = """
import resource, signal, sys
from pathlib import Path
from scripts.core.errors import ServiceFailed
from scripts.runs.journal import Journal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
record = Journal(Path(sys.argv[1]), "r")
record.note("first", "fits")
resource.setrlimit(resource.RLIMIT_FSIZE, (2000, resource.RLIM_INFINITY))
try:
    while True:
        record.note("more", "x" * 300)
except ServiceFailed as error:
    print(error)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
record.note("last", "there is room again")
"""
    done = subprocess.run([sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=True)
    assert "the disk is full" in done.stdout
    assert [entry.name for entry in read(path)][-1] == "last"
    assert verify(path).entries >= 3


def test_secrets_do_not_get_in(tmp_path: Path) -> None:
    record = Journal(tmp_path / "r.jsonl", "r")
    record.note(
        "login",
        "postgresql://app:hunter2@db/core",
        password="hunter2",
        nested=[{"SecretString": "hunter2", "dsn": "password=hunter2 host=db"}],
    )
    text = record.path.read_text()
    assert "hunter2" not in text
    assert "host=db" in text


@dataclass(frozen=True)
class Found:
    at: datetime
    took: timedelta
    names: frozenset[str]


def test_evidence_is_plain_json() -> None:
    found = Found(datetime(2026, 1, 2, 4, tzinfo=UTC), timedelta(seconds=90), frozenset({"b", "a"}))
    assert plain({"found": found, 1: Path("x")}) == {
        "found": {"at": "2026-01-02T04:00:00+00:00", "took": 90.0, "names": ["a", "b"]},
        "1": "x",
    }


def test_what_comes_after_its_end_goes_into_no_other_file(tmp_path: Path) -> None:
    """A closed file's number is given to the next one that is opened."""
    record = Journal(tmp_path / "r.jsonl", "r")
    record.write("end", "failover", "Done", status="done")
    record.close()
    record.close()
    other = Journal(tmp_path / "s.jsonl", "s")
    other.note("first", "the next run")
    with pytest.raises(ServiceFailed, match="the run has ended"):
        record.note("notify", "Told nobody of: done")
    other.note("second", "goes on")
    other.close()
    assert [entry.name for entry in read(tmp_path / "s.jsonl")] == ["first", "second"]
    assert [entry.name for entry in read(tmp_path / "r.jsonl")] == ["failover"]

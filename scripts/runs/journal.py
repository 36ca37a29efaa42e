"""
The record of a run: one JSON object a line, each holding the hash of the one before it.

An entry: {v, run, seq, at, kind, phase, name, sentence, status, started, ended, evidence, prev, hash}; times are ISO
8601 in UTC, `hash` is SHA-256 over the entry's canonical JSON without `hash`, `prev` the hash of the entry before
(zeros for the first).
Each entry is on disk before `write` returns, so the file can be read while the run goes on and after a crash.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, get_args

from scripts.core.errors import BadInput, ServiceFailed
from scripts.core.home import folder
from scripts.core.redaction import redact
from scripts.runs import shared
from scripts.runs.plain import plain

VERSION = 1
START = "0" * 64
Kind = Literal["run", "step", "probe", "decision", "measure", "note", "end"]
LARGEST_BYTES = 512 << 20
KINDS = frozenset(get_args(Kind))
RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


@dataclass(frozen=True)
class Entry:
    v: int
    run: str
    seq: int
    at: datetime
    kind: str
    phase: str
    name: str
    sentence: str
    status: str
    started: datetime | None
    ended: datetime | None
    evidence: Mapping[str, Any]
    prev: str
    hash: str

    @property
    def seconds(self) -> float | None:
        """How long it took, or None for what has no length."""
        return None if self.started is None or self.ended is None else (self.ended - self.started).total_seconds()


@dataclass(frozen=True)
class Verdict:
    """What `verify` found: `complete` is False for a run that has not written its end; `hash` is the chain's last."""

    entries: int
    complete: bool
    hash: str


def _line(entry: Mapping[str, Any]) -> str:
    return json.dumps(entry, sort_keys=True, ensure_ascii=True, separators=(",", ":"))


def _hash(entry: Mapping[str, Any]) -> str:
    return hashlib.sha256(_line({key: entry[key] for key in entry if key != "hash"}).encode()).hexdigest()


def path_of(run: str) -> Path:
    """The file of a run. Raises BadInput for what cannot be the name of one."""
    if not RUN_ID.fullmatch(run):
        raise BadInput(f"{run!r} is not the name of a run", "`dr journal` lists the runs")
    return folder("journal") / f"{run}.jsonl"


def runs() -> list[str]:
    """The names of all runs, newest first."""
    paths = sorted(folder("journal").glob("*.jsonl"), key=lambda path: path.stat().st_mtime_ns, reverse=True)
    return [path.stem for path in paths]


def find(run: str | None) -> Path:
    """The journal of `run`, or of the newest run. Raises BadInput when there is none."""
    if run is None:
        names = runs()
        if not names:
            raise BadInput(f"{folder('journal')}: no run yet", "a failover or a drill writes one")
        run = names[0]
    path = path_of(run)
    if not path.exists():
        raise BadInput(f"{path}: no such run", "`dr journal list` shows the runs that there are")
    return path


class Journal:
    """
    The journal of one run, open for writing; safe to share between threads.

    An existing file is continued: it is verified first, and an entry that a crash left half written is cut off and
    noted. Raises BadInput when the file is not a good journal of this run.
    """

    def __init__(self, path: Path, run: str) -> None:
        self.path, self.run = path, run
        self._lock = threading.Lock()
        self._uncopied: list[tuple[int, str]] = []
        self._seq, self._prev = 0, START
        torn = 0
        if path.exists():
            torn = _cut_torn_tail(path)
            for entry in read(path):
                if entry.run != run:
                    raise BadInput(f"{path}: holds the run {entry.run}, not {run}", "give the run another name")
                self._seq, self._prev = entry.seq + 1, entry.hash
        try:
            self._file: int | None = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise BadInput(
                f"{path}: cannot be written ({error.strerror})", "set DR_HOME to a folder that can"
            ) from error
        if torn:
            self.write("note", "torn", "Cut off an entry that a crash left half written", evidence={"bytes": torn})

    @classmethod
    def of(cls, run: str) -> Journal:
        """The journal of `run` in DR_HOME."""
        return cls(path_of(run), run)

    @property
    def hash(self) -> str:
        """The hash of the newest entry."""
        return self._prev

    @property
    def last(self) -> int:
        """The number of the newest entry, from 0; -1 before the first."""
        return self._seq - 1

    def write(
        self,
        kind: Kind,
        name: str,
        sentence: str,
        *,
        phase: str = "",
        status: str = "",
        started: datetime | None = None,
        ended: datetime | None = None,
        evidence: Mapping[str, Any] | None = None,
    ) -> None:
        """
        Append one entry and put it on disk. Raises ServiceFailed when the disk is full, nothing half written, and for
        one that comes too late: by then the number of the closed file may be that of another one.
        """
        with self._lock:
            if self._file is None:
                raise ServiceFailed(f"{self.path}: the run has ended", "what comes after its end is not journalled")
            entry: dict[str, Any] = {
                "v": VERSION,
                "run": self.run,
                "seq": self._seq,
                "at": plain(datetime.now(UTC)),
                "kind": kind,
                "phase": phase,
                "name": name,
                "sentence": redact(sentence),
                "status": status,
                "started": plain(started),
                "ended": plain(ended),
                "evidence": plain(evidence or {}),
                "prev": self._prev,
            }
            entry["hash"] = _hash(entry)
            data = (_line(entry) + "\n").encode()
            size = os.fstat(self._file).st_size
            try:
                written = os.write(self._file, data)
                os.fsync(self._file)
            except OSError:
                written = 0
            if written != len(data):
                os.ftruncate(self._file, size)
                raise ServiceFailed(
                    f"{self.path}: cannot be written: the disk is full or gone", "free some room, then `dr resume`"
                )
            self._uncopied.append((self._seq, data.decode().rstrip("\n")))
            self._seq, self._prev = self._seq + 1, entry["hash"]
            found = shared.store()
            if found is None or found.add_lines(self.run, self._uncopied):
                self._uncopied = []

    def mark(self, name: str, sentence: str = "", at: datetime | None = None, **evidence: Any) -> None:
        """
        A moment that `measure` reckons with: fault, detected, declared, approved, service_back, verified.
        Only the first mark of a name counts, so that a repeated step cannot make a run look faster or slower.
        """
        at = at or datetime.now(UTC)
        self.write("measure", name, sentence or name.replace("_", " "), started=at, ended=at, evidence=evidence)

    def note(self, name: str, sentence: str, **evidence: Any) -> None:
        self.write("note", name, sentence, evidence=evidence)

    def close(self) -> None:
        with self._lock:
            if self._file is not None:
                os.close(self._file)
                self._file = None


def catch_up(run: str, store: shared.SharedRuns) -> None:
    """Let the file of a run and its copy where machines share their runs hold the same lines. Raises BadInput."""
    path = path_of(run)
    own = path.read_text(encoding="utf-8").split("\n")[:-1] if path.exists() else []
    theirs = store.lines(run, 0)
    common = min(len(own), len(theirs))
    if own[:common] != theirs[:common]:
        raise BadInput(
            f"{path}: differs from what DR_DATABASE_URL holds of this run",
            "look at both; move the file away to take that",
        )
    if len(theirs) > common:
        if own:
            _cut_torn_tail(path)
        with path.open("a", encoding="utf-8") as file:
            file.writelines(f"{line}\n" for line in theirs[common:])
    elif len(own) > common:
        store.add_lines(run, list(enumerate(own))[common:])


def _cut_torn_tail(path: Path) -> int:
    data = path.read_bytes()
    end = data.rfind(b"\n") + 1
    if end < len(data):
        os.truncate(path, end)
    return len(data) - end


_TYPES: dict[str, type | tuple[type, ...]] = {
    "v": int,
    "run": str,
    "seq": int,
    "at": str,
    "kind": str,
    "phase": str,
    "name": str,
    "sentence": str,
    "status": str,
    "started": (str, type(None)),
    "ended": (str, type(None)),
    "evidence": dict,
    "prev": str,
    "hash": str,
}


def read(path: Path, *, live: bool = False) -> Iterator[Entry]:
    """
    The entries of a journal, each checked: form, order, and the chain of hashes.

    `live` leaves out a last line that is still being written. Raises BadInput with the line's number.
    """
    try:
        if path.stat().st_size > LARGEST_BYTES:
            raise BadInput(f"{path}: more than {LARGEST_BYTES >> 20} MiB", "no run writes that much")
        data = path.read_bytes()
    except OSError as error:
        raise BadInput(f"{path}: cannot be read ({error.strerror})", "`dr journal list` shows the runs") from error
    prev, lines = START, data.split(b"\n")
    if lines[-1] and not live:
        raise BadInput(f"{path}: line {len(lines)}: cut short", "go on with `dr resume`, or read it with `dr journal`")
    for number, line in enumerate(lines[:-1], start=1):
        raw = _parse(path, number, line)
        if raw["seq"] != number - 1 or raw["prev"] != prev or raw["hash"] != _hash(raw):
            raise BadInput(
                f"{path}: line {number}: the chain of hashes is broken here",
                "the file was changed after it was written: nothing from this line on can be trusted",
            )
        prev = raw["hash"]
        times = {
            key: None if raw[key] is None else datetime.fromisoformat(raw[key]) for key in ("at", "started", "ended")
        }
        yield Entry(**{**raw, **times})


def _parse(path: Path, number: int, line: bytes) -> dict[str, Any]:
    where = f"{path}: line {number}"
    hint = "this is not a journal of this program, or it was damaged"
    try:
        raw = json.loads(line)
        _line(raw)  # what is nested too deep to be written again was not written by us
    except (ValueError, RecursionError) as error:
        raise BadInput(f"{where}: not JSON ({error})", hint) from error
    if not isinstance(raw, dict):
        raise BadInput(f"{where}: not an object", hint)
    if raw.get("v") != VERSION:
        raise BadInput(
            f"{where}: version {raw.get('v')!r}, this program reads {VERSION}", "read it with the program that wrote it"
        )
    for key, kind in _TYPES.items():
        if key not in raw:
            raise BadInput(f"{where}: {key} is missing", hint)
        if not isinstance(raw[key], kind) or isinstance(raw[key], bool):
            raise BadInput(f"{where}: {key}: {raw[key]!r} is not what belongs there", hint)
    if extra := sorted(raw.keys() - _TYPES.keys()):
        raise BadInput(f"{where}: {extra[0]} is not known", hint)
    if raw["kind"] not in KINDS:
        raise BadInput(f"{where}: kind: {raw['kind']!r} is none of {', '.join(sorted(KINDS))}", hint)
    for key in ("at", "started", "ended"):
        try:
            good = raw[key] is None or datetime.fromisoformat(raw[key]).tzinfo is not None
        except ValueError:
            good = False
        if not good:
            raise BadInput(f"{where}: {key}: {raw[key]!r} is not a time with its zone", hint)
    return raw


def verify(path: Path) -> Verdict:
    """Check the whole chain. Raises BadInput with the number of the first bad line."""
    count, last, complete = 0, START, False
    for entry in read(path):
        count, last = count + 1, entry.hash
        # What is measured or told after the end belongs to it; a run that goes on has to end again.
        complete = entry.kind == "end" or (complete and entry.kind != "run")
    if not count:
        raise BadInput(f"{path}: line 1: empty", "the run never began")
    return Verdict(count, complete, last)

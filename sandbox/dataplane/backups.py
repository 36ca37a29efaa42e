"""
Backups as they lie in a region: a verified base, and for point in time the log that arrives after it.

A store is a folder: `NAME/base` (never touched after it was taken), `NAME/wal` (archived segments), `NAME/marks` (for
a segment, the time of a heartbeat that was committed in it: up to there the log can be replayed), `NAME/about.json`.
"""

import json
import random
import shlex
import shutil
import threading
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from sandbox.dataplane import files
from sandbox.dataplane.postgres import Installation, PostgresError
from sandbox.fabric import Backup


@dataclass(frozen=True)
class About:
    name: str
    source: str
    kind: Literal["snapshot", "continuous"]
    taken_at: str  # ISO 8601; the base holds everything committed before
    database: str
    username: str
    size_bytes: int = 0  # of the base


class Stored:
    """One backup in one store."""

    def __init__(self, store: Path, name: str) -> None:
        self.folder, self.name = store / name, name
        self.base, self.wal, self.marks = self.folder / "base", self.folder / "wal", self.folder / "marks"

    @property
    def about(self) -> About | None:
        """None while the base is not there yet."""
        try:
            return About(**json.loads((self.folder / "about.json").read_text()))
        except FileNotFoundError:
            return None

    def write_about(self, about: About) -> None:
        draft = self.folder / "about.draft"
        draft.write_text(json.dumps(asdict(about)))
        draft.rename(self.folder / "about.json")

    def newest_mark(self) -> datetime | None:
        """Up to when the log here can be replayed."""
        if not self.marks.exists():
            return None
        whole = (mark for mark in self.marks.glob("0*") if (self.wal / mark.name).exists())
        return max((datetime.fromisoformat(mark.read_text()) for mark in whole), default=None)

    def describe(self, region: str) -> Backup | None:
        about = self.about
        if about is None:
            return None
        taken = datetime.fromisoformat(about.taken_at)
        newest = max(taken, self.newest_mark() or taken) if about.kind == "continuous" else taken
        return Backup(self.name, region, about.source, about.kind, taken, newest, about.size_bytes)

    def base_size(self) -> int:
        return sum(file.stat().st_size for file in self.base.rglob("*") if file.is_file())

    def prepare(self, installation: Installation) -> None:
        for folder in (self.folder, self.wal, self.marks):
            folder.mkdir(parents=True, exist_ok=True)
            installation.user.own(folder)

    def verify(self, installation: Installation) -> None:
        """Compare every file of the base with its manifest. Raises PostgresError."""
        installation.run("pg_verifybackup", "--quiet", "--no-parse-wal", str(self.base))

    def restore_command(self) -> str:
        folder = shlex.quote(str(self.wal)).replace("%", "%%")
        return f"cp {folder}/%f %p"

    def archive_command(self) -> str:
        """Keep a segment once, whole or not at all."""
        folder = shlex.quote(str(self.wal)).replace("%", "%%")
        return f"test -f {folder}/%f || (cp %p {folder}/.%f && mv {folder}/.%f {folder}/%f)"

    def damage(self, what: Literal["base", "log"], seed: int = 0) -> Path:
        """Flip bytes in a table, or at the start of the newest segment; the whole one is kept. Returns the file."""
        chance = random.Random(seed)
        if what == "log":
            segments = sorted(mark.name for mark in self.marks.glob("0*") if (self.wal / mark.name).exists())
            if not segments:
                raise PostgresError(f"{self.name} has no log yet")
            victim = self.wal / segments[-1]
        else:
            tables = [
                file for file in (self.base / "base").rglob("[1-9]*") if file.is_file() and file.stat().st_size >= 8192
            ]
            victim = chance.choice(sorted(tables))
        keepsake = self.folder / "undamaged" / victim.relative_to(self.folder).as_posix().replace("/", "@")
        if keepsake.exists():
            return victim
        whole = bytearray(victim.read_bytes())
        keepsake.parent.mkdir(exist_ok=True)
        keepsake.write_bytes(whole)
        start = len(whole) // 2 if what == "base" else 0
        for place in range(start, min(start + 64, len(whole))):
            whole[place] ^= 0xFF
        victim.write_bytes(whole)
        return victim

    def mend(self) -> None:
        kept = self.folder / "undamaged"
        if kept.exists():
            for file in kept.iterdir():
                (self.folder / file.name.replace("@", "/")).write_bytes(file.read_bytes())
            shutil.rmtree(kept)


class Shipper:
    """Fetches a continuous backup from another region's store, over the link, again and again until stopped."""

    def __init__(
        self,
        source: files.StoreDoor,
        source_name: str,
        stored: Stored,
        installation: Installation,
        *,
        every_seconds: float,
        background: bool = True,
    ) -> None:
        self._source, self._source_name, self._stored, self._every = source, source_name, stored, every_seconds
        self._installation = installation
        self.paused = threading.Event()  # while the region it ships to is down
        self._stop = threading.Event()
        self.last_error: str | None = None
        if background:
            threading.Thread(target=self._run, name=f"ship {stored.name}", daemon=True).start()

    def stop(self) -> None:
        self._stop.set()

    def _run(self) -> None:
        while not self._stop.is_set():
            if not self.paused.is_set():
                try:
                    self.once()
                    self.last_error = None
                except (OSError, ValueError) as error:  # the link is cut, or the other region is gone: tried again
                    self.last_error = str(error)
            self._stop.wait(self._every if self._stored.about else 0.1)

    def once(self) -> None:
        """The base first, then each missing segment, a segment's mark after it. Raises OSError."""
        stored, name = self._stored, self._source_name
        stored.prepare(self._installation)
        if stored.about is None:
            if "about.json" not in files.list_names(self._source, name):
                return
            draft = stored.folder / "draft"
            shutil.rmtree(draft, ignore_errors=True)
            draft.mkdir()
            files.fetch_tree(self._source, f"{name}/base", draft / "base")
            files.fetch_tree(self._source, f"{name}/about.json", draft / "about.json")
            (draft / "base").rename(stored.base)
            about = About(**json.loads((draft / "about.json").read_text()))
            stored.write_about(About(**{**asdict(about), "name": stored.name}))
            shutil.rmtree(draft)
        for kind in ("wal", "marks"):
            have = {entry.name for entry in (stored.folder / kind).iterdir()}
            for entry in files.list_names(self._source, f"{name}/{kind}"):
                if entry in have or entry.startswith(".") or self._stop.is_set():
                    continue
                draft_file = stored.folder / kind / f".{entry}"
                files.fetch_tree(self._source, f"{name}/{kind}/{entry}", draft_file)
                draft_file.rename(stored.folder / kind / entry)


def now_text() -> str:
    return datetime.now(UTC).isoformat()

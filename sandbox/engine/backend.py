"""The file backend: where stacks, locks, histories and backups lie. The layout is Pulumi's own.

Each file has a sibling `<file>.attrs` with its content type and MD5, which readers may ignore.
"""

import base64
import getpass
import hashlib
import json
import os
import socket
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse

from sandbox.engine import gojson
from sandbox.engine.errors import EngineError, NotSupportedError, StackNotFoundError

Json = Any
_ATTRS = {
    "user.cache_control": "",
    "user.content_disposition": "",
    "user.content_encoding": "",
    "user.content_language": "",
    "user.content_type": "",
    "user.metadata": None,
    "md5": "",
}


def write(path: Path, raw: bytes, content_type: str = "text/plain; charset=utf-8") -> None:
    """Write a file at once (a reader sees the old or the new one), and what describes it beside it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    replace(path, [raw])
    attrs = {
        **_ATTRS,
        "user.content_type": content_type,
        "md5": base64.b64encode(hashlib.md5(raw, usedforsecurity=False).digest()).decode(),
    }
    replace(path.with_name(path.name + ".attrs"), [json.dumps(attrs).encode() + b"\n"])


def replace(path: Path, parts: Iterable[bytes]) -> None:
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.tmp")
    with temporary.open("wb") as file:
        file.writelines(parts)
    temporary.replace(path)


def remove(path: Path) -> None:
    path.unlink(missing_ok=True)
    path.with_name(path.name + ".attrs").unlink(missing_ok=True)


FEATURES = {"hooks", "replaceWith", "taint"}


def refuse_unknown(whole: Mapping[str, Json]) -> None:
    """Raises NotSupportedError for a checkpoint or deployment that needs what this engine does not have."""
    unknown = sorted(set(whole.get("features") or []) - FEATURES)
    if whole.get("version") not in (0, 3, 4) or unknown:
        message = f"state of version {whole.get('version')}" + (f" with {', '.join(unknown)}" if unknown else "")
        raise NotSupportedError(message)


class Backend:
    """A backend folder."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.root = folder_of(url) / ".pulumi"

    def prepare(self) -> None:
        """Make the folder one that Pulumi recognises."""
        meta = self.root / "meta.yaml"
        if not meta.exists():
            write(meta, b"version: 1\n", "text/plain; charset=utf-8")

    # -- stacks --------------------------------------------------------------------------------------------------------
    def stack_file(self, project: str, stack: str) -> Path:
        return self.root / "stacks" / project / f"{stack}.json"

    def exists(self, project: str, stack: str) -> bool:
        return self.stack_file(project, stack).exists()

    def stacks(self, project: str | None) -> list[tuple[str, str]]:
        """Project and name of each stack, of one project or of all."""
        found = sorted((self.root / "stacks").glob(f"{project or '*'}/*.json"))
        return [(p.parent.name, p.stem) for p in found if not p.name.startswith(".")]

    def read(self, project: str, stack: str) -> dict[str, Json]:
        """The checkpoint of a stack. Raises EngineError when there is none, or it is not readable."""
        path = self.stack_file(project, stack)
        try:
            found = gojson.loads(path.read_bytes())
        except NotADirectoryError as error:  # as in a region that is lost: its bucket is not there to be asked
            raise EngineError(f"the state in {self.url} cannot be reached") from error
        except FileNotFoundError as error:
            raise StackNotFoundError(stack) from error
        except ValueError as error:
            message = f"failed to load checkpoint {path}: {error}"
            raise EngineError(message) from error
        refuse_unknown(found)
        return dict(found["checkpoint"])

    def write_checkpoint(self, project: str, stack: str, parts: Iterable[bytes], *, final: bool = True) -> None:
        """Replace the checkpoint; the one before it stays as `.bak`. Only a final write describes itself anew."""
        path = self.stack_file(project, stack)
        if path.exists():
            backup = path.with_name(path.name + ".bak")
            spare = path.with_name(f".{path.name}.bak.tmp")
            spare.unlink(missing_ok=True)
            os.link(path, spare)
            spare.replace(backup)
            attrs = path.with_name(path.name + ".attrs")
            if attrs.exists() and (final or not backup.with_name(backup.name + ".attrs").exists()):
                replace(backup.with_name(backup.name + ".attrs"), [attrs.read_bytes()])
        if final:
            write(path, b"".join(parts), "application/json")
        else:
            replace(path, parts)

    def remove_stack(self, project: str, stack: str) -> None:
        path = self.stack_file(project, stack)
        bak = path.with_name(path.name + ".bak")
        if path.exists():
            path.replace(bak)
            attrs = path.with_name(path.name + ".attrs")
            if attrs.exists():
                attrs.replace(bak.with_name(bak.name + ".attrs"))
        history = self.root / "history" / project / stack
        if history.exists():
            for file in history.iterdir():
                file.unlink()
            history.rmdir()

    # -- what is kept of each run --------------------------------------------------------------------------------------
    def back_up(self, project: str, stack: str, raw: bytes) -> None:
        write(self.root / "backups" / project / stack / f"{stack}.{time.time_ns()}.json", raw, "application/json")

    def add_history(self, project: str, stack: str, entry: dict[str, Json], checkpoint: bytes) -> None:
        base = self.root / "history" / project / stack / f"{stack}-{time.time_ns()}"
        text = gojson.indented(entry, 4).encode()
        write(base.with_name(base.name + ".history.json"), text, "application/json")
        write(base.with_name(base.name + ".checkpoint.json"), checkpoint, "application/json")

    def history(self, project: str, stack: str) -> list[dict[str, Json]]:
        """The runs of a stack, the newest first."""
        files = sorted((self.root / "history" / project / stack).glob("*.history.json"), reverse=True)
        return [json.loads(f.read_bytes()) for f in files]

    def rename(self, project: str, old: str, new: str, checkpoint: dict[str, Json]) -> None:
        raw = gojson.compact({"version": 3, "checkpoint": checkpoint}).encode()
        write(self.stack_file(project, new), raw, "application/json")
        source = self.root / "history" / project / old
        if source.exists():
            target = self.root / "history" / project / new
            target.mkdir(parents=True, exist_ok=True)
            for file in source.iterdir():
                file.replace(target / file.name.replace(f"{old}-", f"{new}-", 1))
        self.remove_stack(project, old)

    # -- locks ---------------------------------------------------------------------------------------------------------
    def _lock_folder(self, project: str, stack: str) -> Path:
        return self.root / "locks" / "organization" / project / stack

    def locks(self, project: str, stack: str) -> list[Path]:
        return sorted(p for p in self._lock_folder(project, stack).glob("*.json") if not p.name.startswith("."))

    @contextmanager
    def locked(self, project: str, stack: str, env: Mapping[str, str]) -> Iterator[None]:
        """Hold the stack's lock. Raises EngineError when another run holds it; a dead run's lock counts as well."""
        self._refuse_if_locked(project, stack, None)
        own = self._lock_folder(project, stack) / f"{uuid.uuid4()}.json"
        entry = {
            "pid": os.getpid(),
            "username": env.get("USER") or _user(),
            "hostname": socket.gethostname(),
            "timestamp": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
        }
        write(own, json.dumps(entry, separators=(",", ":")).encode(), "application/json")
        try:
            self._refuse_if_locked(project, stack, own)
            yield
        finally:
            remove(own)

    def _refuse_if_locked(self, project: str, stack: str, own: Path | None) -> None:
        others = [p for p in self.locks(project, stack) if p != own]
        if not others:
            return
        text = (
            f"the stack is currently locked by {len(others)} lock(s). Either wait for the other process(es) to end or "
            "delete the lock file with `pulumi cancel`."
        )
        for path in others:
            text += f"\n  {path.as_uri()}: {_told(path)}"
        raise EngineError(text)

    def cancel(self, project: str, stack: str) -> None:
        """Remove all locks of a stack, whoever holds them."""
        for path in self.locks(project, stack):
            remove(path)


def _told(path: Path) -> str:
    try:
        held = json.loads(path.read_bytes())
        return f"created by {held['username']}@{held['hostname']} (pid {held['pid']}) at {held['timestamp']}"
    except (OSError, ValueError, KeyError):
        return "held by an unknown process"


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"


def folder_of(url: str) -> Path:
    """The folder that a backend URL names. Raises NotSupportedError for other kinds of backends."""
    parsed = urlparse(url)
    if parsed.scheme != "file":
        message = f"backend {url or '(none given)'!r}; only file:// is"
        raise NotSupportedError(message)
    path = unquote(parsed.netloc + parsed.path)
    return Path(path).expanduser() if path.startswith("~") else Path(path)

"""What lies in the storage accounts of a world: containers of blobs with versions, in memory."""

from __future__ import annotations

import itertools
import secrets
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import formatdate

_count = itertools.count(1)


@dataclass(frozen=True)
class Blob:
    """
    One version of a blob. `metadata` has the names as they were given; `marks` are headers that the service adds, about
    what becomes of its copies.
    """

    data: bytes = field(repr=False)
    content_type: str
    metadata: dict[str, str]
    etag: str = field(default_factory=lambda: f'"0x8D{secrets.token_hex(7).upper()}"')
    at: float = field(default_factory=time.time)
    version: str = ""
    marks: dict[str, str] = field(default_factory=dict)

    @property
    def modified(self) -> str:
        return formatdate(int(self.at), usegmt=True)


def version_id() -> str:
    """Versions are named by their moment; those of one moment still differ, and sort in their order."""
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%f}{next(_count) % 10}Z"


@dataclass
class Kept:
    """A blob: what it is now (None: deleted), the versions before, the newest last, and blocks not yet put together."""

    current: Blob | None = None
    before: list[Blob] = field(default_factory=list)
    blocks: dict[str, bytes] = field(default_factory=dict)


class BlobStore:
    """By account, container and name. `lock` is held from a condition to the write that hangs on it."""

    def __init__(self, _context: object = None) -> None:
        self.lock = threading.RLock()
        self._kept: dict[tuple[str, str], dict[str, Kept]] = {}

    def of(self, account: str, container: str, name: str) -> Kept:
        with self.lock:
            return self._kept.setdefault((account.lower(), container), {}).setdefault(name, Kept())

    def names(self, account: str, container: str) -> list[str]:
        """All that is there in some version, sorted."""
        with self.lock:
            found = self._kept.get((account.lower(), container), {})
            return sorted(name for name, kept in found.items() if kept.current or kept.before)

    def containers(self, account: str) -> list[str]:
        """Those that have held a blob."""
        with self.lock:
            return [container for holder, container in self._kept if holder == account.lower()]

    def put_whole(self, account: str, container: str, name: str, kept: Kept) -> None:
        """Have a blob be just this, with all of its versions."""
        with self.lock:
            mine = self.of(account, container, name)
            mine.current, mine.before = kept.current, list(kept.before)

    def take_over(self, account: str, other: str) -> None:
        """Have in an account what is in another one, and nothing in that."""
        with self.lock:
            self.forget_account(account)
            for key in [key for key in self._kept if key[0] == other.lower()]:
                self._kept[account.lower(), key[1]] = self._kept.pop(key)

    def forget_container(self, account: str, container: str) -> None:
        with self.lock:
            self._kept.pop((account.lower(), container), None)

    def forget_account(self, account: str) -> None:
        with self.lock:
            for key in [key for key in self._kept if key[0] == account.lower()]:
                del self._kept[key]

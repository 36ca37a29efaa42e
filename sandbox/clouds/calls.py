"""The record of every call that reached the gateway: proof of who was called, and who was not."""

import json
import threading
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

Outcome = Literal["answered", "refused", "silent", "denied"]


@dataclass(frozen=True)
class Call:
    """
    One API call. `at` is seconds since the epoch; `source` a region or "outside". Outcome "denied": the gateway did not
    let it in.
    """

    at: float
    source: str
    region: str
    service: str
    action: str
    outcome: Outcome
    status: int


class CallLog:
    """Appends to a JSONL file; a line is complete or absent."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("a", buffering=1, encoding="utf-8")

    def add(self, call: Call) -> None:
        line = json.dumps(asdict(call))
        with self._lock:
            if not self._file.closed:
                self._file.write(line + "\n")

    def read(self) -> list[Call]:
        return [Call(**json.loads(line)) for line in self.path.read_text(encoding="utf-8").splitlines()]

    def close(self) -> None:
        with self._lock:
            self._file.close()

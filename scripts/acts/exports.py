"""
A file in a site's objects: in parts, each with its checksum, and a manifest that is written last.

An export without a manifest was cut off and counts as none. What is fetched is checked before anybody uses it.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tenacity import retry, retry_if_exception, stop_after_attempt, wait_exponential

from model import names
from scripts.clouds.protocol import ConditionFailed
from scripts.core.errors import BadInput, CloudFailed

if TYPE_CHECKING:
    from scripts.clouds.protocol import ObjectStore

PART_BYTES = 8 * 1024 * 1024
NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,199}")


@dataclass(frozen=True)
class Part:
    """One object, with the SHA-256 of its bytes."""

    key: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Export:
    """What a manifest says. `rows`: how many each table has; `sha256` is that of the whole file."""

    name: str
    system: str
    store: str
    site: str
    server: str
    at: datetime
    rows: Mapping[str, int]
    sha256: str
    parts: tuple[Part, ...]

    @property
    def size(self) -> int:
        return sum(part.size for part in self.parts)

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "at": self.at.isoformat(), "rows": dict(self.rows)}


_again = retry(
    retry=retry_if_exception(lambda error: isinstance(error, CloudFailed) and not isinstance(error, ConditionFailed)),
    stop=stop_after_attempt(4), wait=wait_exponential(multiplier=0.5, max=10), reraise=True,
)  # fmt: skip


def put(objects: ObjectStore, path: Path, about: Mapping[str, Any]) -> Export:
    """
    Store a file; `about` holds what the manifest says besides its parts. Raises CloudFailed, and BadInput for a name
    that is taken.
    """
    name = str(about["name"])
    if objects.read(_manifest(name)) is not None:
        raise BadInput(f"{objects.name} holds an export {name} already", "choose another name")
    whole, parts = hashlib.sha256(), list[Part]()
    with path.open("rb") as file:
        while piece := file.read(PART_BYTES):
            whole.update(piece)
            key = f"{names.EXPORTS}{name}/{len(parts):05d}"
            _again(objects.write)(key, piece)
            parts.append(Part(key, len(piece), hashlib.sha256(piece).hexdigest()))
    export = Export(**about, sha256=whole.hexdigest(), parts=tuple(parts))
    _again(objects.write)(_manifest(name), json.dumps(export.to_json(), indent=1).encode())
    return export


def manifest(objects: ObjectStore, name: str) -> Export:
    """Raises BadInput for one that is not there, CloudFailed for one that cannot be read."""
    found = objects.read(_manifest(name))
    if found is None:
        raise BadInput(f"{objects.name} holds no export {name}", f"exports lie below exports/ in {objects.name}")
    try:
        data = json.loads(found.body)
        parts = tuple(Part(str(it["key"]), int(it["size"]), str(it["sha256"])) for it in data.pop("parts"))
        at = datetime.fromisoformat(data.pop("at"))
        data["rows"] = {str(table): int(count) for table, count in data["rows"].items()}
        return Export(**data, at=at, parts=parts)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise CloudFailed(f"the manifest of {name} in {objects.name} cannot be read", "export it again") from error


def fetch(objects: ObjectStore, export: Export, path: Path) -> None:
    """Bring an export into a file. Raises CloudFailed for a part that is gone or is not what was stored."""
    whole = hashlib.sha256()
    with path.open("wb") as file:
        for number, part in enumerate(export.parts, start=1):
            found = _again(objects.read)(part.key)
            where = f"part {number} of {len(export.parts)} of {export.name} in {objects.name}"
            if found is None:
                raise CloudFailed(f"{where} is not there", "nothing was changed; take another export")
            if hashlib.sha256(found.body).hexdigest() != part.sha256:
                raise CloudFailed(f"{where} is not what was stored", "nothing was changed; take another export")
            whole.update(found.body)
            file.write(found.body)
    if whole.hexdigest() != export.sha256:
        raise CloudFailed(f"{export.name} in {objects.name} is not what was stored", "take another export")


def _manifest(name: str) -> str:
    if not NAME.fullmatch(name):
        raise BadInput(f"{name!r} is no name of an export", "lower case letters, digits, dots and hyphens")
    return f"{names.EXPORTS}{name}/manifest.json"

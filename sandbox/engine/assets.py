"""Assets and archives: the hashes that tell whether their content changed."""

import hashlib
import tarfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from urllib.request import urlopen

from sandbox.engine.errors import EngineError
from sandbox.engine.values import ASSET_SIG, Asset

ARCHIVE_SUFFIXES = (".tar", ".tgz", ".tar.gz", ".zip", ".jar")


def content(asset: Asset, folder: Path) -> bytes:
    """What an asset holds. Raises EngineError when its file cannot be read."""
    fields = asset.fields
    if fields.get("path"):
        return _read(folder / str(fields["path"]))
    if fields.get("uri"):
        uri = str(fields["uri"])
        if not uri.startswith(("file:", "http:", "https:")):
            message = f"unsupported URI of an asset: {uri}"
            raise EngineError(message)
        with urlopen(uri, timeout=60) as answer:  # noqa: S310  # the scheme is one of three
            return bytes(answer.read())
    return str(fields.get("text", "")).encode()


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        message = f"failed to open asset file '{path}': {error.strerror}"
        raise EngineError(message) from error


def with_hash(asset: Asset, folder: Path) -> Asset:
    """The same asset with its `hash`: SHA-256 of the content, of an archive that of its uncompressed tar."""
    if asset.hash:
        return asset
    source = str(asset.fields.get("path") or asset.fields.get("uri"))
    if asset.sig == ASSET_SIG or ("assets" not in asset.fields and source.endswith(ARCHIVE_SUFFIXES)):
        raw = content(asset, folder)
    else:
        raw = _tar(asset, folder)
    return Asset(asset.sig, {**asset.fields, "hash": hashlib.sha256(raw).hexdigest()})


def _members(asset: Asset, folder: Path, prefix: str = "") -> Iterator[tuple[str, bytes]]:
    if asset.sig == ASSET_SIG:
        yield prefix, content(asset, folder)
    elif "assets" in asset.fields:
        for name, member in sorted(asset.fields["assets"].items()):
            yield from _members(member, folder, f"{prefix}/{name}" if prefix else name)
    else:
        root = folder / str(asset.fields.get("path", ""))
        for path in sorted(p for p in root.rglob("*") if p.is_file()):
            relative = path.relative_to(root).as_posix()
            yield f"{prefix}/{relative}" if prefix else relative, _read(path)


def _tar(asset: Asset, folder: Path) -> bytes:
    """The archive as the engine builds it: members in order, mode 0600, no owner, no time."""
    buffer, seen = BytesIO(), set()
    for name, raw in _members(asset, folder):
        if name in seen:
            continue
        seen.add(name)
        info = tarfile.TarInfo(name)
        info.size, info.mode = len(raw), 0o600
        buffer.write(_header(info))
        buffer.write(raw + bytes(-len(raw) % 512))
    buffer.write(bytes(1024))
    return buffer.getvalue()


def _header(info: tarfile.TarInfo) -> bytes:
    """A header as Go writes it: device numbers are zeros where Python leaves them empty."""
    raw = bytearray(info.tobuf(tarfile.USTAR_FORMAT, "utf-8", "surrogateescape"))
    start = len(raw) - 512
    raw[start + 329 : start + 345] = b"0000000\0" * 2
    raw[start + 148 : start + 156] = b" " * 8
    raw[start + 148 : start + 156] = b"%06o\0 " % sum(raw[start : start + 512])
    return bytes(raw)

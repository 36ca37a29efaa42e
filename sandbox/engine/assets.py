"""Assets and archives: the hashes that tell whether their content changed, and what is wrong with one."""

import gzip
import hashlib
import os
import posixpath
import tarfile
import zipfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from urllib.parse import urlparse
from urllib.request import urlopen

from sandbox.engine.errors import EngineError
from sandbox.engine.values import ASSET_SIG, Asset

ARCHIVE_SUFFIXES = (".tar", ".tgz", ".tar.gz", ".zip", ".jar")
BOOKKEEPING = ".pulumi"


class AssetError(EngineError):
    """An asset or archive that cannot be read; nothing that holds it is deployed."""


def with_hash(asset: Asset, folder: Path) -> Asset:
    """
    The same asset with its `hash`: SHA-256 of the content, of an archive that of its uncompressed tar.

    Relative paths count from `folder`. Raises AssetError when the content is missing, or is no archive.
    """
    if asset.hash:
        return asset
    raw = _content(asset, folder) if asset.sig == ASSET_SIG else _archive(asset, folder)
    return Asset(asset.sig, {**asset.fields, "hash": hashlib.sha256(raw).hexdigest()})


def _where(asset: Asset, folder: Path) -> str:
    return os.path.normpath(folder / str(asset.fields["path"]))


def _told(error: OSError) -> str:
    return (error.strerror or str(error)).lower()


# -- one file ----------------------------------------------------------------------------------------------------------
def _content(asset: Asset, folder: Path) -> bytes:
    fields = asset.fields
    if fields.get("path"):
        path = _where(asset, folder)
        if Path(path).is_dir():
            message = f"asset path '{path}' is a directory; try using an archive"
            raise AssetError(message)
        try:
            return Path(path).read_bytes()
        except OSError as error:
            message = f"failed to open asset file '{path}': open {path}: {_told(error)}"
            raise AssetError(message) from error
    if fields.get("uri"):
        return _fetched(str(fields["uri"]))
    return str(fields.get("text", "")).encode()


def _fetched(uri: str) -> bytes:
    if not uri.startswith(("file:", "http:", "https:")):
        message = f"unsupported URI of an asset: {uri}"
        raise AssetError(message)
    try:
        with urlopen(uri, timeout=60) as answer:  # noqa: S310  # the scheme is one of three
            return bytes(answer.read())
    except OSError as error:
        message = f"failed to read {uri}: {error}"
        raise AssetError(message) from error


# -- archives ----------------------------------------------------------------------------------------------------------
def _archive(asset: Asset, folder: Path) -> bytes:
    """What is hashed of an archive: a file as it is, all else as the tar that the engine builds of it."""
    if "assets" not in asset.fields and _source(asset).endswith(ARCHIVE_SUFFIXES):
        return _packed(asset, folder)
    return _tar(asset, folder)


def _source(asset: Asset) -> str:
    if asset.fields.get("path"):
        return str(asset.fields["path"])
    return urlparse(str(asset.fields.get("uri", ""))).path


def _packed(asset: Asset, folder: Path) -> bytes:
    """The bytes of an archive that is a file."""
    if not asset.fields.get("path"):
        return _fetched(str(asset.fields["uri"]))
    path = _where(asset, folder)
    try:
        return Path(path).read_bytes()
    except OSError as error:
        message = f"open {path}: {_told(error)}"
        raise AssetError(message) from error


def _members(asset: Asset, folder: Path) -> Iterator[tuple[str, bytes]]:
    """Name and content of each file of an archive, in the order in which the engine packs them."""
    if "assets" in asset.fields:
        for name, member in sorted(asset.fields["assets"].items()):
            yield from _member(name, member, folder)
    elif asset.fields.get("uri") and not _source(asset).endswith(ARCHIVE_SUFFIXES):
        message = f"file at URL '{asset.fields['uri']}' is not a recognized archive format"
        raise AssetError(message)
    elif _source(asset).endswith(ARCHIVE_SUFFIXES):
        yield from _unpacked(_source(asset), _packed(asset, folder))
    else:
        yield from _walked(_where(asset, folder))


def _member(name: str, member: Asset, folder: Path) -> Iterator[tuple[str, bytes]]:
    what = "archive asset" if member.sig == ASSET_SIG else "sub-archive"
    try:
        if member.sig == ASSET_SIG:
            yield name, _content(member, folder)
        else:
            for inner, raw in _members(member, folder):
                yield posixpath.join(name, inner), raw
    except AssetError as error:
        message = f"failed to expand {what} '{name}': {error.message}"
        raise AssetError(message) from error


def _walked(root: str) -> Iterator[tuple[str, bytes]]:
    """The files below a folder; Pulumi's own folders and links to folders are left out."""
    try:
        folder = Path(root)
        folder.stat()
    except OSError as error:
        message = f"couldn't read archive path '{root}': stat {root}: {_told(error)}"
        raise AssetError(message) from error
    if not folder.is_dir():
        message = f"'{root}' is neither a recognized archive type nor a directory"
        raise AssetError(message)
    yield from _below(folder, "")


def _below(folder: Path, prefix: str) -> Iterator[tuple[str, bytes]]:
    for entry in sorted(folder.iterdir(), key=lambda e: e.name):
        if entry.name == BOOKKEEPING or (entry.is_symlink() and entry.is_dir()):
            continue
        if entry.is_dir():
            yield from _below(entry, f"{prefix}{entry.name}/")
            continue
        try:
            yield prefix + entry.name, entry.read_bytes()
        except OSError as error:
            message = f"open {entry}: {_told(error)}"
            raise AssetError(message) from error


def _unpacked(name: str, raw: bytes) -> Iterator[tuple[str, bytes]]:
    """The files in an archive that stands inside another one."""
    try:
        if name.endswith((".zip", ".jar")):
            with zipfile.ZipFile(BytesIO(raw)) as packed:
                for info in packed.infolist():
                    if not info.is_dir():
                        yield posixpath.normpath(info.filename), packed.read(info)
            return
        if not name.endswith(".tar"):
            raw = gzip.decompress(raw)
        with tarfile.open(fileobj=BytesIO(raw), mode="r:") as packed_tar:
            for member in packed_tar:
                file = packed_tar.extractfile(member)
                if member.isfile() and file is not None:
                    yield posixpath.normpath(member.name), file.read()
    except zipfile.BadZipFile as error:
        message = "failed to read ZIP: zip: not a valid zip file"
        raise AssetError(message) from error
    except (tarfile.TarError, OSError, EOFError) as error:
        message = f"{name}: not a valid archive: {error}"
        raise AssetError(message) from error


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

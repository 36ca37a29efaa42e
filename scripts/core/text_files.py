"""Reading text files as they come: a shell may write UTF-16, an editor a byte order mark."""

from __future__ import annotations

from pathlib import Path

from scripts.core.errors import BadInput

LARGEST_FILE = 256 * 1024 * 1024


def read_text(path: Path, hint: str) -> str:
    """
    The whole file as text: UTF-8, UTF-16 or UTF-32, with or without a byte order mark.

    Raises BadInput, with `hint` as what to do, for a file that is missing, unreadable, larger than LARGEST_FILE or no
    text.
    """
    try:
        size = path.stat().st_size
        if size > LARGEST_FILE:
            raise BadInput(f"{path}: {size // 2**20} MiB is more than {LARGEST_FILE // 2**20} MiB", hint)
        data = path.read_bytes()
    except OSError as error:
        raise BadInput(f"{path}: cannot be read: {error.strerror}", "check the path and its permissions") from None
    try:
        return data.decode(_encoding(data[:4]))
    except UnicodeDecodeError as error:
        raise BadInput(f"{path}: is no text at byte {error.start}", hint) from None


def _encoding(start: bytes) -> str:
    """Tell it by the byte order mark, or without one by where the zeros of the first ASCII character stand."""
    if start in (b"\xff\xfe\x00\x00", b"\x00\x00\xfe\xff"):
        return "utf-32"
    if start[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return "utf-16"
    if start[1:2] == b"\x00" and start[:1] != b"\x00":
        return "utf-16-le"
    return "utf-16-be" if start[:1] == b"\x00" else "utf-8-sig"

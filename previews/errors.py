"""Bad input, named by its place: the file, and the path inside it."""

from __future__ import annotations

from scripts.core.errors import BadInput


def bad(where: str, what: str, hint: str) -> BadInput:
    """`plans/x.json: steps[3].urn: is no URN` as an error to raise; `hint` says what to do."""
    return BadInput(f"{where}: {what}", hint)

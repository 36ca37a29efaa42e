"""What the project's policy pack says in a message: the title, then what kind of finding it is, then what is wrong."""

from __future__ import annotations

BROKEN = "broken"
KINDS = ("unknown", "waived", "failed")


def taken_apart(message: str) -> tuple[str, str, str]:
    """Kind, title and text. The title is the first line; the rest may begin with the kind, such as `unknown: `."""
    title, _, text = message.partition("\n")
    kind = next((kind for kind in KINDS if text.startswith(f"{kind}: ")), BROKEN)
    return kind, title, text.removeprefix(f"{kind}: ")

"""The clock, and moments as an operator types them."""

from __future__ import annotations

from datetime import UTC, datetime

from scripts.core.errors import BadInput

HINT = "write it as 2026-01-31T12:00:00+00:00, with its zone"


def now() -> datetime:
    """The clock that journals use: aware, UTC."""
    return datetime.now(UTC)


def past_moment(text: str, option: str) -> datetime:
    """
    Aware, UTC, to the whole second below, which is how finely databases are restored. Raises BadInput for what is no
    time, has no zone, or has not come yet.
    """
    try:
        at = datetime.fromisoformat(text.strip())
        at = at.astimezone(UTC) if at.tzinfo is not None else at
    except (ValueError, OverflowError) as error:
        raise BadInput(f"{option}: {text!r} is not a time", HINT) from error
    if at.tzinfo is None:
        raise BadInput(f"{option}: {text!r} says no zone", "write +00:00 behind it for UTC")
    present = now()
    if at > present:
        raise BadInput(f"{option}: {at.isoformat()} has not come yet (it is {present:%H:%M:%S} UTC)", HINT)
    return at.replace(microsecond=0)

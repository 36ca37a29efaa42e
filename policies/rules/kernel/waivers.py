"""Findings that somebody has taken responsibility for, until a date."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from fnmatch import fnmatchcase
from typing import Any

from .values import printable


@dataclass(frozen=True)
class Waiver:
    """rule: its id. resource: a glob over URNs (`*` and `?`), all when left out. expires: the last valid day (UTC)."""

    rule: str
    resource: str
    reason: str
    owner: str
    expires: date

    def covers(self, rule_id: str, urn: str) -> bool:
        # A bracket would start a character class of fnmatch, but URNs hold brackets of their own.
        return self.rule == rule_id and fnmatchcase(urn, self.resource.replace("[", "[[]"))

    def sentence(self) -> str:
        return f"waived until {self.expires} by {printable(self.owner)}: {printable(self.reason, 200)}"


def read_waivers(given: Any) -> tuple[list[Waiver], list[str]]:
    """The waivers in a configuration, and one sentence for each that is not complete."""
    waivers: list[Waiver] = []
    problems: list[str] = []
    if given is None:
        return waivers, problems
    if not isinstance(given, list):
        return waivers, ["waivers is not a list"]
    for position, raw in enumerate(given):
        missing = list(_missing(raw))
        if missing:
            problems.append(f"waivers[{position}] has no proper {', '.join(missing)}")
            continue
        waivers.append(
            Waiver(
                rule=raw["rule"],
                resource=raw.get("resource") or "*",
                reason=raw["reason"],
                owner=raw["owner"],
                expires=date.fromisoformat(str(raw["expires"])),
            )
        )
    return waivers, problems


def _missing(raw: Any) -> Iterator[str]:
    if not isinstance(raw, Mapping):
        yield "form"
        return
    for name in ("rule", "reason", "owner"):
        if not isinstance(raw.get(name), str) or not raw[name].strip():
            yield name
    if not isinstance(raw.get("resource") or "*", str):
        yield "resource"
    try:
        date.fromisoformat(str(raw.get("expires")))
    except ValueError:
        yield "expires (a date such as 2026-12-31)"


def today(as_of: Any = None) -> date:
    """The UTC date on which waivers are judged; `as_of` (a plan fact) judges as on another day."""
    try:
        return date.fromisoformat(as_of) if isinstance(as_of, str) else datetime.now(UTC).date()
    except ValueError:
        return datetime.now(UTC).date()

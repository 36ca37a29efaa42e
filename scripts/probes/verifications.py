"""
What was found when backups were restored and looked into: kept beside them, in the recovery bucket of their site, so
that whoever chooses a backup later knows it, on whichever machine.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from model import names
from scripts.core.errors import DrError

if TYPE_CHECKING:
    from scripts.clouds.access import Clouds
    from scripts.clouds.protocol import RestorePoint

KEY = f"{names.VERIFICATIONS}list.json"


@dataclass(frozen=True)
class Verification:
    """
    One backup was restored and looked into at a moment. `reached` is the newest moment that it could be restored to
    then: a log goes on, and what it holds by now is another question.
    """

    backup: str
    good: bool
    said: str
    at: datetime
    reached: datetime

    def to_json(self) -> dict[str, Any]:
        return {"good": self.good, "said": self.said, "at": self.at.isoformat(), "reached": self.reached.isoformat()}

    def __str__(self) -> str:
        how = "restored and read" if self.good else f"FAILED: {self.said}"
        return f"{self.at:%Y-%m-%d %H:%M} {how}"


def verifications(clouds: Clouds, site: str) -> dict[str, Verification]:
    """What is known of the backups of a site, by their names. Raises CloudFailed, and Refused for a lost site."""
    found = clouds.at(site).objects().read(KEY)
    return {} if found is None else of_json(found.body)


def known_verifications(clouds: Clouds, site: str) -> dict[str, Verification]:
    """The same, and nothing where it cannot be read: a recovery does not wait for it."""
    try:
        return verifications(clouds, site)
    except DrError:
        return {}


def of_json(body: bytes) -> dict[str, Verification]:
    """What cannot be read is not known: then backups count as never verified."""
    try:
        data = json.loads(body)
        return {
            str(name): Verification(
                str(name), each["good"] is True, str(each["said"]), datetime.fromisoformat(each["at"]),
                datetime.fromisoformat(each["reached"]),
            )
            for name, each in data.items()
        }  # fmt: skip
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}


def without_bad(points: Iterable[RestorePoint], known: Mapping[str, Verification]) -> list[RestorePoint]:
    """The points in their order, without those that were found bad the last time that somebody looked."""
    return [point for point in points if (seen := known.get(point.name)) is None or seen.good]

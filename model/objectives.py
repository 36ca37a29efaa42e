"""Objectives: how much may be lost and how long it may take, by kind of disaster."""

import datetime as dt
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from .base import Model, Name, Text
from .durations import Duration, PositiveDuration
from .governance import Role

Disaster = Literal[
    "application_failure",
    "database_failure",
    "database_corruption",
    "cache_failure",
    "registry_failure",
    "zone_outage",
    "regional_outage",
    "multi_region_outage",
    "provider_outage",
    "compromise",
]
Automation = Literal["automatic", "partial", "manual"]
# Where the service comes back: the name of a site, or the region (with its standby and backups) where it was.
SAME_REGION = "same_region"


@dataclass(frozen=True)
class Harm:
    """What a kind of disaster leaves behind. `clean_restore`: the live copies carry the damage as well, so only
    a backup from before it helps. `loses`: what can no longer be reached."""

    loses: Literal["process", "database", "zone", "region", "regions", "cloud"]
    clean_restore: bool = False


HARMS: dict[str, Harm] = {
    "application_failure": Harm("process"),
    "cache_failure": Harm("process"),
    "registry_failure": Harm("process"),
    "database_failure": Harm("database"),
    "database_corruption": Harm("database", clean_restore=True),
    "zone_outage": Harm("zone"),
    "regional_outage": Harm("region"),
    "multi_region_outage": Harm("regions"),
    "provider_outage": Harm("cloud"),
    "compromise": Harm("regions", clean_restore=True),
}


class Gap(Model):
    """An objective that is known to be out of reach for now: why, who owns that, and the last valid day (UTC)."""

    reason: Text
    owner: Role
    until: dt.date


class Objective(Model):
    """
    `component` narrows it to one service or store; without it the whole system is meant. `gap` says that the plan is
    known not to reach it: it is still forecast and shown, and refuses the plan only when the gap's day has passed.
    """

    disaster: Disaster
    rpo: Duration
    rto: PositiveDuration
    recover_at: Name | Literal["same_region"] = SAME_REGION
    automation: Automation = "manual"
    component: Name | None = None
    gap: Gap | None = None

    def is_in_place(self, primary: str | None) -> bool:
        """Does it promise a recovery where the service is, in the region of the primary site?"""
        return self.recover_at in (SAME_REGION, primary)


class Environment(Model):
    """What an environment has otherwise than the plan says: its objectives replace the plan's, whole."""

    objectives: Annotated[tuple[Objective, ...], Field(min_length=1)] | None = None

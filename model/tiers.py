"""Tiers: in whose order services and stores are recovered, and how long each may be down."""

from typing import Annotated

from pydantic import Field

from .base import Model
from .durations import PositiveDuration

TierNumber = Annotated[int, Field(ge=0, le=9, strict=True)]


class Tier(Model):
    """The longest time that services of this tier may be down after a disaster."""

    tier: TierNumber
    max_downtime: PositiveDuration

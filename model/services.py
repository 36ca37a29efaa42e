"""Services and the tiers in whose order they are recovered."""

from typing import Annotated

from pydantic import Field

from .base import Model, Name, Text
from .durations import Duration, PositiveDuration

TierNumber = Annotated[int, Field(ge=0, le=9, strict=True)]
Count = Annotated[int, Field(ge=0, le=1000, strict=True)]


class Replicas(Model):
    """How many pods a service runs while its site is active, and while it is warm. A cold site runs none."""

    active: Annotated[int, Field(ge=1, le=1000, strict=True)] = 1
    warm: Count = 0


class Service(Model):
    """
    `uses` names services, databases and object stores of the same plan, which must be there before it starts.

    `command` is the entry point in `image`; empty means the image's own. `kind` web stands behind the front door, any
    other only works. `startup` is how long it takes to become ready; without it a default is assumed.
    """

    name: Name
    tier: TierNumber
    uses: tuple[Name, ...] = ()
    replicas: Replicas = Replicas()
    kind: Name = "web"
    image: Text | None = None
    command: tuple[Text, ...] = ("app",)
    startup: Duration | None = None


class Tier(Model):
    """The longest time that services of this tier may be down after a disaster."""

    tier: TierNumber
    max_downtime: PositiveDuration

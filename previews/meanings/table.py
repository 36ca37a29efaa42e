"""The shape of the table: one row a property, and in which direction recovery gets better."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import Any

from policies.rules.kernel.spellings import plain_type
from previews.units import Notation


class Better(Enum):
    """What makes recovery stronger."""

    HIGHER = "a higher number"
    LOWER = "a lower number"
    ON = "switched on"
    OFF = "switched off"
    ORDER = "later in `order`"
    MORE = "more members of the set"
    FEWER = "fewer members of the set"
    PRESENT = "set at all"
    OFTEN = "a schedule that runs more often"
    LONGER = "a longer duration, in the notation of the system that reads it"
    CLOSED = "a resource policy, an access list or members that let in only whom they name, and shut nobody out"
    PROMOTE = "nothing: losing the value promotes a replica"
    JUDGE = "depends: a person must look"


class Aspect(Enum):
    """What of recovery a property touches, most urgent first: the order of a report."""

    REPLICA = "replica"
    GEO = "copies in other regions"
    IMMUTABILITY = "immutability"
    DELETION = "protection from deletion"
    RETENTION = "retention"
    FREQUENCY = "backup frequency"
    AVAILABILITY = "availability"
    TRAFFIC = "traffic"
    CAPACITY = "capacity"
    DETECTION = "detection"
    ENCRYPTION = "encryption"
    EXPOSURE = "exposure"


ASPECT_RANK = {aspect: rank for rank, aspect in enumerate(Aspect)}


@dataclass(frozen=True, slots=True)
class Meaning:
    """
    One property.

    `path` is in the wire names of the provider; `[*]` stands for every item of a list. `default` is what the cloud
    does when the property is absent. `absent` says how an absent value without a default ranks: weak, strong, unknown.
    `limits` marks rules of a list that take away (an expiry): there a new item is the weakening.
    `needs` is the action that the policy of a resource must leave to somebody.
    `notation` is how durations and schedules are written here, and `zero_is_default` says that no time at all means
    the default.
    """

    type: str
    path: str
    label: str
    aspect: Aspect
    better: Better
    unit: str = ""
    default: Any = None
    order: tuple[str, ...] = ()
    absent: str = "weak"
    limits: bool = False
    notation: Notation | None = None
    zero_is_default: bool = False
    needs: str = ""


@dataclass(frozen=True, slots=True)
class Guard:
    """A resource whose very existence protects: creating it makes recovery stronger, deleting it weaker."""

    type: str
    label: str
    aspect: Aspect


@dataclass(frozen=True, slots=True)
class StoreKind:
    """
    A type that holds data that a deletion or replacement destroys.

    `protection` and `backup` are paths into the inputs that say whether the cloud refuses a deletion and whether
    backups exist ("" where the type has none). `contains` marks things that take others with them (a namespace).
    `listed` is False for a type of which only its name speaks, `known` where not even that does.
    """

    type: str
    noun: str
    protection: str = ""
    backup: str = ""
    contains: bool = False
    listed: bool = True
    known: bool = True


def switch(kind: str, path: str, label: str, aspect: Aspect, *, default: bool = False) -> Meaning:
    """A property that is better on than off."""
    return Meaning(kind, path, label, aspect, Better.ON, default=default)


def ladder(
    kind: str,
    path: str,
    label: str,
    aspect: Aspect,
    order: tuple[str, ...],
    *,
    default: str | None = None,
    absent: str = "weak",
) -> Meaning:
    """A property whose words get better from the first of `order` to the last."""
    return Meaning(kind, path, label, aspect, Better.ORDER, default=default, order=order, absent=absent)


@lru_cache(maxsize=8192)
def normal_type(token: str) -> str:
    """The type token without an API version and in its present spelling, as the policy pack writes it."""
    return plain_type(token)

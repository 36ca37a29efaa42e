"""The shape of the table: one row a property, and in which direction recovery gets better."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import Any


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
    LONGER = "a longer duration, written 720h, 30d or P30D"
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
    """

    type: str
    noun: str
    protection: str = ""
    backup: str = ""
    contains: bool = False


_API_VERSION = re.compile(r"/v\d{8}(?:preview|privatepreview)?(?=:)")


def normal_type(token: str) -> str:
    """The type token without an API version in it: azure-native tokens of SDK 2 carry one, those of SDK 3 do not."""
    return _API_VERSION.sub("", token)

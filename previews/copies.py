"""
Where the copies of each store are: replicas, logs and snapshots, by region. Worked out from resources alone.

One side of a change (before or after) over all stacks gives one list of stores.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from previews import property_paths
from previews.changes import number, switched
from previews.previewed import Resource
from previews.safety import is_secret, is_unknown

REPLICA, STANDBY, LOG, SNAPSHOT = "replica", "standby", "log", "snapshot"


@dataclass(frozen=True, slots=True)
class Copy:
    """
    A further copy of a store. `rpo` is how many seconds of writes it may lack; `clean` says that it can be restored
    to a moment before a corruption; `locked` that nobody can delete it.
    """

    region: str
    kind: str
    rpo: float
    clean: bool = False
    locked: bool = False


@dataclass(slots=True)
class Store:
    """
    Data that the service needs. `retention` is seconds of backups, None where there is no such thing. `unsure` says
    that something which decides about its copies is a secret, or is known only after the update.
    """

    name: str
    stack: str
    noun: str
    region: str
    identities: frozenset[str]
    required: bool
    urn: str = ""
    unsure: bool = False
    retention: float | None = None
    size_gb: float = 0
    tags: Mapping[str, str] = field(default_factory=dict)
    copies: list[Copy] = field(default_factory=list)

    def regions(self) -> set[str]:
        """Where the data can be had from, its own region among them."""
        return {self.region} | {copy.region for copy in self.copies if copy.region}


class Side:
    """The resources of all stacks, before or after, with what is asked of them most: their region, and by type."""

    def __init__(self, resources: Iterable[Resource], stack_regions: Mapping[str, str]) -> None:
        self._stack_regions = stack_regions
        self._by_type: dict[str, list[Resource]] = defaultdict(list)
        self._provider_regions: dict[tuple[str, str], str] = {}
        for resource in resources:
            self._by_type[resource.type].append(resource)
            if resource.type.startswith("pulumi:providers:") and resource.inputs:
                region = resource.inputs.get("region") or resource.inputs.get("location")
                if isinstance(region, str) and not is_unknown(region):
                    for urn in (resource.urn, resource.own_urn):
                        self._provider_regions[resource.stack, urn] = normal_region(region)

    def of(self, kind: str) -> list[Resource]:
        return self._by_type.get(kind, [])

    def of_all(self, kinds: Iterable[str]) -> list[Resource]:
        return [resource for kind in kinds for resource in self.of(kind)]

    def region(self, resource: Resource) -> str:
        """The region in which the resource is, "" where nothing says it."""
        for place in (resource.inputs or {}, resource.outputs):
            for key in ("region", "location"):
                value = known(resource, place.get(key))
                if isinstance(value, str) and value:
                    return normal_region(value)
        if (found := arn_region(resource.outputs.get("arn", ""))) != "":
            return found
        urn = resource.provider.rpartition("::")[0]
        return self._provider_regions.get((resource.stack, urn)) or self._stack_regions.get(resource.stack, "")


def normal_region(region: str) -> str:
    """`North Europe` and `northeurope` are one."""
    return region.lower().replace(" ", "")


def arn_region(arn: str) -> str:
    parts = arn.split(":", 5)
    return parts[3] if len(parts) == 6 and parts[0] == "arn" else ""


def last_part(identifier: str) -> str:
    """`arn:aws:rds:eu-north-1:1:db:core` and `.../flexibleServers/core` both name `core`."""
    return identifier.rpartition("/")[2].rpartition(":")[2]


def known(resource: Resource, value: Any) -> Any:
    """The value, or None where it is a secret or not known yet; the resource then counts as unsure."""
    if is_secret(value) or is_unknown(value):
        resource.unsure = True
        return None
    return value


def at(resource: Resource, path: str) -> Any:
    """The known value at a path of the inputs, None otherwise."""
    return known(resource, property_paths.value_at(resource.inputs or {}, path))


def text(resource: Resource, path: str) -> str:
    """A known text at a path of the inputs, "" otherwise."""
    value = at(resource, path)
    return value if isinstance(value, str) else ""


def amount(resource: Resource, path: str) -> float | None:
    """A known number at a path of the inputs, None otherwise."""
    return number(at(resource, path))


def is_on(resource: Resource, path: str) -> bool:
    """Whether a switch at a path of the inputs is known to be on."""
    return switched(at(resource, path)) is True


def leaves(resource: Resource, path: str) -> list[str]:
    """Known texts at a path with `[*]`."""
    found: list[str] = []
    for value in property_paths.values_at(resource.inputs or {}, path).values():
        for leaf in value if isinstance(value, list) else [value]:
            if isinstance(known(resource, leaf), str):
                found += [leaf]
    return found


def given(resource: Resource, path: str) -> bool:
    """Whether something, known or not, stands at a path."""
    value: Any = property_paths.value_at(resource.inputs or {}, path)
    known(resource, value)
    return value not in (None, "", False, [], {})


def spread_doubt(side: Side, kinds: Iterable[str], stores: Iterable[Store]) -> None:
    """Where something that makes copies is not known, neither is what it does for any of the stores."""
    if any(resource.unsure for resource in side.of_all(kinds)):
        for store in stores:
            store.unsure = True

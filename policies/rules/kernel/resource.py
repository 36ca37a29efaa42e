"""A resource as rules see it, whichever version or spelling of its type the program used."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from .spellings import api_version, plain_type
from .values import Node, Unknown, printable, secret_texts

__all__ = ["Resource", "forms_of", "plain_region", "plain_type", "region_of_arn"]

NAMES = (
    "id",
    "arn",
    "name",
    "identifier",
    "bucket",
    "clusterIdentifier",
    "replicationGroupId",
    "accountName",
    "serverName",
    "databaseName",
    "vmName",
    "registryName",
    "vaultName",
    "profileName",
    "originGroupName",
)
"""Properties by which other resources name one."""


def forms_of(reference: str | None) -> set[str]:
    """A name, an ARN or an id, and the name at the end of it."""
    return {reference, reference.rsplit("/", 1)[-1], reference.rsplit(":", 1)[-1]} if reference else set()


def plain_region(name: str | None) -> str | None:
    """`West Europe` and `westeurope` are one region."""
    return re.sub(r"[\s_]", "", name).lower() if name else None


def region_of_arn(arn: str | None) -> str | None:
    """The region in an ARN; None for a global one or for something else."""
    parts = (arn or "").split(":", 5)
    return plain_region(parts[3]) if len(parts) == 6 and parts[0] == "arn" else None


@dataclass
class Resource:
    """One resource: its type, where it is, its properties (inputs in resource rules, outputs in stack rules).

    read: delivers the properties as plain Python when they are first asked for: most rules skip most resources.
    secrets: texts that may not stand in any message; the resources of a stack share one set.
    token: the type as the program wrote it, with its API version.
    """

    type: str
    urn: str
    name: str
    read: Callable[[], Mapping[str, Any]]
    read_provider: Callable[[], Mapping[str, Any]] = dict
    protect: bool = False
    ignore_changes: Sequence[str] = ()
    parent: str = ""
    dependencies: Sequence[str] = ()
    property_dependencies: Mapping[str, Sequence[str]] | None = None
    secrets: set[str] = field(default_factory=set)
    token: str = ""

    def made_before(self, version: str) -> bool:
        """Whether the program asks for an Azure API older than `version` (2019-04-01). One without a version does not.

        What Azure takes for a property that is left out depends on it.
        """
        asked = api_version(self.token)
        return bool(asked) and asked[1:9] < version.replace("-", "")

    @cached_property
    def props(self) -> Node:
        raw = self.read()
        for text in secret_texts(raw):
            self.secrets.update((text, plain_region(text) or text))
        return Node(raw)

    def __getitem__(self, path: str) -> Node:
        return self.props[path]

    @property
    def label(self) -> str:
        return printable(self.name or self.urn)

    def region(self) -> str | None:
        """Where it is: its own region or location, its ARN, else its provider's. None when nothing says so.

        Raises Unknown only when nothing else tells.
        """
        unknown: Unknown | None = None
        places: tuple[tuple[Callable[[], Mapping[str, Any]], str], ...] = (
            (self.read, "region"),
            (self.read, "location"),
            (self.read, "arn"),
            (self.read_provider, "region"),
            (self.read_provider, "location"),
        )
        for properties, key in places:
            try:
                text = (self.props if properties is self.read else Node(properties()))[key].text()
                found = region_of_arn(text) if key == "arn" else plain_region(text)
            except Unknown as error:
                unknown = unknown or error
                continue
            if found:
                return found
        if unknown:
            raise unknown
        return None

    def refers_to(self, prop: str, other: Resource) -> bool:
        """Whether property `prop` (its first key) points at `other`: by dependency, or by one of its names.

        Raises Unknown when the value is not known and no dependency decides.
        """
        recorded = (self.property_dependencies or {}).get(prop.split(".", maxsplit=1)[0])
        if recorded and other.urn in recorded:
            return True
        try:
            value = self[prop].text()
        except Unknown:
            if recorded:
                return False  # it comes from another resource, which is known
            raise
        return bool(other.names & forms_of(value))

    @cached_property
    def names(self) -> set[str]:
        """What other resources call it, as far as that is known."""
        found = {self.name}
        for key in NAMES if not self.type.startswith("kubernetes:") else ("metadata.name",):
            try:
                found.add(self[key].text() or "")
            except Unknown:
                continue
        return found - {""}

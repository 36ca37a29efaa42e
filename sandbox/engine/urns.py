"""URNs, type tokens and provider references, as text: how they are made and taken apart."""

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from model import pulumi_marks

STACK_TYPE = "pulumi:pulumi:Stack"
PROVIDER_PREFIX = "pulumi:providers:"
UNKNOWN_ID = pulumi_marks.UNKNOWN
DENIED = "denydefaultprovider"  # stands for a default provider that the configuration disables


class Parts(NamedTuple):
    """The parts of a URN; `qualified` is the type with those of the parents before it, divided by `$`."""

    stack: str
    project: str
    qualified: str
    name: str

    @property
    def type(self) -> str:
        return self.qualified.rsplit("$", 1)[-1]


@lru_cache(maxsize=65536)
def parse(urn: str) -> Parts:
    """The parts of a URN. Raises ValueError when it is none."""
    head, _, rest = urn.partition("urn:pulumi:")
    pieces = rest.split("::", 3)
    if head or len(pieces) != 4:
        message = f"invalid URN {urn!r}"
        raise ValueError(message)
    return Parts(*pieces)


def name_of(urn: str) -> str:
    return parse(urn).name


def type_of(urn: str) -> str:
    return parse(urn).type


def make(stack: str, project: str, parent_type: str, type_: str, name: str) -> str:
    qualified = f"{parent_type}${type_}" if parent_type and parent_type != STACK_TYPE else type_
    return f"urn:pulumi:{stack}::{project}::{qualified}::{name}"


def parent_type_of(parent: str) -> str:
    """What a child's type is qualified with: nothing below the stack itself."""
    return "" if not parent or parse(parent).qualified == STACK_TYPE else parse(parent).qualified


def is_provider_type(type_: str) -> bool:
    return type_.startswith(PROVIDER_PREFIX)


def is_default_provider(urn: str) -> bool:
    return is_provider_type(type_of(urn)) and name_of(urn).startswith("default")


def package_of(type_: str) -> str:
    """The package of a resource type; of a provider's type, the package it provides."""
    if is_provider_type(type_):
        return type_[len(PROVIDER_PREFIX) :]
    return type_.partition(":")[0]


def refusal(package: str, user: str) -> str:
    """What is said where a resource or function would use a default provider that is disabled."""
    return f"Default provider for '{package}' disabled. '{user}' must use an explicit provider."


class ProviderRef(NamedTuple):
    """A provider resource that others refer to: its URN and its id, written `URN::ID`."""

    urn: str
    id: str

    def __str__(self) -> str:
        return f"{self.urn}::{self.id}"


def parse_ref(text: str) -> ProviderRef:
    urn, _, ident = text.rpartition("::")
    if not urn.startswith("urn:pulumi:"):
        message = f"could not parse provider reference: {text!r}"
        raise ValueError(message)
    return ProviderRef(urn, ident)


@lru_cache(maxsize=1024)
def _glob(pattern: str) -> re.Pattern[str]:
    pieces = ["[^:]*".join(re.escape(p) for p in part.split("*")) for part in pattern.split("**")]
    return re.compile("^" + ".*".join(pieces) + "$")


class Targets:
    """URNs and patterns given with --target, --exclude or --replace. `*` stays inside a part, `**` does not."""

    def __init__(self, given: Iterable[str] = ()) -> None:
        given = list(given)
        self.literals = [g for g in given if "*" not in g]
        self.globs = [g for g in given if "*" in g]
        self._set = set(self.literals)

    def __bool__(self) -> bool:
        return bool(self.literals or self.globs)

    def __contains__(self, urn: str) -> bool:
        """Whether the URN is meant; without any pattern every URN is."""
        if not self:
            return True
        return urn in self._set or any(_glob(g).match(urn) for g in self.globs)

    def add(self, urn: str) -> None:
        if self and urn not in self._set:
            self.literals.append(urn)
            self._set.add(urn)

    def copy(self) -> "Targets":
        return Targets([*self.literals, *self.globs])

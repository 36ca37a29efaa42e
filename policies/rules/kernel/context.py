"""What a rule knows besides the resource: thresholds, the plan's facts, and the rest of the stack."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

from .resource import Resource, forms_of, plain_region
from .values import Node, Unknown


@dataclass(frozen=True)
class Facts:
    """What the plan says of the stack under review. Everything may be missing: the pack serves any project.

    Roles of sites: `active`, `warm`, `cold`, `traffic`, or `all` for a stack that holds the whole system.
    """

    given: Mapping[str, Any] = field(default_factory=dict)

    def has(self, name: str) -> bool:
        """Whether the fact is given. An empty object is an answer; an empty list or text is none."""
        return self.given.get(name) not in (None, "", [])

    def role_of(self, resource: Resource) -> str:
        """The role of the site that a resource belongs to: that of its stack where several are looked at as one."""
        stack = resource.urn.split("::", 1)[0].removeprefix("urn:pulumi:")
        role = Node(self.given)["siteRoles"].key(stack).text() or Node(self.given)["siteRole"].text()
        return role or "all"

    @property
    def sees_all_sites(self) -> bool:
        """Whether what is not among the resources is not there at all."""
        return (Node(self.given)["siteRole"].text() or "all") == "all"

    @property
    def primary_region(self) -> str | None:
        return plain_region(Node(self.given)["primaryRegion"].text())

    def regions(self, name: str) -> set[str]:
        """A list of regions, spelled the same way as `Resource.region`."""
        return {region for item in Node(self.given)[name].items() if (region := plain_region(item.text()))}

    def number(self, name: str) -> float | None:
        return Node(self.given)[name].number()

    def node(self, name: str) -> Node:
        return Node(self.given)[name]


Found = TypeVar("Found")


@dataclass
class _References:
    """Which resources of a type name what in one property. `undecided`: those whose value is not known."""

    by_urn: dict[str, list[Resource]] = field(default_factory=dict)
    by_name: dict[str, list[Resource]] = field(default_factory=dict)
    undecided: list[Unknown] = field(default_factory=list)


class Stack:
    """All resources of the stack under review, by type. References are looked up, not searched: stacks are large."""

    def __init__(self, resources: Iterable[Resource] = ()) -> None:
        self.by_type: dict[str, list[Resource]] = {}
        for resource in resources:
            self.by_type.setdefault(resource.type, []).append(resource)
        self._memory: dict[Any, Any] = {}

    def remembered(self, key: object, make: Callable[[], Found]) -> Found:
        """What `make` gives, made once for the stack."""
        if key not in self._memory:
            self._memory[key] = make()
        found: Found = self._memory[key]
        return found

    def of(self, *types: str) -> list[Resource]:
        return [resource for name in types for resource in self.by_type.get(name, ())]

    def first_naming(
        self, types: Iterable[str], prop: str, subject: Resource, wanted: Callable[[Resource], bool] | None = None
    ) -> Resource | None:
        """The first resource of `types` whose `prop` points at `subject`, and that `wanted` accepts.

        Raises Unknown like `first`.
        """
        unknown: Unknown | None = None
        for token in types:
            known: _References = self.remembered(("references", token, prop), partial(self._references, token, prop))
            candidates: list[Resource] = [*known.by_urn.get(subject.urn, ())]
            for name in subject.names:
                candidates += known.by_name.get(name, ())
            for candidate in candidates:
                try:
                    if wanted is None or wanted(candidate):
                        return candidate
                except Unknown as error:
                    unknown = unknown or Unknown(f"{candidate.label}.{error.path}")
            unknown = unknown or (known.undecided[0] if known.undecided else None)
        if unknown:
            raise unknown
        return None

    def naming(
        self, types: Iterable[str], prop: str, urns: Iterable[str], names: Iterable[str]
    ) -> tuple[list[Resource], list[Unknown]]:
        """All resources of `types` whose `prop` points at one of these, and why there may be more of them than that."""
        found: dict[str, Resource] = {}
        undecided: list[Unknown] = []
        for token in types:
            known: _References = self.remembered(("references", token, prop), partial(self._references, token, prop))
            for urn in urns:
                found |= {other.urn: other for other in known.by_urn.get(urn, ())}
            for name in names:
                found |= {other.urn: other for other in known.by_name.get(name, ())}
            undecided += known.undecided
        return list(found.values()), undecided

    def _references(self, token: str, prop: str) -> _References:
        found = _References()
        for resource in self.of(token):
            recorded = (resource.property_dependencies or {}).get(prop.split(".", maxsplit=1)[0]) or ()
            for urn in recorded:
                found.by_urn.setdefault(urn, []).append(resource)
            try:
                forms = forms_of(resource[prop].text())
            except Unknown as error:
                if not recorded:
                    found.undecided.append(Unknown(f"{resource.label}.{error.path}"))
                continue
            for name in forms:
                found.by_name.setdefault(name, []).append(resource)
        return found

    def target(self, types: Iterable[str], resource: Resource, prop: str) -> Resource | None:
        """The resource of `types` that `prop` of `resource` points at. Raises Unknown when the value is not known."""
        wanted = tuple(types)
        by_urn: dict[str, Resource] = self.remembered(
            ("urns", wanted), lambda: {other.urn: other for other in self.of(*wanted)}
        )
        recorded = (resource.property_dependencies or {}).get(prop.split(".", maxsplit=1)[0]) or ()
        for urn in recorded:
            if urn in by_urn:
                return by_urn[urn]
        forms = forms_of(resource[prop].text())
        by_name: dict[str, Resource] = self.remembered(
            ("names", wanted), lambda: {name: other for other in self.of(*wanted) for name in other.names}
        )
        return next((by_name[name] for name in forms if name in by_name and by_name[name] is not resource), None)

    def first(self, types: Iterable[str], wanted: Callable[[Resource], bool]) -> Resource | None:
        """The first resource that `wanted` accepts.

        Raises Unknown when none is accepted and some could not be decided: then "there is none" would be a guess.
        """
        unknown: Unknown | None = None
        for resource in self.of(*types):
            try:
                if wanted(resource):
                    return resource
            except Unknown as error:
                unknown = unknown or Unknown(f"{resource.label}.{error.path}")
        if unknown:
            raise unknown
        return None


@dataclass(frozen=True)
class Context:
    """The thresholds of one rule, the plan's facts, the stack (empty in resource rules)."""

    thresholds: Mapping[str, Any]
    facts: Facts
    stack: Stack

    def number(self, name: str) -> float:
        return Node(self.thresholds)[name].number() or 0.0

    def words(self, name: str) -> list[str]:
        return [word for item in Node(self.thresholds)[name].items() if (word := item.text())]

    def flag(self, name: str) -> bool:
        return bool(Node(self.thresholds)[name].flag())

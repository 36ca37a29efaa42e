"""Whom a policy, an access list or a list of members lets in: everybody, nobody, or whom it names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from policies.rules.kernel.access import is_everybody, narrow, public_resources, shuts_out
from policies.rules.kernel.grants import members_of
from policies.rules.kernel.resource_policies import reached_from_a_network
from policies.rules.kernel.values import Node, Unknown
from previews.meanings.table import Meaning
from previews.safety import is_secret, is_unknown


@dataclass(frozen=True, slots=True)
class Openness:
    """
    What everybody is let in to, the action that is left to nobody (`shut`), and why that may not be all of it.

    A folder of a bucket that a policy names may be open: a signal of health lies in one.
    """

    opened: frozenset[str] = frozenset()
    shut: str = ""
    unsure: str = ""

    @property
    def text(self) -> str:
        if self.opened:
            first, *more = sorted(self.opened)
            return f"everybody, to {first}" + (f" and {len(more)} more" if more else "")
        if self.shut:
            return f"nobody to {self.shut}"
        return f"({self.unsure})" if self.unsure else "only whom it names"

    def is_worse_than(self, other: Openness) -> bool:
        """Whether more is open, or shut to all, than with the other."""
        return bool(self.opened - other.opened) or bool(self.shut and not other.shut)


def openness(meaning: Meaning, inputs: Mapping[str, Any], values: Iterable[Any]) -> Openness:
    """What the values of one property say. A document is one of AWS where the row names an action; else it is words."""
    opened: set[str] = set()
    shut = unsure = ""
    for value in values:
        if is_secret(value) or is_unknown(value):
            unsure = "its value is secret" if is_secret(value) else "known only after the update"
        elif not meaning.needs:
            words = value if isinstance(value, list) else [value, *(node.raw for node in members_of(Node(value)))]
            unsure = "known only after the update" if any(is_unknown(word) for word in words) else unsure
            opened |= {str(word) for word in words if is_everybody(str(word))}
        elif value not in (None, "", {}):
            try:
                for resource in public_resources(Node(value)):
                    if not narrow(resource) and not reached_from_a_network(Node(inputs)):
                        opened.add(resource)
                shut = shuts_out(Node(value), meaning.needs, only_here=meaning.needs.startswith("kms:")) or shut
            except Unknown:
                unsure = "known only after the update"
    return Openness(frozenset(opened), shut, unsure)

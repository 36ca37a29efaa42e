"""What a rule is: data, and a function that looks at one resource."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from .context import Context
    from .resource import Resource

Severity = Literal["critical", "high", "medium", "low"]
CRITICAL: Severity = "critical"
HIGH: Severity = "high"
MEDIUM: Severity = "medium"
LOW: Severity = "low"

_NUMBER = {"type": "number", "minimum": 0}
Check = Callable[["Resource", "Context"], Iterator[str]]
"""Looks at one resource and yields one sentence for each thing wrong with it.

It may raise `Unknown`; what it yielded before stays reported.
"""


@dataclass(frozen=True)
class Threshold:
    """A number, list or word that a team sets in `config.<environment>.json`.

    schema: JSON schema. default: what production needs, for packs run without a configuration.
    fact: a number of the plan's facts that takes its place when stricter: what the plan promises must be built, even
        where the environment would do with less. `stricter` says which way that is.
    """

    name: str
    default: Any
    schema: Mapping[str, Any]
    meaning: str
    fact: str = ""
    stricter: Literal["higher", "lower"] = "higher"

    def json_schema(self) -> dict[str, Any]:
        # An engine fills defaults in and then checks the types: a default of null would be refused.
        default = {} if self.default is None else {"default": self.default}
        return {**self.schema, **default, "description": self.meaning}


def days(name: str, default: float, meaning: str, fact: str = "") -> Threshold:
    return Threshold(name, default, _NUMBER, f"{meaning}, in days", fact)


def minutes(name: str, default: float, meaning: str, fact: str = "") -> Threshold:
    """A time that may not be exceeded."""
    return Threshold(name, default, _NUMBER, f"{meaning}, in minutes", fact, "lower")


def seconds(name: str, default: float, meaning: str, fact: str = "") -> Threshold:
    """A time that may not be exceeded."""
    return Threshold(name, default, _NUMBER, f"{meaning}, in seconds", fact, "lower")


def count(name: str, default: float, meaning: str, fact: str = "") -> Threshold:
    return Threshold(name, default, _NUMBER, meaning, fact)


def words(name: str, default: tuple[str, ...], meaning: str) -> Threshold:
    return Threshold(name, list(default), {"type": "array", "items": {"type": "string"}}, meaning)


@dataclass(frozen=True)
class Rule:
    """One thing that must hold.

    types: type tokens without API versions (`azure-native:keyvault:Vault`). A rule over the whole stack with no types
        is asked once, with the stack itself as the resource.
    checks: each is run by itself, so that an unknown value met by one does not hide what another finds.
    scope: `resource` rules see the inputs of one resource and stop it; `stack` rules see all outputs, after the fact on
        `up`, before it in a preview.
    needs: names of plan facts without which the rule does not apply.
    fix: inputs that make the resource pass; a value `"$minDays"` stands for that threshold. Only safe ones: in place,
        without data movement or cost that surprises.
    fixes: the types that the fix fits; all of them when empty.
    reads: types that a rule over the stack asks about besides `types`, so that nobody calls them unseen.
    differs: where it asks for more or less than a rule in `see`, and why.
    file: where it is written (`retention/rds_backup_retention.py`), filled in when the rules are found.
    """

    id: str
    title: str
    severity: Severity
    types: tuple[str, ...]
    checks: tuple[Check, ...]
    why: str
    remedy: str
    scope: Literal["resource", "stack"] = "resource"
    thresholds: tuple[Threshold, ...] = ()
    needs: tuple[str, ...] = ()
    serves: tuple[str, ...] = ()
    see: tuple[str, ...] = ()
    fix: Mapping[str, Any] = field(default_factory=dict)
    fixes: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()
    differs: str = ""
    file: str = ""

    @property
    def family(self) -> str:
        return self.id.split("-")[1]

    @property
    def enforcement(self) -> str:
        """The level without a configuration: what may lose data or the service stops the update."""
        return "mandatory" if self.severity in (CRITICAL, HIGH) else "advisory"

    def config_schema(self) -> dict[str, dict[str, Any]]:
        return {threshold.name: threshold.json_schema() for threshold in self.thresholds}


@dataclass(frozen=True)
class Finding:
    """What one rule says of one resource. `kind`: broken, waived, unknown, or failed (the rule itself broke)."""

    rule: Rule
    urn: str
    kind: Literal["broken", "waived", "unknown", "failed"]
    text: str

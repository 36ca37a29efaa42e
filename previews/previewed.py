"""What a preview says, whichever file it came from: resources before and after, steps, policy findings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from previews.meanings import RELEVANT_TYPES

# Operations of the engine that the analysis understands. `replace` stands for a whole replacement.
CHANGING = frozenset({"create", "update", "delete", "replace", "import"})
QUIET = frozenset({"same", "read", "refresh", "discard", "read-replacement", "discard-replaced"})
REPLACEMENT_PARTS = frozenset({"create-replacement", "delete-replaced", "import-replacement", "remove-pending-replace"})
KNOWN_OPERATIONS = CHANGING | QUIET | REPLACEMENT_PARTS


@dataclass(slots=True)
class Resource:
    """
    One side (before or after) of a resource.

    `inputs` is None for types that no rule of recovery speaks of: of those only `prints` is kept, a hash of each
    top-level input, so that a preview of many thousand resources stays small.
    """

    stack: str
    urn: str
    type: str
    name: str
    inputs: Mapping[str, Any] | None
    outputs: Mapping[str, Any]
    prints: Mapping[str, int]
    provider: str = ""
    protect: bool = False
    retain: bool = False


@dataclass(slots=True)
class Step:
    """
    One operation on one resource.

    `changed` are the property paths that differ; `causes` those that force a replacement. `known` is False for an
    operation that this version has not heard of: it counts as a change that must be read by hand.
    """

    stack: str
    op: str
    urn: str
    type: str
    name: str
    old: Resource | None
    new: Resource | None
    changed: tuple[str, ...] = ()
    causes: tuple[str, ...] = ()
    known: bool = True

    @property
    def is_change(self) -> bool:
        return not self.known or (self.op in CHANGING and not self.is_default_provider)

    @property
    def is_default_provider(self) -> bool:
        """The engine makes default providers by itself, and counts them nowhere."""
        return self.type.startswith("pulumi:providers:") and self.name.startswith("default")


@dataclass(frozen=True, slots=True)
class Finding:
    """
    What a policy pack reported. `severity` and `level` are as the pack gives them ("" when absent).

    `kind`: `broken`, or, from the project's own pack, `waived`, `unknown` (before the update) or `failed` (the rule).
    """

    stack: str
    policy: str
    pack: str
    level: str
    severity: str
    message: str
    urn: str
    name: str = ""
    kind: str = "broken"

    @property
    def is_broken(self) -> bool:
        return self.kind not in {"waived", "unknown"}

    @property
    def identity(self) -> tuple[str, str, str, str]:
        """What makes two findings of two previews the same one; the text may hold numbers that move."""
        return (self.stack, self.pack, self.policy, self.urn)


@dataclass(slots=True)
class StackPreview:
    """
    The preview of one stack.

    `complete` says that unchanged resources are in `steps` as well, so that the whole of the stack can be judged.
    `has_policies` says that the source carries policy results (a digest never does). `failures` are the engine's own
    error lines: a preview that failed covers only what it reached. `keep` are the types whose inputs are kept.
    """

    stack: str
    steps: list[Step] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    config: Mapping[str, Any] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)
    complete: bool = False
    has_policies: bool = False
    sensitive: set[str] = field(default_factory=set)
    keep: frozenset[str] = RELEVANT_TYPES

    def before(self) -> Iterable[Resource]:
        """Resources as the state has them now."""
        return (step.old for step in self.steps if step.old is not None)

    def after(self) -> Iterable[Resource]:
        """Resources as they would be after the update."""
        return (step.new for step in self.steps if step.new is not None)


def keep_identity(old: Resource | None, new: Resource | None) -> None:
    """An update in place keeps ARN and id, which a preview leaves out of the side after."""
    if old is not None and new is not None and not new.outputs:
        new.outputs = old.outputs


def urn_name(urn: str) -> str:
    """The name at the end of a URN (a name may itself hold colons, so only the first three separators count)."""
    parts = urn.split("::", 3)
    return parts[3] if len(parts) == 4 else urn


def urn_type(urn: str) -> str:
    """The resource's own type out of a URN, without the types of its parents."""
    parts = urn.split("::", 3)
    return parts[2].rpartition("$")[2] if len(parts) == 4 else ""

"""What a preview says, whichever file it came from: resources before and after, steps, policy findings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeGuard

from previews.meanings import RELEVANT_TYPES

# Operations of the engine that the analysis understands. `replace` stands for a whole replacement, `delete-replaced`
# for what an earlier replacement left behind, `gone` for what a refresh did not find any more.
CHANGING = frozenset({"create", "update", "delete", "replace", "import", "delete-replaced", "gone"})
QUIET = frozenset({"same", "read", "refresh", "discard", "read-replacement", "discard-replaced"})
REPLACEMENT_PARTS = frozenset({"create-replacement", "delete-replaced", "import-replacement", "remove-pending-replace"})
KNOWN_OPERATIONS = CHANGING | QUIET | REPLACEMENT_PARTS


@dataclass(slots=True)
class Resource:
    """
    One side (before or after) of a resource.

    `inputs` is None for types that no rule of recovery speaks of: of those only `prints` is kept, a hash of each
    top-level input, so that a preview of many thousand resources stays small.

    `urn` is that of the step, on both sides of a rename; `own_urn` is what this side itself is called. `owned` is False
    for a component, which holds nothing by itself, and for what is only read and belongs to somebody else. `unsure` is
    set by whoever looks for copies and finds a value that it cannot know.
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
    own_urn: str = ""
    id: str = ""
    owned: bool = True
    unsure: bool = False


@dataclass(slots=True)
class Step:
    """
    What happens to one resource.

    `changed` are the property paths that differ; `causes` those that force a replacement. `known` is False for an
    operation that this version has not heard of: it counts as a change that must be read by hand. `gone` is the
    resource that the state still has and the cloud has not; `outside` says that somebody changed it in the cloud.
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
    gone: Resource | None = None
    outside: bool = False

    @property
    def is_change(self) -> bool:
        return not self.known or (self.op in CHANGING and not self.is_default_provider)

    @property
    def is_owned(self) -> bool:
        """Whether the stack itself manages this: no component, and nothing that is only read."""
        return all(side.owned for side in (self.old, self.new, self.gone) if side is not None)

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
    `has_policies` says that a policy pack ran and that its results are here (a digest never has them). `failures` are
    the engine's own error lines: a preview that failed covers only what it reached. `doubts` say, in this project's own
    words, why it is not known whether all steps are here. `keep` are the types whose inputs are kept.
    """

    stack: str
    steps: list[Step] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    config: Mapping[str, Any] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)
    complete: bool = False
    has_policies: bool = False
    is_digest: bool = False
    doubts: list[str] = field(default_factory=list)
    sensitive: set[str] = field(default_factory=set)
    keep: frozenset[str] = RELEVANT_TYPES

    def before(self) -> Iterable[Resource]:
        """The stack's own resources as they are now."""
        return (step.old for step in self.steps if _counts(step.old) and step.op != "delete-replaced")

    def after(self) -> Iterable[Resource]:
        """The stack's own resources as they would be after the update."""
        return (step.new for step in self.steps if _counts(step.new))

    def places(self) -> set[tuple[str, str]]:
        """Stack and project as the URNs of the steps name them: one pair, where the file is of one stack."""
        return {urn_place(step.urn) for step in self.steps}

    def former_places(self) -> set[tuple[str, str]]:
        """Stack and project by which resources were known before a rename."""
        return {urn_place(step.old.own_urn) for step in self.steps if step.old is not None and step.old.own_urn}


def _counts(side: Resource | None) -> TypeGuard[Resource]:
    return side is not None and side.owned


def keep_identity(old: Resource | None, new: Resource | None) -> None:
    """An update in place keeps ARN and id, which a preview leaves out of the side after."""
    if old is not None and new is not None and not new.outputs:
        new.outputs = old.outputs


def urn_place(urn: str) -> tuple[str, str]:
    """Stack and project out of a URN."""
    parts = urn.removeprefix("urn:pulumi:").split("::", 2)
    return (parts[0], parts[1]) if len(parts) > 1 else ("", "")


def urn_name(urn: str) -> str:
    """The name at the end of a URN (a name may itself hold colons, so only the first three separators count)."""
    parts = urn.split("::", 3)
    return parts[3] if len(parts) == 4 else urn


def urn_type(urn: str) -> str:
    """The resource's own type out of a URN, without the types of its parents."""
    parts = urn.split("::", 3)
    return parts[2].rpartition("$")[2] if len(parts) == 4 else ""

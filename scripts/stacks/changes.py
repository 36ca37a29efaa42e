"""What an engine would do or did to a stack."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

DESTRUCTIVE = frozenset({"delete", "replace", "create-replacement", "delete-replaced", "discard-replaced"})
_QUIET = frozenset({"same", "read", "refresh"})


@dataclass(frozen=True)
class Change:
    """One step of the engine: `op` as Pulumi names it (create, update, delete, replace ...), `keys` what differs."""

    op: str
    urn: str
    type: str
    keys: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return self.urn.rpartition("::")[2]


@dataclass(frozen=True)
class Changes:
    """The steps of one preview or update of one stack, or of several passes over it."""

    stack: str
    steps: tuple[Change, ...] = ()

    @property
    def counts(self) -> dict[str, int]:
        """How many steps of each op, `same` included."""
        return dict(sorted(Counter(step.op for step in self.steps).items()))

    @property
    def real(self) -> tuple[Change, ...]:
        """The steps that change anything."""
        return tuple(step for step in self.steps if step.op not in _QUIET)

    @property
    def destructive(self) -> tuple[Change, ...]:
        """The deletes and the replaces."""
        return tuple(step for step in self.steps if step.op in DESTRUCTIVE)

    def then(self, later: Changes) -> Changes:
        """What this pass and a later one did together; what was left as it is counts as the later one found it."""
        return Changes(self.stack, (*self.real, *later.steps))

    def to_json(self) -> dict[str, Any]:
        steps = [{"op": step.op, "urn": step.urn, "type": step.type, "keys": list(step.keys)} for step in self.real]
        return {"stack": self.stack, "counts": self.counts, "steps": steps}


@dataclass
class Watcher:
    """Collects what matters from the events of one engine call."""

    stack: str
    steps: list[Change] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def __call__(self, event: Any) -> None:
        """`event` is a `pulumi.automation.EngineEvent`."""
        if event.resource_pre_event is not None:
            step = event.resource_pre_event.metadata
            detailed = step.detailed_diff if isinstance(step.detailed_diff, Mapping) else {}
            keys = sorted({*(step.diffs or ()), *detailed})
            op = getattr(step.op, "value", step.op)
            self.steps.append(Change(str(op), step.urn, step.type, tuple(keys)))
        elif event.diagnostic_event is not None and event.diagnostic_event.severity == "error":
            self.errors.append(event.diagnostic_event.message)

    def changes(self) -> Changes:
        return Changes(self.stack, tuple(self.steps))

"""Stateful resources that a change would delete or replace, and promotions: what a reviewer must see first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from previews import property_paths
from previews.changes import switched, value_text
from previews.meanings import MEANINGS
from previews.meanings.store_names import store_kind
from previews.meanings.table import Aspect, Better, Meaning, StoreKind
from previews.previewed import Resource, StackPreview, Step
from previews.safety import is_secret, is_unknown, safe_path


@dataclass(frozen=True, slots=True)
class Loss:
    """
    A stateful resource to be deleted or replaced, or already gone from the cloud (`op` is "gone").

    `causes` are the properties that force it, with values where the table knows them safe. `protected`, `retained` and
    `backed_up` are the answers a reviewer asks for; "?" where the preview cannot say.
    """

    stack: str
    urn: str
    type: str
    name: str
    noun: str
    op: str
    causes: tuple[str, ...]
    protected: str
    retained: str
    backed_up: str
    listed: bool
    known: bool = True

    @property
    def destroys(self) -> bool:
        """
        Whether this change makes data go: not when the engine only forgets the resource and leaves it in the cloud,
        and not when it was lost before. Of a type that nobody knows it cannot be said.
        """
        return self.retained != "yes" and self.op != "gone" and self.known


def losses(previews: Iterable[StackPreview]) -> list[Loss]:
    """Every stateful deletion and replacement, those that destroy first, then by stack and name."""
    found = [loss for preview in previews for step in preview.steps for loss in _loss(step)]
    return sorted(
        found, key=lambda loss: (not loss.destroys, not loss.listed, loss.op != "delete", loss.stack, loss.name)
    )


def _loss(step: Step) -> Iterator[Loss]:
    old = step.gone or step.old
    if step.type.startswith("pulumi:") or (old is not None and not old.owned):
        return
    if step.gone is not None:
        op = "gone"
    elif step.op in {"delete", "replace", "delete-replaced"}:
        op = "delete" if step.op == "delete-replaced" else step.op
    else:
        return
    kind = store_kind(step.type)
    if kind is None:
        return
    yield Loss(
        stack=step.stack,
        urn=step.urn,
        type=step.type,
        name=step.name,
        noun=kind.noun + (" with all it contains" if kind.contains else ""),
        op=op,
        causes=tuple(_cause(step, path) for path in step.causes) or _without_cause(step),
        protected=_protected(kind, old),
        retained="?" if old is None else "yes" if old.retain else "no",
        backed_up=_backed_up(kind, old),
        listed=kind.listed,
        known=kind.known,
    )


def _without_cause(step: Step) -> tuple[str, ...]:
    if step.gone is not None:
        if not step.outside:
            return ("deleted by an earlier update that broke off; will be made new and empty",)
        after = "; will be made new and empty" if step.new is not None else ""
        return (f"gone in the cloud already{after}",)
    if step.op == "delete":
        return ("no longer in the program",)
    if step.op == "delete-replaced":
        return ("left over from an earlier replacement",)
    return ("asked for, or its parent or provider is replaced",)


def _cause(step: Step, path: str) -> str:
    """The property that forces the replacement, with both values where the table says what it is."""
    shown = safe_path(path)
    if step.old is None or step.new is None or step.old.inputs is None or step.new.inputs is None:
        return shown
    meaning = next((row for row in MEANINGS.get(step.type, ()) if row.path == path), None)
    if meaning is None and path in {"region", "location", "engine", "availabilityZone", "storageEncrypted"}:
        meaning = Meaning(step.type, path, path, Aspect.GEO, Better.JUDGE)
    if meaning is None:
        return shown
    before, after = (
        value_text(property_paths.value_at(side, path), meaning) for side in (step.old.inputs, step.new.inputs)
    )
    return f"{shown}: {before} → {after}"


def _protected(kind: StoreKind, old: Resource | None) -> str:
    if old is None:
        return "?"
    words = ["by the engine"] if old.protect else []
    if kind.protection:
        value = _or_default(kind, kind.protection, old)
        if is_secret(value) or is_unknown(value):
            words.append("?")
        elif switched(value) or str(value).rpartition("_")[2] in {"ENABLED", "PROTECTED"}:
            words.append("by the cloud")
    return ", ".join(words) or "no"


def _or_default(kind: StoreKind, path: str, old: Resource) -> Any:
    value = property_paths.value_at(old.inputs or {}, path)
    row = next((row for row in MEANINGS.get(kind.type, ()) if row.path == path), None)
    return row.default if value is None and row is not None else value


def _backed_up(kind: StoreKind, old: Resource | None) -> str:
    if old is None or not kind.backup:
        return "?"
    value = property_paths.value_at(old.inputs or {}, kind.backup)
    meaning = next((row for row in MEANINGS.get(kind.type, ()) if row.path == kind.backup), None)
    if meaning is None:
        return "?"
    value = meaning.default if value is None else value
    if value is None:
        return "?"
    if value in (0, False, "0", "false") or str(value).lower().endswith("disabled"):
        return "no"
    return value_text(value, meaning)

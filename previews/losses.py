"""Stateful resources that a change would delete or replace, and promotions: what a reviewer must see first."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from previews import property_paths
from previews.changes import switched, value_text
from previews.meanings import MEANINGS, STORES
from previews.meanings.table import Aspect, Better, Meaning, StoreKind
from previews.previewed import Resource, StackPreview, Step
from previews.safety import is_secret, is_unknown, safe_path

# Types that the table does not list but whose name says that they hold data.
_LIKELY = re.compile(
    r"(?:database|dbinstance|dbcluster|bucket|volume|disk|filesystem|fileshare|vault|keyring|cryptokey|queue|topic|"
    r"registry|namespace|storageaccount|backup)$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Loss:
    """
    A stateful resource to be deleted or replaced.

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

    @property
    def destroys(self) -> bool:
        """Whether data would really go: not when the engine only forgets the resource and leaves it in the cloud."""
        return self.retained != "yes"


def losses(previews: Iterable[StackPreview]) -> list[Loss]:
    """Every stateful deletion and replacement, those that destroy first, then by stack and name."""
    found = [loss for preview in previews for step in preview.steps for loss in _loss(step)]
    return sorted(
        found, key=lambda loss: (not loss.destroys, not loss.listed, loss.op != "delete", loss.stack, loss.name)
    )


def _loss(step: Step) -> Iterator[Loss]:
    if step.op not in {"delete", "replace", "delete-replaced"} or step.type.startswith("pulumi:"):
        return
    kind = STORES.get(step.type)
    if kind is None:
        leaf = step.type.rpartition(":")[2]
        if not _LIKELY.search(leaf):
            return
        kind = StoreKind(step.type, f"{leaf} (by its name)")
    op = "delete" if step.op == "delete-replaced" else step.op
    old = step.old
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
        listed=step.type in STORES,
    )


def _without_cause(step: Step) -> tuple[str, ...]:
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
        value = property_paths.value_at(old.inputs or {}, kind.protection)
        if is_secret(value) or is_unknown(value):
            words.append("?")
        elif switched(value):
            words.append("by the cloud")
    return ", ".join(words) or "no"


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
    if value in (0, False, "0", "false", "Disabled"):
        return "no"
    return value_text(value, meaning)

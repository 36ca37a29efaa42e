"""Edits of a state at rest: renaming a stack or a resource, and leaving resources out."""

import re
from collections.abc import Callable, Iterable
from typing import Any

from sandbox.engine import urns
from sandbox.engine.errors import EngineError
from sandbox.engine.state import Snapshot, State
from sandbox.engine.values import OUTPUT_SIG, RESOURCE_SIG, SECRET_SIG, SIG

Json = Any
Warn = Callable[[State], None]
HINT = (
    "To list the resource URNs in the stack, run `pulumi stack --show-urns`; "
    "to inspect the full state, run `pulumi stack export`."
)
_URN = re.compile(r"urn:pulumi:[^:]+::[^:]+::[^:].*::.+", re.DOTALL)
_REFERENCES = ("parent", "deletedWith", "viewOf")
_LISTS = ("dependencies", "replaceWith", "aliases")


# -- the name of a stack -----------------------------------------------------------------------------------------------
def rename_stack(latest: dict[str, Json], project: str, old: str, new: str) -> None:
    """
    Rename a stack in its deployment, in place: in URNs and references, never in a text that only looks like one.

    URNs of other stacks and projects stay, and so does what is sealed.
    """

    def renamed(urn: str) -> str:
        if not urn.startswith(f"urn:pulumi:{old}::{project}::"):
            return urn
        parts = urns.parse(urn)
        name = f"{project}-{new}" if parts.qualified == urns.STACK_TYPE else parts.name
        return f"urn:pulumi:{new}::{project}::{parts.qualified}::{name}"

    for resource in latest.get("resources") or []:
        _rename_in(resource, renamed)
    for pending in latest.get("pending_operations") or []:
        _rename_in(pending["resource"], renamed)


def _rename_in(resource: dict[str, Json], renamed: Callable[[str], str]) -> None:
    resource["urn"] = renamed(resource["urn"])
    for key in _REFERENCES:
        if resource.get(key):
            resource[key] = renamed(resource[key])
    for key in _LISTS:
        if resource.get(key):
            resource[key] = [renamed(urn) for urn in resource[key]]
    for key, needed in (resource.get("propertyDependencies") or {}).items():
        resource["propertyDependencies"][key] = [renamed(urn) for urn in needed or []]
    if resource.get("provider"):
        reference = urns.parse_ref(resource["provider"])
        resource["provider"] = f"{renamed(reference.urn)}::{reference.id}"
    for key in ("inputs", "outputs", "replacementTrigger"):
        if resource.get(key) is not None:
            resource[key] = _renamed_value(resource[key], renamed)


def _renamed_value(value: Json, renamed: Callable[[str], str]) -> Json:
    if isinstance(value, list):
        return [_renamed_value(item, renamed) for item in value]
    if not isinstance(value, dict):
        return value
    sig = value.get(SIG)
    if sig == RESOURCE_SIG:
        return {**value, "urn": renamed(value["urn"])}
    if sig == OUTPUT_SIG:
        return {
            **value,
            "value": _renamed_value(value.get("value"), renamed),
            "dependencies": [renamed(urn) for urn in value.get("dependencies") or []],
        }
    if sig == SECRET_SIG:
        return value
    return {key: _renamed_value(item, renamed) for key, item in value.items()}


# -- finding a resource ------------------------------------------------------------------------------------------------
def find(snapshot: Snapshot, urn: str) -> State:
    """The only resource with a URN. Raises EngineError when there is none, or more than one."""
    if not _URN.fullmatch(urn):
        message = f'"{urn}" is not a valid resource URN\n{HINT}'
        raise EngineError(message)
    found = [state for state in snapshot.resources if state.urn == urn]
    if not found:
        raise not_found((state.urn for state in snapshot.resources), urn)
    if len(found) > 1:
        listed = "".join(f"  {state.id}\n" for state in found)
        message = f"Resource URN ambiguously referred to multiple resources. Did you mean:\n{listed}"
        raise EngineError(message)
    return found[0]


def not_found(candidates: Iterable[str], urn: str) -> EngineError:
    """The error for a URN that is none of the candidates; those that are spelled alike are offered."""
    text = f'No such resource "{urn}" exists in the current state\n'
    farthest = max(2, len(urn) // 4)
    ranked = sorted((_distance(urn.lower(), c.lower()), place, c) for place, c in enumerate(dict.fromkeys(candidates)))
    alike = [candidate for distance, _, candidate in ranked if distance <= farthest][:3]
    if alike:
        text += "Did you mean:\n" + "".join(f"  {candidate}\n" for candidate in alike)
    return EngineError(text + HINT)


def _distance(one: str, other: str) -> int:
    """How many characters have to be inserted, deleted or changed to make one text of the other."""
    row = list(range(len(other) + 1))
    for line, left in enumerate(one, 1):
        before, row[0] = row[0], line
        for column, right in enumerate(other, 1):
            before, row[column] = row[column], min(row[column] + 1, row[column - 1] + 1, before + (left != right))
    return row[-1]


# -- the name of a resource --------------------------------------------------------------------------------------------
def rename_resource(snapshot: Snapshot, old: str, new: str) -> None:
    """Give a resource another URN, and its children those that follow from it. Raises EngineError."""
    found = [state for state in snapshot.resources if state.urn == old]
    if not found:
        raise not_found((state.urn for state in snapshot.resources), old)
    if len(found) > 1:
        message = "The input URN ambiguously refers to multiple resources"
        raise EngineError(message)
    if old == new:
        return
    if any(state.urn == new for state in snapshot.resources):
        message = "The chosen new urn for the state corresponds to an already existing resource"
        raise EngineError(message)
    found[0].urn = new

    def renamed(urn: str) -> str:
        return new if urn == old else urn

    children = []
    for state in snapshot.resources:
        if state.parent == old:
            state.parent = new
            children.append(state.urn)
        state.dependencies = [renamed(urn) for urn in state.dependencies]
        state.property_dependencies = {
            key: [renamed(urn) for urn in needed] for key, needed in state.property_dependencies.items() if needed
        }
        state.deleted_with = renamed(state.deleted_with)
        state.replace_with = [renamed(urn) for urn in state.replace_with]
        if state.provider_urn == old:
            state.provider = f"{new}::{urns.parse_ref(state.provider).id}"
    for child in children:
        parts = urns.parse(child)
        follows = urns.make(parts.stack, parts.project, urns.parse(new).qualified, parts.type, parts.name)
        rename_resource(snapshot, child, follows)


# -- leaving resources out ---------------------------------------------------------------------------------------------
def only_depending_on(snapshot: Snapshot, root: State) -> list[State]:
    """What needs exactly this resource, directly or not, and no other one of the same URN; in the state's order."""
    position = next(place for place, state in enumerate(snapshot.resources) if state is root)
    needed: dict[str, set[str]] = {root.urn: {root.id}}
    others = {state.urn for state in snapshot.resources[:position]}
    found = []
    for state in snapshot.resources[position + 1 :]:
        if (state.urn, state.id) != (root.urn, root.id) and _needs(state, needed, others):
            found.append(state)
            needed.setdefault(state.urn, set()).add(state.id)
        else:
            others.add(state.urn)
    return found


def _needs(state: State, needed: dict[str, set[str]], others: set[str]) -> bool:
    if any(urn in needed and urn not in others for urn in state.all_dependencies()):
        return True
    if not state.provider:
        return False
    reference = urns.parse_ref(state.provider)
    return reference.id in needed.get(reference.urn, set())


def delete(snapshot: Snapshot, state: State, on_protected: Warn | None, *, dependents: bool) -> None:
    """
    Leave a resource out of the state, and with `dependents` what needs it. Raises EngineError for what is protected,
    unless `on_protected` is given: it is told, and the resource goes all the same.
    """
    _unprotect(state, on_protected)
    needing = only_depending_on(snapshot, state)
    if needing and not dependents:
        listed = "".join(f" * {_quoted(s.name):<15} ({s.urn})\n" for s in needing)
        message = (
            f"{state.urn} can't be safely deleted because the following resources depend on it:\n{listed}"
            "\nDelete those resources first or pass --target-dependents."
        )
        raise EngineError(message)
    for one in needing:
        _unprotect(one, on_protected)
    gone = {id(s) for s in (state, *needing)}
    snapshot.resources = [s for s in snapshot.resources if id(s) not in gone]


def _quoted(name: str) -> str:
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _unprotect(state: State, on_protected: Warn | None) -> None:
    if not state.protect:
        return
    if on_protected is None:
        message = (
            f"{state.urn} can't be safely deleted because it is protected. Re-run this command with --force to force "
            "deletion"
        )
        raise EngineError(message)
    on_protected(state)
    state.protect = False

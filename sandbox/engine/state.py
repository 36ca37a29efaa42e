"""Resources as the engine keeps them, and their form in a checkpoint (deployment version 3)."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from sandbox.engine import gojson, paths, urns
from sandbox.engine.gojson import number
from sandbox.engine.urns import UNKNOWN_ID
from sandbox.engine.values import (
    ARCHIVE_SIG,
    ASSET_SIG,
    BYTES_SIG,
    OUTPUT_SIG,
    RESOURCE_SIG,
    SECRET_SIG,
    SIG,
    UNKNOWN,
    Asset,
    Map,
    Output,
    ResourceRef,
    Secret,
    Unknown,
    Value,
    unsealed,
)

Json = Any
Seal = Callable[[Secret], str]
Unseal = Callable[[str], str]


@dataclass(slots=True, eq=False)
class State:
    """One resource. Two states of one URN may exist: the one that lives and one that waits for its deletion."""

    urn: str
    type: str
    custom: bool
    id: str = ""
    delete: bool = False
    inputs: Map = field(default_factory=dict)
    outputs: Map = field(default_factory=dict)
    parent: str = ""
    protect: bool = False
    external: bool = False
    dependencies: list[str] = field(default_factory=list)
    init_errors: list[str] = field(default_factory=list)
    provider: str = ""
    property_dependencies: dict[str, list[str]] = field(default_factory=dict)
    pending_replacement: bool = False
    additional_secret_outputs: list[str] = field(default_factory=list)
    custom_timeouts: dict[str, float] = field(default_factory=dict)
    import_id: str = ""
    retain_on_delete: bool = False
    deleted_with: str = ""
    replace_with: list[str] = field(default_factory=list)
    created: str = ""
    modified: str = ""
    source_position: str = ""
    stack_trace: list[str] = field(default_factory=list)
    ignore_changes: list[str] = field(default_factory=list)
    hide_diff: list[str] = field(default_factory=list)
    replace_on_changes: list[str] = field(default_factory=list)
    replacement_trigger: Value = None
    refresh_before_update: bool = False
    hooks: dict[str, list[str]] = field(default_factory=dict)
    taint: bool = False
    aliases: list[str] = field(default_factory=list)
    extra: dict[str, Any] = field(default_factory=dict)
    former_urn: str = ""  # the URN that it had before this run, where an alias found it; previews show it
    encoded: str | None = None  # the JSON in the checkpoint, while nothing has changed

    def copy(self, **changes: Any) -> "State":
        return replace(self, encoded=None, **changes)

    @property
    def name(self) -> str:
        return urns.name_of(self.urn)

    @property
    def is_provider(self) -> bool:
        return urns.is_provider_type(self.type)

    def all_dependencies(self, *, parent: bool = True) -> Iterator[str]:
        """Each URN that this resource needs in the state, the provider's not among them."""
        if parent and self.parent:
            yield self.parent
        yield from self.dependencies
        for deps in self.property_dependencies.values():
            yield from deps
        if self.deleted_with:
            yield self.deleted_with
        yield from self.replace_with

    @property
    def provider_urn(self) -> str:
        return urns.parse_ref(self.provider).urn if self.provider else ""


def now() -> str:
    """The time as checkpoints write it, in UTC."""
    return datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


# -- values in JSON ----------------------------------------------------------------------------------------------------
def to_json(value: Value, seal: Seal) -> Json:
    """A value as a checkpoint holds it; `seal` gives the ciphertext of a secret."""
    kind = type(value)
    if kind is dict:
        return {k: to_json(value[k], seal) for k in sorted(value)}
    if kind is list:
        return [to_json(v, seal) for v in value]
    if kind is Secret:
        return {SIG: SECRET_SIG, "ciphertext": seal(value)}
    if kind is Unknown:
        return UNKNOWN_ID
    if kind is Output:
        inner = value.value if value.known else UNKNOWN
        return to_json(Secret(inner) if value.secret else inner, seal)
    if kind is Asset:
        return asset_json(value)
    if kind is ResourceRef:
        found = {SIG: RESOURCE_SIG, "urn": value.urn, "packageVersion": value.version}
        if value.id is not None:
            found["id"] = "" if type(value.id) is Unknown else value.id
        return found
    return value


def asset_json(asset: Asset) -> Json:
    fields = {k: v for k, v in asset.fields.items() if v != "" or k == "text"}
    if "assets" in fields:
        fields["assets"] = {k: asset_json(v) for k, v in sorted(fields["assets"].items())}
    return {SIG: asset.sig, **fields}


def secret_text(value: Value) -> str:
    """
    The plaintext that is sealed for a secret: the JSON of its value. A secret inside it keeps its mark, with its own
    plaintext where a ciphertext stands elsewhere, because it is sealed with the whole.
    """
    return gojson.compact(to_json(value, lambda inner: secret_text(inner.value)))


def _as_it_stands(text: str) -> str:
    return text


def from_json(value: Json, unseal: Unseal) -> Value:
    """A value out of a checkpoint. Raises ValueError when it is malformed, and what `unseal` raises."""
    if isinstance(value, list):
        return [from_json(v, unseal) for v in value]
    if not isinstance(value, dict):
        if isinstance(value, str):
            return UNKNOWN if value == UNKNOWN_ID else value
        return number(value) if type(value) in (int, float) else value
    sig = value.get(SIG)
    if sig is None:
        return {k: from_json(v, unseal) for k, v in value.items()}
    if sig == SECRET_SIG:
        if "plaintext" in value:
            return Secret(from_json(json.loads(value["plaintext"]), unseal))
        sealed = str(value["ciphertext"])
        return Secret(unsealed(from_json(json.loads(unseal(sealed)), _as_it_stands)), sealed)
    if sig in (ASSET_SIG, ARCHIVE_SIG):
        fields = {k: v for k, v in value.items() if k != SIG}
        if "assets" in fields:
            fields["assets"] = {k: from_json(v, unseal) for k, v in fields["assets"].items()}
        return Asset(sig, fields)
    if sig == RESOURCE_SIG:
        ident = value.get("id")
        return ResourceRef(str(value["urn"]), UNKNOWN if ident == "" else ident, str(value.get("packageVersion", "")))
    if sig in (OUTPUT_SIG, BYTES_SIG):
        message = f"value with signature {sig!r} in a checkpoint"
        raise ValueError(message)
    message = f"unrecognized signature {sig!r} in a checkpoint"
    raise ValueError(message)


# -- resources in JSON -------------------------------------------------------------------------------------------------
# attribute, key; in the order of the checkpoint. What is empty is left out.
_PLAIN = (
    ("parent", "parent"),
    ("protect", "protect"),
    ("taint", "taint"),
    ("external", "external"),
    ("dependencies", "dependencies"),
    ("init_errors", "initErrors"),
    ("provider", "provider"),
    ("property_dependencies", "propertyDependencies"),
    ("pending_replacement", "pendingReplacement"),
    ("additional_secret_outputs", "additionalSecretOutputs"),
    ("aliases", "aliases"),
    ("custom_timeouts", "customTimeouts"),
    ("import_id", "importID"),
    ("retain_on_delete", "retainOnDelete"),
    ("deleted_with", "deletedWith"),
    ("replace_with", "replaceWith"),
    ("created", "created"),
    ("modified", "modified"),
    ("source_position", "sourcePosition"),
    ("stack_trace", "stackTrace"),
    ("ignore_changes", "ignoreChanges"),
    ("hide_diff", "hideDiff"),
    ("replace_on_changes", "replaceOnChanges"),
    ("refresh_before_update", "refreshBeforeUpdate"),
    ("hooks", "resourceHooks"),
)
_KEYS = {"urn", "custom", "delete", "id", "type", "inputs", "outputs", "replacementTrigger", *(k for _, k in _PLAIN)}


def resource_json(state: State, seal: Seal) -> dict[str, Json]:
    found: dict[str, Json] = {"urn": state.urn, "custom": state.custom}
    if state.delete:
        found["delete"] = True
    if state.id:
        found["id"] = state.id
    found["type"] = state.type
    if state.inputs:
        found["inputs"] = to_json(state.inputs, seal)
    if state.outputs:
        found["outputs"] = to_json(state.outputs, seal)
    for attribute, key in _PLAIN:
        value = getattr(state, attribute)
        if value:
            found[key] = [{"sourcePosition": v} if v else {} for v in value] if key == "stackTrace" else value
    if state.replacement_trigger is not None:
        found["replacementTrigger"] = to_json(state.replacement_trigger, seal)
    found.update(state.extra)
    return found


def resource_from_json(data: dict[str, Json], unseal: Unseal) -> State:
    """A resource out of a checkpoint. Fields this engine does not know are kept as they are."""
    state = State(urn=data["urn"], type=data["type"], custom=bool(data["custom"]), id=data.get("id", ""))
    state.delete = bool(data.get("delete"))
    state.inputs = from_json(data.get("inputs") or {}, unseal)
    state.outputs = from_json(data.get("outputs") or {}, unseal)
    for attribute, key in _PLAIN:
        if data.get(key):
            value = data[key]
            if key == "stackTrace":
                value = [v.get("sourcePosition", "") for v in value]
            setattr(state, attribute, value)
    state.property_dependencies = {k: v or [] for k, v in state.property_dependencies.items()}
    state.replacement_trigger = from_json(data.get("replacementTrigger"), unseal)
    state.extra = {k: v for k, v in data.items() if k not in _KEYS}
    return state


@dataclass(slots=True)
class Operation:
    """An operation that had begun when the state was written: `creating`, `updating`, `deleting`, `reading` ..."""

    resource: State
    type: str


@dataclass(slots=True)
class Snapshot:
    """The state of a stack."""

    resources: list[State] = field(default_factory=list)
    pending: list[Operation] = field(default_factory=list)
    metadata: dict[str, Json] = field(default_factory=dict)
    secrets_provider: dict[str, Json] | None = None
    extra: dict[str, Json] = field(default_factory=dict)


def snapshot_from_json(latest: dict[str, Json] | None, unseal: Unseal) -> Snapshot:
    latest = latest or {}
    known = ("manifest", "secrets_providers", "resources", "pending_operations", "metadata")
    return Snapshot(
        resources=[resource_from_json(r, unseal) for r in latest.get("resources") or []],
        pending=[
            Operation(resource_from_json(o["resource"], unseal), o["type"])
            for o in latest.get("pending_operations") or []
        ],
        metadata=latest.get("metadata") or {},
        secrets_provider=latest.get("secrets_providers"),
        extra={k: v for k, v in latest.items() if k not in known},
    )


def hidden_paths(given: list[str]) -> list[str]:
    """Paths of hideDiffs in their one written form. Raises ValueError with the place of one that is none."""
    found = []
    for place, text in enumerate(given):
        try:
            found.append(paths.format_path(paths.parse(text)))
        except ValueError as error:
            message = f"{place}: {error}"
            raise ValueError(message) from error
    return found

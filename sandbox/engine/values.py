"""Property values inside the engine: plain Python plus a few classes for what JSON has no word for.

A property map is a dict. Whole numbers are kept as int (the protocol knows doubles only); everything else is itself.
"""

from dataclasses import dataclass, field
from typing import Any

from model import pulumi_marks

SIG, SECRET_SIG, RESOURCE_SIG = pulumi_marks.SIGNATURE, pulumi_marks.SECRET, pulumi_marks.RESOURCE
ASSET_SIG = "c44067f5952c0a294b673a41bacd8c17"
ARCHIVE_SIG = "0def7320c3a5731c473e5ecbe6d01bc7"
OUTPUT_SIG = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
BYTES_SIG = "803fd3297a5875dc03ca845dda5d2a98"

Value = Any
Map = dict[str, Value]


class Unknown:
    """A value that is not known before the update."""

    _only: "Unknown | None" = None

    def __new__(cls) -> "Unknown":
        if cls._only is None:
            cls._only = super().__new__(cls)
        return cls._only

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN = Unknown()


@dataclass(slots=True, eq=False)
class Secret:
    """A secret value; `sealed` is its ciphertext when it came out of the state, kept while the value is unchanged."""

    value: Value
    sealed: str | None = None

    def __repr__(self) -> str:
        return "Secret(...)"


@dataclass(slots=True, eq=False)
class Output:
    """A value with what it depends on, as the program sends it."""

    value: Value = None
    known: bool = True
    secret: bool = False
    dependencies: tuple[str, ...] = ()


@dataclass(slots=True, eq=False)
class ResourceRef:
    """A resource used as a value. `id` is None for a component, UNKNOWN before the resource is made."""

    urn: str
    id: Value = None
    version: str = ""


@dataclass(slots=True, eq=False)
class Asset:
    """An asset or an archive: its serialised fields without the signature (`hash`, `text`, `path`, `uri`, `assets`)."""

    sig: str
    fields: dict[str, Any] = field(default_factory=dict)

    @property
    def hash(self) -> str:
        return str(self.fields.get("hash", ""))


def same(a: Value, b: Value) -> bool:
    """Deep equality; true is not 1, a secret equals a secret only, assets are equal by hash."""
    if a is b:
        return True
    kind = type(a)
    if kind is bool or type(b) is bool:
        return kind is type(b) and bool(a == b)
    if kind in (int, float) and type(b) in (int, float):
        return bool(a == b)
    if kind is not type(b):
        return False
    if kind is dict:
        return len(a) == len(b) and all(k in b and same(v, b[k]) for k, v in a.items())
    if kind is list:
        return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b, strict=True))
    if kind is Secret:
        return same(a.value, b.value)
    if kind is Asset:
        return bool(a.sig == b.sig and (a.hash == b.hash if a.hash and b.hash else a.fields == b.fields))
    if kind is ResourceRef:
        return bool(a.urn == b.urn) and same(a.id, b.id)
    if kind is Output:
        return bool(a.known == b.known and a.secret == b.secret) and same(a.value, b.value)
    return bool(a == b)


def has_unknowns(value: Value) -> bool:
    kind = type(value)
    if kind is dict:
        return any(has_unknowns(v) for v in value.values())
    if kind is list:
        return any(has_unknowns(v) for v in value)
    if kind is Secret:
        return has_unknowns(value.value)
    if kind is Output:
        return not value.known or has_unknowns(value.value)
    return kind is Unknown


def has_secrets(value: Value) -> bool:
    kind = type(value)
    if kind is dict:
        return any(has_secrets(v) for v in value.values())
    if kind is list:
        return any(has_secrets(v) for v in value)
    if kind is Output:
        return bool(value.secret) or has_secrets(value.value)
    return kind is Secret


def plain(value: Value) -> Value:
    """The value without secret and output wrappers, at every depth."""
    kind = type(value)
    if kind is Secret:
        return plain(value.value)
    if kind is Output:
        return plain(value.value) if value.known else UNKNOWN
    if kind is dict:
        return {k: plain(v) for k, v in value.items()}
    if kind is list:
        return [plain(v) for v in value]
    return value


def lower_outputs(value: Value) -> Value:
    """Outputs become plain, secret or unknown values: what the state and the providers are given."""
    kind = type(value)
    if kind is Output:
        inner = lower_outputs(value.value) if value.known else UNKNOWN
        return Secret(inner) if value.secret and type(inner) is not Secret else inner
    if kind is Secret:
        return Secret(lower_outputs(value.value), value.sealed)
    if kind is dict:
        return {k: lower_outputs(v) for k, v in value.items()}
    if kind is list:
        return [lower_outputs(v) for v in value]
    if kind is ResourceRef:
        return ResourceRef(value.urn, lower_outputs(value.id), value.version)
    return value


def dependencies_of(value: Value, found: dict[str, None]) -> None:
    """Collect the URNs that outputs inside the value depend on, in order of first sight."""
    kind = type(value)
    if kind is Output:
        if value.known:
            dependencies_of(value.value, found)
        found.update(dict.fromkeys(value.dependencies))
    elif kind is Secret:
        dependencies_of(value.value, found)
    elif kind is dict:
        for v in value.values():
            dependencies_of(v, found)
    elif kind is list:
        for v in value:
            dependencies_of(v, found)
    elif kind is ResourceRef:
        dependencies_of(value.id, found)


def copy(value: Value) -> Value:
    """A copy whose maps and lists may be changed."""
    kind = type(value)
    if kind is dict:
        return {k: copy(v) for k, v in value.items()}
    if kind is list:
        return [copy(v) for v in value]
    if kind is Secret:
        return Secret(copy(value.value), value.sealed)
    return value


def unsealed(value: Value) -> Value:
    """The value without the ciphertexts of its secrets, so that whoever keeps it seals them with a key of its own."""
    kind = type(value)
    if kind is Secret:
        return Secret(unsealed(value.value))
    if kind is dict:
        return {k: unsealed(v) for k, v in value.items()}
    if kind is list:
        return [unsealed(v) for v in value]
    return value


def mark_secrets(outs: Map | None, ins: Map | None) -> None:
    """Make secret in `outs` what is secret in `ins` under the same key: for providers that accept no secrets."""
    if not outs or not ins:
        return
    for key, given in ins.items():
        if key not in outs:
            continue
        got = outs[key]
        if type(got) is dict and type(given) is dict:
            mark_secrets(got, given)
        elif type(got) is not Secret and has_secrets(given):
            outs[key] = Secret(got)

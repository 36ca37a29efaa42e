"""Pulumi's wire values as plain Python, and back. Secrets are remembered by top-level property."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from google.protobuf import json_format, struct_pb2

from model import pulumi_marks
from model.pulumi_marks import RESOURCE as _RESOURCE
from model.pulumi_marks import SECRET as _SECRET
from model.pulumi_marks import SIGNATURE as _SIGNATURE

UNKNOWN = pulumi_marks.UNKNOWN
"""What the engine sends for a value that is not known yet, whatever its type."""

Properties = dict[str, Any]


def plain(value: Any) -> Any:
    """A Struct or Value as Python: whole numbers as int, secrets unwrapped, a resource as its id."""
    if isinstance(value, struct_pb2.Struct):
        signature = value.fields[_SIGNATURE].string_value if _SIGNATURE in value.fields else None
        if signature == _SECRET:
            return plain(value.fields["value"])
        if signature == _RESOURCE:
            return plain(value.fields["id"])
        return {key: plain(item) for key, item in value.fields.items()}
    kind = value.WhichOneof("kind")
    if kind == "struct_value":
        return plain(value.struct_value)
    if kind == "list_value":
        return [plain(item) for item in value.list_value.values]
    if kind == "number_value":
        number = value.number_value
        return int(number) if number == int(number) else number
    return getattr(value, kind) if kind in {"string_value", "bool_value"} else None


def secret_properties(struct: struct_pb2.Struct) -> set[str]:
    """The top-level properties that hold a secret, at any depth."""
    return {key for key, value in struct.fields.items() if _holds_secret(value)}


def _holds_secret(value: struct_pb2.Value) -> bool:
    kind = value.WhichOneof("kind")
    if kind == "struct_value":
        fields = value.struct_value.fields
        if _SIGNATURE in fields and fields[_SIGNATURE].string_value == _SECRET:
            return True
        return any(_holds_secret(item) for item in fields.values())
    return kind == "list_value" and any(_holds_secret(item) for item in value.list_value.values)


def struct(properties: Mapping[str, Any], secrets: Collection[str] = ()) -> struct_pb2.Struct:
    """Python as a Struct; the properties in `secrets` are wrapped as secrets."""
    wrapped = {
        key: {_SIGNATURE: _SECRET, "value": value} if key in secrets and value is not None else value
        for key, value in properties.items()
    }
    return json_format.ParseDict(wrapped, struct_pb2.Struct())


def has_unknown(value: Any) -> bool:
    if isinstance(value, dict):
        return any(has_unknown(item) for item in value.values())
    if isinstance(value, list):
        return any(has_unknown(item) for item in value)
    return isinstance(value, str) and value == UNKNOWN


def differences(old: Any, new: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """(path, "ADD" | "DELETE" | "UPDATE") for each difference, paths as the engine writes them."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in sorted(set(old) | set(new)):
            inner = _join(path, key)
            if key not in old or old[key] is None:
                if key in new and new[key] is not None:
                    yield inner, "ADD"
            elif key not in new or new[key] is None:
                yield inner, "DELETE"
            else:
                yield from differences(old[key], new[key], inner)
        return
    if isinstance(old, list) and isinstance(new, list):
        for index in range(max(len(old), len(new))):
            inner = f"{path}[{index}]"
            if index >= len(old):
                yield inner, "ADD"
            elif index >= len(new):
                yield inner, "DELETE"
            else:
                yield from differences(old[index], new[index], inner)
        return
    if old != new or isinstance(old, bool) != isinstance(new, bool):
        yield path, "UPDATE"


def _join(path: str, key: str) -> str:
    if not key.replace("_", "").replace("$", "").isalnum():
        return f'{path}["{key}"]'
    return f"{path}.{key}" if path else key


def project(shape: Any, real: Any) -> Any:
    """
    The part of `real` that `shape` speaks of: what a program that declared `shape` would have to declare for `real`.

    Keys that only the cloud knows are left out; keys that are gone stay out.
    """
    if isinstance(shape, dict) and isinstance(real, dict):
        return {key: project(shape[key], real[key]) for key in shape if key in real}
    if isinstance(shape, list) and isinstance(real, list) and len(shape) == len(real):
        return [project(s, r) for s, r in zip(shape, real, strict=True)]
    return real

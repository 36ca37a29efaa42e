"""Mending the inputs of a resource that breaks a rule, where the rule says how."""

from __future__ import annotations

from typing import Any

from google.protobuf import struct_pb2

from .context import Stack
from .evaluate import Settings, run
from .model import Rule
from .values import SIGNATURE
from .wire import plain, resource_from


def remedied(rule: Rule, request: Any, properties: Any, settings: Settings) -> Any | None:
    """The inputs with the rule's fix applied; None when nothing is broken or the fix does not fit.

    The engine replaces all inputs by what comes back, so everything else is handed back as it came: secrets stay
    secrets, unknown values stay unknown.
    """
    resource = resource_from(request)
    if rule.fixes and resource.type not in rule.fixes:
        return None
    resource.read = lambda: plain(properties)
    if not any(finding.kind == "broken" for finding in run(rule, resource, settings, Stack())):
        return None
    thresholds = settings.context(rule, Stack()).thresholds
    changed = struct_pb2.Struct()
    changed.CopyFrom(properties)
    for path, value in rule.fix.items():
        wanted = thresholds[value[1:]] if isinstance(value, str) and value.startswith("$") else value
        if not _set(changed, path.split("."), wanted):
            return None
    return changed


def _set(struct: Any, keys: list[str], value: Any) -> bool:
    """Sets a nested field; False when something on the way is not a plain object (secret, unknown, a list)."""
    for key in keys[:-1]:
        if key in struct.fields and struct.fields[key].WhichOneof("kind") not in ("struct_value", "null_value"):
            return False
        struct = struct.fields[key].struct_value
        if SIGNATURE in struct.fields:
            return False
    struct.update({keys[-1]: value})
    return True

"""Whom a resource policy of AWS lets in, by AWS's own meaning of "public".

A statement is public when it allows everybody, or everybody but some, and no condition pins the caller to fixed
organizations, accounts, networks or resources (Amazon S3 User Guide, "The meaning of public").
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from .values import Node

# Keys whose fixed values make a caller known.
_PINNING = {
    "aws:principalorgid",
    "aws:principalorgpaths",
    "aws:principalaccount",
    "aws:principalarn",
    "aws:sourcearn",
    "aws:sourceaccount",
    "aws:sourceorgid",
    "aws:sourceorgpaths",
    "aws:sourceowner",
    "aws:sourceip",
    "aws:vpcsourceip",
    "aws:sourcevpc",
    "aws:sourcevpce",
    "aws:userid",
    "aws:username",
    "s3:dataaccesspointaccount",
    "s3:dataaccesspointarn",
    "kms:calleraccount",
}
_POSITIVE = {
    "stringequals",
    "stringequalsignorecase",
    "stringlike",
    "arnequals",
    "arnlike",
    "ipaddress",
}
_EVERYWHERE = {"0.0.0.0/0", "::/0", "0.0.0.0/1", "128.0.0.0/1"}


def document(raw: Any) -> Node | None:
    """A policy as a node, from its JSON text or from an object; None when it cannot be read."""
    if isinstance(raw, str):
        try:
            raw = json.loads(raw)
        except (ValueError, RecursionError):
            return None
    return Node(raw) if isinstance(raw, Mapping) else None


def public_resources(policy: Node) -> Iterator[str]:
    """What a policy lets everybody do something with. One that cannot be read opens everything (`*`).

    Raises Unknown when the policy is not known.
    """
    found = document(policy.raw)
    if found is None or not found["Statement"].present():
        yield "*"
        return
    for statement in found["Statement"].items():
        if is_public(statement):
            if statement["NotResource"].present():
                yield "*"
            resources = statement["Resource"].raw
            for resource in resources if isinstance(resources, list) else [resources] if resources else []:
                yield resource if isinstance(resource, str) else "*"
            if not statement["Resource"].present() and not statement["NotResource"].present():
                yield "*"


def is_public(statement: Node) -> bool:
    """Whether a statement allows everybody. Raises Unknown."""
    if (statement["Effect"].text() or "").lower() != "allow":
        return False
    everybody = statement["NotPrincipal"].present() or _everybody(statement["Principal"])
    return everybody and not _pinned(statement["Condition"])


def _everybody(principal: Node) -> bool:
    if principal.raw == "*":
        return True
    for kind in ("AWS", "*"):
        named = principal.key(kind)
        if named.raw == "*" or any(entry.raw == "*" for entry in named.items()):
            return True
    return isinstance(principal.raw, list) and "*" in principal.raw


def _pinned(condition: Node) -> bool:
    """Whether some condition holds only for callers that are known: its values are fixed, and absent keys fail it."""
    for operator in condition.names():
        name = operator.lower()
        if name.startswith("forallvalues:") or name.endswith("ifexists"):
            continue  # these hold where the key is absent
        if name.removeprefix("foranyvalue:") not in _POSITIVE:
            continue
        keys = condition.key(operator)
        for key in keys.names():
            if key.lower() in _PINNING and all(_fixed(key.lower(), value) for value in _values(keys.key(key))):
                return True
    return False


def _values(node: Node) -> list[str]:
    raw = node.raw if isinstance(node.raw, list) else [node.raw]
    return [value if isinstance(value, str) else "*" for value in raw] or ["*"]


def _fixed(key: str, value: str) -> bool:
    """Whether a value of a condition names somebody. In an ARN the account must be fixed, the rest may vary."""
    if key.endswith("sourceip"):
        return value not in _EVERYWHERE and "*" not in value
    if key.endswith("arn"):
        parts = value.split(":", 5)
        bucket = len(parts) == 6 and parts[2] == "s3" and "*" not in parts[5].split("/")[0]
        return bucket or (len(parts) == 6 and parts[4] not in ("", "*") and "*" not in parts[4] and "?" not in parts[4])
    # Of a path in an organization, the organization must be fixed.
    named = value.split("/", 1)[0] if key.endswith("orgpaths") else value
    return bool(named) and "*" not in named and "?" not in named

"""Whom a resource policy of AWS lets in, by AWS's own meaning of "public".

A statement is public when it allows everybody, or everybody but some, and no condition pins the caller to fixed
organizations, accounts, networks or resources (Amazon S3 User Guide, "The meaning of public").
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from .selections import matches
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
    "aws:vpceaccount",
    "aws:vpceorgid",
    "aws:vpceorgpaths",
    "aws:userid",
    "aws:username",
    "s3:dataaccesspointaccount",
    "s3:dataaccesspointarn",
    "kms:calleraccount",
    "elasticfilesystem:accesspointarn",
}
_POSITIVE = {
    "stringequals",
    "stringequalsignorecase",
    "stringlike",
    "arnequals",
    "arnlike",
    "ipaddress",
}
_S3 = re.compile(r"arn:aws[a-z-]*:s3:::")
# Whoever comes by a mount target is in its network (EFS User Guide, "The meaning of public").
_BY_MOUNT_TARGET = "elasticfilesystem:accessedviamounttarget"
# The address is where a firewall rule of an Azure database begins that lets in all of Azure, or all of the internet.
_EVERYBODY = {"allusers", "authenticatedusers", "allauthenticatedusers", "blob", "container", "0.0.0.0"}  # noqa: S104
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


def is_everybody(word: str) -> bool:
    """
    Whether a word of an access list stands for everybody: a canned list or a group of S3, a member of Google Cloud, the
    public access of an Azure container, an address range of everything. Everybody with an account of
    the cloud's own is everybody too.
    """
    plain = word.lower().rsplit("/", 1)[-1].rsplit(":", 1)[-1]
    return word in _EVERYWHERE or plain in _EVERYBODY or plain.startswith(("public-", "publicread", "authenticated"))


def shuts_out(policy: Node, action: str, only_here: bool = False) -> str | None:
    """The action that a policy leaves to nobody: `action`, or with `only_here` also that of changing the policy.

    A statement that denies an action to everybody without a condition leaves it to nobody, to no administrator either.
    only_here: nothing but the policy gives access, as with keys (AWS KMS Developer Guide, "Key policies"), so that what
    it allows nobody is nobody's; then changing it must be left to somebody too. Raises Unknown.
    """
    found = document(policy.raw)
    if found is None:
        return None  # said by public_resources
    statements = list(found["Statement"].items())
    needed = (action, "kms:PutKeyPolicy") if only_here else (action,)
    for each in needed:
        if any(_denies_everybody(statement, each) for statement in statements):
            return each
        # Who may change the policy of a key may give the rest.
        if only_here and each == needed[-1] and not any(_allows(statement, each) for statement in statements):
            return each
    return None


def _allows(statement: Node, action: str) -> bool:
    return (statement["Effect"].text() or "").lower() == "allow" and _speaks_of(statement, action)


def _denies_everybody(statement: Node, action: str) -> bool:
    """Whether a statement denies an action on all of the resource. `NotPrincipal` leaves it to those it names."""
    if (statement["Effect"].text() or "").lower() != "deny" or not _everybody(statement["Principal"]):
        return False
    if statement["Condition"].present() or not _speaks_of(statement, action):
        return False
    if statement["NotResource"].present():
        return False
    return not statement["Resource"].present() or any(_takes_in_all(name) for name in _words(statement["Resource"]))


def _takes_in_all(resource: str) -> bool:
    """Whether an ARN takes in all that is there: of a bucket its objects, and not the bucket or a folder alone."""
    return resource == "*" or not (_S3.match(resource) and ("/" not in resource or narrow(resource)))


def narrow(resource: str) -> bool:
    """Whether an ARN names a folder of a bucket, and not the whole of it."""
    return re.fullmatch(r"arn:aws[a-z-]*:s3:::[^/*]+/[^/*]+/.*", resource) is not None


def _speaks_of(statement: Node, action: str) -> bool:
    """Whether the actions of a statement take one in: names without regard to case, with `*` and `?`."""
    if statement["NotAction"].present():
        return not any(matches(name.lower(), action.lower()) for name in _words(statement["NotAction"]))
    return any(matches(name.lower(), action.lower()) for name in _words(statement["Action"]))


def _words(node: Node) -> list[str]:
    """The texts of a list or of one text. Raises Unknown."""
    return [item.text() or "" for item in node.items()] if isinstance(node.raw, list) else [node.text() or ""]


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
        if any(_any_account(name) for name in _words(named)):
            return True
    return isinstance(principal.raw, list) and "*" in principal.raw


def _any_account(principal: str) -> bool:
    """Whether a principal is everybody, or said to be of any account."""
    parts = principal.split(":", 5)
    return principal == "*" or (parts[0] == "arn" and len(parts) > 4 and parts[4] in ("*", "?"))


def _pinned(condition: Node) -> bool:
    """Whether some condition holds only for callers that are known: its values are fixed, and absent keys fail it."""
    for operator in condition.names():
        name = operator.lower()
        if name.startswith("forallvalues:") or name.endswith("ifexists"):
            continue  # these hold where the key is absent
        keys = condition.key(operator)
        if name == "bool" and any(key.lower() == _BY_MOUNT_TARGET for key in keys.names()):
            return True
        if name.removeprefix("foranyvalue:") not in _POSITIVE:
            continue
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

"""
Small worlds of resources, and the previews that an engine would write for a change between two of them.

The shapes are those of the recordings of the Pulumi CLI: the digest of `preview --json` and the engine's event stream.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

Resource = dict[str, Any]
World = dict[str, list[Resource]]

ACCOUNT = "123456789012"
# Inputs that force a replacement (facts of the providers); everything else is changed in place.
FORCE_NEW = {
    "aws:rds/instance:Instance": {
        "engine", "identifier", "kmsKeyId", "region", "snapshotIdentifier", "storageEncrypted", "username"
    },
    "aws:s3/bucket:Bucket": {"bucket", "region", "objectLockEnabled"},
    "aws:kms/key:Key": {"multiRegion"},
    "aws:backup/vaultLockConfiguration:VaultLockConfiguration": {
        "backupVaultName", "minRetentionDays", "maxRetentionDays", "changeableForDays"
    },
    "azure-native:dbforpostgresql:Server": {"location", "sourceServerResourceId", "availabilityZone"},
    "azure-native:storage:StorageAccount": {"location"},
    "kubernetes:core/v1:Namespace": {"metadata"},
}  # fmt: skip
STACK_TYPE = "pulumi:pulumi:Stack"


def urn(stack: str, kind: str, name: str, project: str = "shop") -> str:
    return f"urn:pulumi:{stack}::{project}::{kind}::{name}"


def resource(kind: str, name: str, inputs: dict[str, Any], **options: Any) -> Resource:
    """One resource; options are `outputs`, `protect`, `retain`."""
    return {"type": kind, "name": name, "inputs": inputs, "outputs": {}, "protect": False, "retain": False, **options}


def find(world: World, stack: str, name: str, kind: str = "") -> Resource:
    """The resource of a name (and of a type that contains `kind`); KeyError where there is not exactly one."""
    found = [item for item in world[stack] if item["name"] == name and kind in item["type"]]
    if len(found) != 1:
        raise KeyError(f"{len(found)} resources {name!r} {kind!r} in {stack}")
    return found[0]


def remove(world: World, stack: str, name: str, kind: str = "") -> None:
    world[stack].remove(find(world, stack, name, kind))


def put(item: Resource, path: str, value: Any) -> None:
    """Set an input by its path; a number in the path is the place in a list; None removes the input."""
    target: Any = item["inputs"]
    *parents, last = path.split(".")
    for part in parents:
        target = target[int(part)] if isinstance(target, list) else target.setdefault(part, {})
    if value is None:
        del target[last]
    elif isinstance(target, list):
        target[int(last)] = value
    else:
        target[last] = value


def changed(world: World, change: Callable[[World], object]) -> World:
    """A copy of the world with the change made in it."""
    after = copy.deepcopy(world)
    change(after)
    return after


def _state(stack: str, item: Resource, *, outputs: bool = True) -> dict[str, Any]:
    state = {
        "urn": urn(stack, item["type"], item["name"]),
        "custom": item["type"] != STACK_TYPE,
        "type": item["type"],
        "inputs": item["inputs"],
        "parent": urn(stack, STACK_TYPE, f"shop-{stack}"),
    }
    if outputs:
        state |= {"id": f"{item['name']}-id", "outputs": {**item["inputs"], **item["outputs"]}}
    if item["protect"]:
        state["protect"] = True
    if item["retain"]:
        state["retainOnDelete"] = True
    return state


def steps(stack: str, before: Iterable[Resource], after: Iterable[Resource]) -> list[dict[str, Any]]:
    """What the engine would do, one entry for each resource: op, urn, old, new, keys, diffs."""
    old = {(item["type"], item["name"]): item for item in before}
    new = {(item["type"], item["name"]): item for item in after}
    result = []
    for key in {**old, **new}:
        was, now = old.get(key), new.get(key)
        keys: list[str] = []
        diffs: list[str] = []
        if was is None:
            op = "create"
        elif now is None:
            op = "delete"
        else:
            names = sorted(was["inputs"].keys() | now["inputs"].keys())
            diffs = [name for name in names if was["inputs"].get(name) != now["inputs"].get(name)]
            keys = [name for name in diffs if name in FORCE_NEW.get(key[0], ())]
            op = "replace" if keys else "update" if diffs else "same"
        result.append(
            {
                "op": op,
                "urn": urn(stack, *key),
                "type": key[0],
                "old": None if was is None else _state(stack, was),
                "new": None if now is None else _state(stack, now, outputs=op == "same"),
                "keys": keys,
                "diffs": diffs,
            }
        )
    return result


def _paths(old: Any, new: Any, path: str = "") -> list[str]:
    """Where two values differ, as the engine's detailed differences name it: `a.b[0].c`."""
    if isinstance(old, dict) and isinstance(new, dict):
        keys = sorted(old.keys() | new.keys())
        return [p for key in keys for p in _paths(old.get(key), new.get(key), f"{path}.{key}" if path else key)]
    if isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        return [p for n, pair in enumerate(zip(old, new, strict=True)) for p in _paths(*pair, f"{path}[{n}]")]
    return [] if old == new else [path]


def _detailed(entry: dict[str, Any], key: str) -> dict[str, Any] | None:
    if not entry["diffs"]:
        return None
    kind = "update-replace" if entry["op"] == "replace" else "update"
    paths = _paths(entry["old"]["inputs"], entry["new"]["inputs"])
    return {path: {key: kind, "inputDiff": True} for path in paths}


def _counts(entries: list[dict[str, Any]]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for entry in entries:
        counts[entry["op"]] = counts.get(entry["op"], 0) + 1
    return counts


def digest(stack: str, before: Iterable[Resource], after: Iterable[Resource], *, sames: bool = False) -> dict[str, Any]:
    """What `pulumi preview --json` prints (with `--show-sames`: sames)."""
    entries = steps(stack, before, after)
    shown = [entry for entry in entries if sames or entry["op"] != "same"]
    return {
        "config": {},
        "steps": [
            {
                "op": entry["op"],
                "urn": entry["urn"],
                "provider": urn(stack, "pulumi:providers:aws", "default") + "::id",
                **({"oldState": entry["old"]} if entry["old"] else {}),
                **({"newState": entry["new"]} if entry["new"] else {}),
                "diffReasons": entry["diffs"] or None,
                "replaceReasons": entry["keys"] or None,
                "detailedDiff": _detailed(entry, "kind"),
            }
            for entry in shown
        ],
        "duration": 1_000_000,
        "changeSummary": _counts(entries),
    }


def events(
    stack: str, before: Iterable[Resource], after: Iterable[Resource], policies: Iterable[dict[str, Any]] = ()
) -> list[dict[str, Any]]:
    """The engine's event stream of a preview, replacement parts and repeated output events included."""
    entries = steps(stack, before, after)
    stream: list[dict[str, Any]] = [{"preludeEvent": {"config": {}}}]
    for entry in entries:
        ops = ["create-replacement", "replace", "delete-replaced"] if entry["op"] == "replace" else [entry["op"]]
        for op in ops:
            metadata = {
                "op": op,
                "urn": entry["urn"],
                "type": entry["type"],
                "old": entry["old"],
                "new": None if op == "delete-replaced" else entry["new"],
                "keys": entry["keys"] or None,
                "diffs": entry["diffs"] or None,
                "detailedDiff": _detailed(entry, "diffKind"),
                "provider": "",
            }
            stream.append({"resourcePreEvent": {"metadata": metadata, "planning": True}})
            stream.append({"resOutputsEvent": {"metadata": metadata, "planning": True}})
    stream += [{"policyEvent": policy} for policy in policies]
    summary = {"resourceChanges": _counts(entries), "PolicyPacks": {"dr": "1.0.0"}, "isPreview": True}
    stream += [{"summaryEvent": summary}, {"cancelEvent": {}}]
    return [{"sequence": number, "timestamp": 1_790_000_000, **event} for number, event in enumerate(stream)]


def finding(
    stack: str, item: Resource | None, rule: str, severity: str = "high", level: str = "mandatory"
) -> dict[str, Any]:
    """A policy event."""
    return {
        "resourceUrn": urn(stack, item["type"], item["name"]) if item else urn(stack, STACK_TYPE, f"shop-{stack}"),
        "message": f"{rule}: too weak",
        "color": "never",
        "policyName": rule,
        "policyPackName": "dr",
        "policyPackVersion": "1.0.0",
        "policyPackVersionTag": "1.0.0",
        "enforcementLevel": level,
        "severity": severity,
    }


def write_events(
    folder: Path, before: World, after: World, policies: dict[str, list[dict[str, Any]]] | None = None
) -> list[str]:
    """One event log for each stack; returns STACK=FILE arguments."""
    arguments = []
    for stack in {**before, **after}:
        file = folder / f"{stack}.events.json"
        stream = events(stack, before.get(stack, []), after.get(stack, []), (policies or {}).get(stack, []))
        file.write_text("".join(json.dumps(event) + "\n" for event in stream))
        arguments.append(f"{stack}={file}")
    return arguments


def write_digests(folder: Path, before: World, after: World, *, sames: bool = False) -> list[str]:
    """One digest for each stack; returns STACK=FILE arguments."""
    arguments = []
    for stack in {**before, **after}:
        file = folder / f"{stack}.json"
        file.write_text(json.dumps(digest(stack, before.get(stack, []), after.get(stack, []), sames=sames), indent=4))
        arguments.append(f"{stack}={file}")
    return arguments

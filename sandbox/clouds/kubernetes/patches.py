"""The four ways to patch an object."""

import copy
from typing import Any

from sandbox.clouds.kubernetes.errors import ApiError, bad_request

MERGE = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
JSON = "application/json-patch+json"
APPLY = "application/apply-patch+yaml"

MERGE_KEYS = {
    "containers": ("name",),
    "initContainers": ("name",),
    "env": ("name",),
    "volumes": ("name",),
    "volumeMounts": ("mountPath",),
    "imagePullSecrets": ("name",),
    "conditions": ("type",),
    "ownerReferences": ("uid",),
    "secrets": ("name",),
}
"""Lists that merge by key in a strategic merge patch (Kubernetes API types, patchMergeKey)."""


def merge(target: Any, patch: Any) -> Any:
    """RFC 7386."""
    if not isinstance(patch, dict):
        return copy.deepcopy(patch)
    result = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merge(result.get(key), value)
    return result


def strategic(target: Any, patch: Any, path: str = "") -> Any:
    """A merge in which the lists of MERGE_KEYS, and ports, are merged by key."""
    if not isinstance(patch, dict):
        return copy.deepcopy(patch)
    if patch.get("$patch") == "replace":
        return {key: copy.deepcopy(value) for key, value in patch.items() if key != "$patch"}
    result = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if key.startswith(("$setElementOrder/", "$retainKeys")):
            continue
        if key.startswith("$deleteFromPrimitiveList/"):
            name = key.split("/", 1)[1]
            result[name] = [item for item in result.get(name, []) if item not in value]
        elif value is None:
            result.pop(key, None)
        elif isinstance(value, list):
            result[key] = _merge_list(result.get(key) or [], value, key, path)
        else:
            result[key] = strategic(result.get(key), value, f"{path}.{key}")
    return result


def _merge_keys(field: str, path: str) -> tuple[str, ...] | None:
    if field == "ports":
        return ("containerPort", "protocol") if "containers" in path else ("port", "protocol")
    return MERGE_KEYS.get(field)


def _merge_list(target: list[Any], patch: list[Any], field: str, path: str) -> list[Any]:
    keys = _merge_keys(field, path)
    if keys is None or not all(isinstance(item, dict) for item in [*target, *patch]):
        return copy.deepcopy(patch)
    if any(item.get("$patch") == "replace" for item in patch):
        return [copy.deepcopy(item) for item in patch if "$patch" not in item]

    def identity(item: dict[str, Any]) -> tuple[Any, ...]:
        return tuple(item.get(key, "TCP" if key == "protocol" else None) for key in keys)

    result = list(target)
    for item in patch:
        place = next((n for n, old in enumerate(result) if identity(old) == identity(item)), None)
        if item.get("$patch") == "delete":
            if place is not None:
                del result[place]
        elif place is None:
            result.append(copy.deepcopy(item))
        else:
            result[place] = strategic(result[place], item, f"{path}.{field}")
    return result


def json_patch(target: Any, operations: Any) -> Any:
    """RFC 6902. Raises ApiError 400 for a malformed patch, 422 for one that does not apply."""
    if not isinstance(operations, list):
        raise bad_request("a JSON patch is a list of operations")
    document = copy.deepcopy(target)
    for operation in operations:
        try:
            document = _apply(document, operation)
        except (KeyError, IndexError, TypeError, ValueError) as error:
            raise ApiError(422, "Invalid", f"the server rejected our request: {operation}: {error}") from error
    return document


def _pointer(text: str) -> list[str]:
    return [part.replace("~1", "/").replace("~0", "~") for part in text.split("/")[1:]]


def _get(document: Any, path: list[str]) -> Any:
    for part in path:
        document = document[int(part)] if isinstance(document, list) else document[part]
    return document


def _apply(document: Any, operation: dict[str, Any]) -> Any:
    verb, path = operation["op"], _pointer(operation["path"])
    if verb == "test":
        if _get(document, path) != operation["value"]:
            raise ValueError("test failed")
        return document
    if verb in {"move", "copy"}:
        origin = _pointer(operation["from"])
        value = copy.deepcopy(_get(document, origin))
        if verb == "move":
            document = _apply(document, {"op": "remove", "path": operation["from"]})
        return _apply(document, {"op": "add", "path": operation["path"], "value": value})
    if not path:
        return copy.deepcopy(operation["value"])
    parent, last = _get(document, path[:-1]), path[-1]
    if isinstance(parent, list):
        _apply_to_list(parent, verb, last, operation)
    elif verb == "remove":
        del parent[last]
    elif verb == "replace" and last not in parent:
        raise KeyError(operation["path"])
    else:
        parent[last] = copy.deepcopy(operation["value"])
    return document


def _apply_to_list(parent: list[Any], verb: str, last: str, operation: dict[str, Any]) -> None:
    if verb == "add":
        parent.insert(len(parent) if last == "-" else int(last), copy.deepcopy(operation["value"]))
    elif verb == "remove":
        del parent[int(last)]
    else:
        parent[int(last)] = copy.deepcopy(operation["value"])


def apply(target: Any, configuration: dict[str, Any], previous: dict[str, Any] | None) -> Any:
    """
    Server-side apply by one manager: fields of its previous configuration that it no longer names are removed, fields
    of others are left. Lists of MERGE_KEYS merge by key; other lists are owned as a whole.
    """
    result = copy.deepcopy(target)
    if previous:
        _remove_given_up(result, previous, configuration)
    return strategic(result, configuration)


def _remove_given_up(live: Any, previous: Any, now: Any) -> None:
    for key, value in previous.items():
        if not isinstance(live, dict) or key not in live:
            continue
        if key not in now:
            del live[key]
        elif isinstance(value, dict) and isinstance(now[key], dict):
            _remove_given_up(live[key], value, now[key])
        elif isinstance(value, list) and isinstance(now[key], list) and key in MERGE_KEYS:
            names = MERGE_KEYS[key]
            for item in value:
                same = [n for n in now[key] if all(n.get(k) == item.get(k) for k in names)]
                place = [o for o in live[key] if all(o.get(k) == item.get(k) for k in names)]
                if not same:
                    live[key] = [o for o in live[key] if o not in place]
                elif place:
                    _remove_given_up(place[0], item, same[0])

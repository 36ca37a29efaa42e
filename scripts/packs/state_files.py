"""Where in a state file the resources stand: what is a state, and what only looks like one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scripts.core.errors import BadInput

_REPAIR = "run `pulumi state repair`, and export the state again"
HINT = "make one with `pulumi stack export --file state.json` or `dr policy check --stack STACK`"


def resources_in(state: Any, shown: str) -> tuple[str, list[Any]]:
    """
    Where in a state its resources stand, and they. Raises BadInput for anything but version 3 or 4.

    A state without any is one only if its manifest says that an engine wrote it: an object in which nothing was
    recognised must not pass for an empty stack.
    """
    if not isinstance(state, Mapping):
        raise BadInput(f"{shown}: holds no state: expected an object", HINT)
    version = state.get("version")
    if version not in (3, 4) or isinstance(version, bool):
        raise BadInput(f"{shown}: state version {version!r} is not 3 or 4, which can be read", HINT)
    checkpoint = state.get("checkpoint")
    if isinstance(state.get("deployment"), Mapping):
        body, at = state["deployment"], "deployment.resources"
    elif isinstance(checkpoint, Mapping) and isinstance(checkpoint.get("latest"), Mapping):
        body, at = checkpoint["latest"], "checkpoint.latest.resources"
    else:
        raise BadInput(f"{shown}: holds no state: it has neither `deployment` nor `checkpoint.latest`", HINT)
    resources = body.get("resources")
    if resources is None and isinstance(body.get("manifest"), Mapping) and body["manifest"]:
        return at, []
    if not isinstance(resources, list):
        raise BadInput(f"{shown}: {at} is not a list of resources", HINT)
    if twice := _twice(resources):
        raise BadInput(f"{shown}: {at} holds {twice} twice: no engine reads such a state", _REPAIR)
    return at, resources


def _twice(resources: list[Any]) -> str | None:
    """The name of a resource that stands there for the second time; what waits for its deletion may."""
    seen: set[str] = set()
    for resource in resources:
        if not isinstance(resource, Mapping) or resource.get("delete") is True:
            continue
        urn = resource.get("urn")
        if isinstance(urn, str) and urn in seen:
            return urn.rpartition("::")[2]
        seen.add(str(urn))
    return None

"""The resources in a state file, as the engine would hand them to a policy pack."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from model.pulumi_marks import SECRET, SIGNATURE
from scripts.core.errors import BadInput
from scripts.core.text_files import read_text
from scripts.packs.analyzer import PackResource
from scripts.packs.state_files import HINT, resources_in


def read_state(path: Path) -> list[PackResource]:
    """The resources of a stack export or of a checkpoint of a DIY backend. Raises BadInput."""
    text = read_text(path, HINT)
    try:
        state = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadInput(f"{path}: is not JSON: {error}", HINT) from None
    if not resources_in(state, str(path))[1]:
        raise BadInput(f"{path}: holds no resources, so that there is nothing to look at", HINT)
    return resources_of(state, str(path))


def resources_of(state: Any, shown: str) -> list[PackResource]:
    """
    The resources of a state that are the stack's own: what is only read is nobody's to mend, and what waits for its
    deletion is no longer part of the stack. A stack that was never updated has none. `shown` names the state in errors.
    Raises BadInput for what is no state.
    """
    never_updated = isinstance(state, Mapping) and state.get("deployment") == {}
    resources = [] if never_updated else resources_in(state, shown)[1]
    if not all(isinstance(resource, Mapping) for resource in resources):
        raise BadInput(f"{shown}: deployment.resources is not a list of objects", HINT)
    providers = {_text(entry, "urn"): _properties(entry.get("inputs")) for entry in resources}
    own = (entry for entry in resources if not entry.get("delete") and entry.get("external") is not True)
    return [_resource(entry, providers) for entry in own]


def _resource(entry: Mapping[str, Any], providers: Mapping[str, Mapping[str, Any]]) -> PackResource:
    urn = _text(entry, "urn")
    provider = _text(entry, "provider").rpartition("::")[0]
    inputs = _properties(entry.get("inputs"))
    return PackResource(
        type=_text(entry, "type"),
        urn=urn,
        name=urn.rpartition("::")[2],
        inputs=inputs,
        # A provider may leave out of its outputs what it was given; rules over the stack want to see that too.
        outputs={**inputs, **_properties(entry.get("outputs"))},
        provider_urn=provider,
        provider_inputs=providers.get(provider, {}),
        protect=entry.get("protect") is True,
        custom=entry.get("custom") is True,
        ignore_changes=tuple(_texts(entry.get("ignoreChanges"))),
        parent=_text(entry, "parent"),
        dependencies=tuple(_texts(entry.get("dependencies"))),
        property_dependencies={
            str(key): tuple(_texts(urns)) for key, urns in _properties(entry.get("propertyDependencies")).items()
        },
    )


def _properties(raw: Any) -> dict[str, Any]:
    return {str(key): _opened(value) for key, value in raw.items()} if isinstance(raw, Mapping) else {}


def _opened(value: Any) -> Any:
    """A secret with its value where the file has it (`--show-secrets`), without one where it is encrypted."""
    if isinstance(value, list):
        return [_opened(item) for item in value]
    if not isinstance(value, Mapping):
        return value
    if value.get(SIGNATURE) != SECRET:
        return {key: _opened(item) for key, item in value.items()}
    plaintext = value.get("plaintext")
    if not isinstance(plaintext, str):
        return {SIGNATURE: SECRET}
    try:
        return {SIGNATURE: SECRET, "value": json.loads(plaintext)}
    except (ValueError, RecursionError):
        return {SIGNATURE: SECRET, "value": plaintext}


def _text(entry: Mapping[str, Any], key: str) -> str:
    value = entry.get(key)
    return value if isinstance(value, str) else ""


def _texts(raw: Any) -> Iterator[str]:
    yield from (item for item in raw if isinstance(item, str)) if isinstance(raw, list) else ()

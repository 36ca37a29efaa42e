"""Configuration of policy packs: levels and properties of each policy, from the pack, its initial values and a file."""

import json
from pathlib import Path
from typing import Any, NamedTuple

import jsonschema

from sandbox.engine.errors import EngineError, NotSupportedError

Json = Any
LEVELS = ("advisory", "mandatory", "disabled", "remediate")
Config = dict[str, tuple[str, dict[str, Json]]]


class Described(NamedTuple):
    """A policy as its pack describes it: its level, and the schema of its properties."""

    level: str
    properties: dict[str, Json]
    required: list[str]


def load(file: Path) -> Config:
    """A pack's configuration file: each policy with a level, or an object with properties and `enforcementLevel`."""
    try:
        data = json.loads(file.read_text() or "{}")
    except (OSError, ValueError) as error:
        message = f"could not read policy config {file}: {error}"
        raise EngineError(message) from error
    if data.pop("environments", None):
        feature = "environments in a policy config"
        raise NotSupportedError(feature)
    found: Config = {}
    for name, entry in data.items():
        properties = dict(entry) if isinstance(entry, dict) else {}
        level = properties.pop("enforcementLevel", "") if isinstance(entry, dict) else entry
        if not isinstance(level, str) or (level and level not in LEVELS):
            message = f'parsing enforcement level for "{name}": {json.dumps(level)} is not a valid enforcement level'
            raise EngineError(message)
        if level or properties:
            found[name] = (level, properties)
    return found


def reconcile(policies: dict[str, Described], initial: Config, given: Config) -> Config:
    """What each policy is configured with: defaults, over them the pack's own values, over them the file's."""
    result: Config = {
        name: (p.level, {k: s["default"] for k, s in p.properties.items() if isinstance(s, dict) and "default" in s})
        for name, p in policies.items()
    }
    for layer in (initial, given):
        if layer.get("all", ("", {}))[0]:
            result = {name: (layer["all"][0], properties) for name, (_, properties) in result.items()}
        for name, (level, properties) in layer.items():
            before = result.get(name, ("", {}))
            result[name] = (level or before[0], {**before[1], **properties})
    return {name: (level or "advisory", properties) for name, (level, properties) in result.items() if name != "all"}


def problems(policies: dict[str, Described], config: Config) -> list[str]:
    """What does not fit the policies' schemas, as sentences."""
    found = []
    for name, policy in policies.items():
        schema: dict[str, Json] = {"type": "object", "properties": policy.properties}
        if policy.required:
            schema["required"] = policy.required
        validator = jsonschema.Draft7Validator(schema)
        for error in validator.iter_errors(config.get(name, ("", {}))[1]):
            where = ".".join(str(p) for p in error.absolute_path)
            found.append(f"{name}: {where + ': ' if where else ''}{error.message}")
    return found

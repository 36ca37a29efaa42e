"""Configuration values: what the settings file and the project declare, decrypted, checked and given to the program."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.engine import gojson
from sandbox.engine.errors import EngineError
from sandbox.engine.passphrase import Crypter
from sandbox.engine.project import Project
from sandbox.engine.stack_settings import Settings

Json = Any
Config = dict[str, "ConfigValue"]
BLINDED = "[secret]"


def is_sealed(raw: Json) -> bool:
    return isinstance(raw, dict) and set(raw) == {"secure"} and isinstance(raw["secure"], str)


@dataclass(slots=True)
class ConfigValue:
    """A value as the YAML has it; secrets in it are `{secure: CIPHERTEXT}`."""

    raw: Json

    @property
    def is_object(self) -> bool:
        return isinstance(self.raw, (dict, list)) and not is_sealed(self.raw)

    @property
    def secret(self) -> bool:
        return _has_sealed(self.raw)

    def opened(self, crypter: Crypter) -> Json:
        return gojson.normal(_opened(self.raw, crypter.decrypt))

    def text(self, crypter: Crypter) -> str:
        """The decrypted value as the program gets it: an object is its JSON."""
        return _text(self.opened(crypter))

    def blinded(self) -> str:
        return _text(_opened(self.raw, lambda _: BLINDED))


def _has_sealed(raw: Json) -> bool:
    if is_sealed(raw):
        return True
    if isinstance(raw, dict):
        return any(_has_sealed(v) for v in raw.values())
    return isinstance(raw, list) and any(_has_sealed(v) for v in raw)


def _opened(raw: Json, decrypt: Any) -> Json:
    if is_sealed(raw):
        return decrypt(raw["secure"])
    if isinstance(raw, dict):
        return {k: _opened(v, decrypt) for k, v in raw.items()}
    if isinstance(raw, list):
        return [_opened(v, decrypt) for v in raw]
    return raw


def _text(value: Json) -> str:
    if isinstance(value, str):
        return value
    return gojson.marshalled(value)


def full_key(key: str, project: str) -> str:
    """The key with its namespace. `ns:config:key` is an old form of `ns:key`."""
    if ":" not in key:
        return f"{project}:{key}"
    pieces = key.split(":")
    if len(pieces) == 3 and pieces[1] == "config":
        return f"{pieces[0]}:{pieces[2]}"
    if len(pieces) != 2:
        message = (
            f"could not parse {key} as a configuration key "
            "(configuration keys should be of the form `<namespace>:<name>`)"
        )
        raise EngineError(message)
    return key


def load(project: Project, settings: Settings) -> Config:
    """The stack's own values, by full key."""
    return {full_key(str(k), project.name): ConfigValue(v) for k, v in settings.config.items()}


def merge_defaults(config: Config, project: Project) -> list[str]:
    """Add what the project declares and the stack does not set; give back the declared keys that have no value."""
    missing = []
    for name, entry in sorted(project.schema.items()):
        key = full_key(name, project.name)
        if key in config:
            continue
        value = entry.get("default", entry.get("value"))
        if value is not None:
            config[key] = ConfigValue(value)
        elif key.startswith(f"{project.name}:"):
            missing.append(name)
    return missing


def validated(project: Project, settings: Settings, stack: str, crypter: Crypter) -> Config:
    """The configuration of a run. Raises EngineError when it does not fit what the project declares."""
    config = load(project, settings)
    missing = merge_defaults(config, project)
    if missing:
        quoted = [f"'{m}'" for m in missing]
        listed = quoted[0] if len(quoted) == 1 else " and ".join([", ".join(quoted[:-1]), quoted[-1]])
        noun = "values" if len(missing) > 1 else "value"
        message = f"validating stack config: Stack '{stack}' is missing configuration {noun} {listed}"
        raise EngineError(message)
    for name, entry in sorted(project.schema.items()):
        value = config.get(full_key(name, project.name))
        if not entry.get("type") or value is None:
            continue
        start = f"validating stack config: Stack '{stack}' with configuration key '{name}'"
        if entry.get("secret") and not value.secret:
            message = f"{start} must be encrypted as it's secret"
            raise EngineError(message)
        opened = value.opened(crypter)
        if not _fits(str(entry["type"]), entry.get("items"), opened if value.is_object else _text(opened)):
            message = f"{start} must be of type '{_full_type(str(entry['type']), entry.get('items'))}'"
            raise EngineError(message)
    return config


def _full_type(name: str, items: Mapping[str, Json] | None) -> str:
    return f"array<{_full_type(str(items['type']), items.get('items'))}>" if name == "array" and items else name


def _fits(name: str, items: Mapping[str, Json] | None, value: Json) -> bool:
    if name == "string":
        return isinstance(value, str)
    if name == "integer":
        if isinstance(value, str):
            return value.removeprefix("-").removeprefix("+").isdecimal()
        return isinstance(value, (int, float)) and not isinstance(value, bool) and value == int(value)
    if name == "boolean":
        return isinstance(value, bool) or value in ("true", "false")
    if name == "object":
        return isinstance(value, dict)
    if not isinstance(value, list) or items is None:
        return False
    return all(_fits(str(items["type"]), items.get("items"), v) for v in value)

"""`pulumi config` and its kin."""

import json
from typing import Any

from sandbox.engine import config as configuration
from sandbox.engine import gojson, paths
from sandbox.engine.arguments import Arguments
from sandbox.engine.config import ConfigValue, full_key
from sandbox.engine.errors import EngineError
from sandbox.engine.invocation import Entry, Invocation
from sandbox.engine.stacks import Stack

Json = Any


def _entry(value: ConfigValue, stack: Stack, *, show: bool) -> dict[str, Json]:
    found: dict[str, Json] = {"secret": value.secret}
    if show or not value.secret:
        found = {"value": value.text(stack.crypter), **found}
        if value.is_object:
            found = {"value": found["value"], "objectValue": value.opened(stack.crypter), "secret": value.secret}
    return found


def _all(stack: Stack) -> configuration.Config:
    found = configuration.load(stack.project, stack.settings)
    configuration.merge_defaults(found, stack.project)
    return found


def show(invocation: Invocation, arguments: Arguments) -> int:
    stack = invocation.stack(arguments)
    reveal, values = arguments.has("show-secrets"), _all(stack)
    if arguments.has("json"):
        whole = {k: _entry(v, stack, show=reveal) for k, v in sorted(values.items())}
        invocation.print(gojson.indented(whole, 2))
        return 0
    width = max([len("KEY"), *(len(_pretty(k, stack)) for k in values)])
    invocation.print(f"{'KEY':<{width}}  VALUE")
    for key, value in sorted(values.items()):
        text = value.text(stack.crypter) if reveal or not value.secret else configuration.BLINDED
        invocation.print(f"{_pretty(key, stack):<{width}}  {text}")
    return 0


def _pretty(key: str, stack: Stack) -> str:
    return key.removeprefix(f"{stack.project.name}:")


def _located(stack: Stack, key: str, *, path: bool) -> tuple[str, paths.Path]:
    """The full key, and the way inside its value."""
    if not path:
        return full_key(key, stack.project.name), []
    namespace, colon, rest = key.partition(":")
    parsed = paths.parse(rest if colon else key)
    if not parsed or not isinstance(parsed[0], str):
        message = f"invalid configuration key {key!r}"
        raise EngineError(message)
    return full_key(f"{namespace}:{parsed[0]}" if colon else parsed[0], stack.project.name), parsed[1:]


def get(invocation: Invocation, arguments: Arguments) -> int:
    stack = invocation.stack(arguments)
    key, inside = _located(stack, arguments.words[0], path=arguments.has("path"))
    value = _all(stack).get(key)
    if value is not None and inside:
        raw = _at(value.raw, inside)
        value = None if raw is None else ConfigValue(raw)
    if value is None:
        message = f"configuration key '{_pretty(arguments.words[0], stack)}' not found for stack '{stack.name}'"
        raise EngineError(message)
    if arguments.has("json"):
        invocation.print(gojson.indented(_entry(value, stack, show=True), 2))
    else:
        invocation.print(value.text(stack.crypter))
    return 0


def _at(raw: Json, inside: paths.Path) -> Json:
    for part in inside:
        if isinstance(raw, dict) and isinstance(part, str):
            raw = raw.get(part)
        elif isinstance(raw, list) and isinstance(part, int) and part < len(raw):
            raw = raw[part]
        else:
            return None
    return raw


def _typed(text: str) -> Json:
    """A value inside an object: numbers and booleans are told from text."""
    if text in ("true", "false"):
        return text == "true"
    digits = text.removeprefix("-")
    if digits.isdecimal() and (digits == "0" or not digits.startswith("0")):
        return int(text)
    return text


def _put(raw: Json, inside: paths.Path, value: Json) -> Json:
    """The value with a part of it set; what is missing on the way is made."""
    if not inside:
        return value
    part, rest = inside[0], inside[1:]
    if isinstance(part, int):
        items = list(raw) if isinstance(raw, list) else []
        if part > len(items):
            message = f"array index {part} out of range"
            raise EngineError(message)
        if part == len(items):
            items.append(None)
        items[part] = _put(items[part], rest, value)
        return items
    mapping = dict(raw) if isinstance(raw, dict) and not configuration.is_sealed(raw) else {}
    mapping[part] = _put(mapping.get(part), rest, value)
    return mapping


def _without(raw: Json, inside: paths.Path) -> Json:
    part, rest = inside[0], inside[1:]
    if isinstance(raw, dict) and part in raw:
        if rest:
            return {**raw, part: _without(raw[part], rest)}
        return {k: v for k, v in raw.items() if k != part}
    if isinstance(raw, list) and isinstance(part, int) and part < len(raw):
        if rest:
            return [_without(v, rest) if i == part else v for i, v in enumerate(raw)]
        return [v for i, v in enumerate(raw) if i != part]
    return raw


def _set(stack: Stack, key: str, text: str, *, secret: bool, path: bool) -> None:
    full, inside = _located(stack, key, path=path)
    own = _own_key(stack, full)
    if secret:
        value: Json = {"secure": stack.crypter.encrypt(text)}
        if not stack.settings.salt and stack.crypter.salt:
            stack.settings.set_salt(stack.crypter.salt)
    else:
        value = _typed(text) if path and inside else text
    stack.settings.set_config(own, _put(stack.settings.config.get(own), inside, value))


def _own_key(stack: Stack, full: str) -> str:
    """The key as the file writes it."""
    for key in stack.settings.config:
        if full_key(str(key), stack.project.name) == full:
            return str(key)
    return full


def set_(invocation: Invocation, arguments: Arguments) -> int:
    stack = invocation.stack(arguments)
    if len(arguments.words) == 2:
        key, text = arguments.words
    elif len(arguments.words) == 1:
        message = "config value must be specified in non-interactive mode"
        raise EngineError(message)
    else:
        message = "usage: pulumi config set <key> <value>"
        raise EngineError(message)
    _set(stack, key, text, secret=arguments.has("secret"), path=arguments.has("path"))
    return 0


def set_all(invocation: Invocation, arguments: Arguments) -> int:
    stack, path = invocation.stack(arguments), arguments.has("path")
    for flag, secret in (("plaintext", False), ("secret", True)):
        for pair in arguments.all(flag):
            key, equals, text = pair.partition("=")
            if not equals:
                message = f"config value not in the form of key=value: {key}"
                raise EngineError(message)
            _set(stack, key, text, secret=secret, path=path)
    if arguments.one("json"):
        for key, entry in json.loads(arguments.one("json")).items():
            value = entry.get("objectValue", entry.get("value"))
            if isinstance(value, (dict, list)):
                full, _ = _located(stack, key, path=False)
                stack.settings.set_config(_own_key(stack, full), value)
            else:
                _set(stack, key, str(value), secret=bool(entry.get("secret")), path=False)
    return 0


def remove(invocation: Invocation, arguments: Arguments) -> int:
    stack = invocation.stack(arguments)
    for word in arguments.words:
        full, inside = _located(stack, word, path=arguments.has("path"))
        own = _own_key(stack, full)
        if inside:
            stack.settings.set_config(own, _without(stack.settings.config.get(own), inside))
        else:
            stack.settings.remove_config(own)
    return 0


def refresh(invocation: Invocation, arguments: Arguments) -> int:
    """Write the configuration of the last run back into the settings file."""
    stack = invocation.stack(arguments)
    history = stack.backend.history(stack.project.name, stack.name)
    if not history:
        message = f"no previous deployment found for stack '{stack.name}'"
        raise EngineError(message)
    for key in list(stack.settings.config):
        stack.settings.remove_config(str(key))
    for key, value in (history[0].get("config") or {}).items():
        stack.settings.set_config(key, value)
    return 0


_COMMON = {"stack": True, "config-file": True, "path": False, "json": False, "show-secrets": False}
COMMANDS = {
    ("config",): Entry(show, {**_COMMON, "open": False}),
    ("config", "get"): Entry(get, {**_COMMON, "open": False}, words=1),
    ("config", "set"): Entry(set_, {**_COMMON, "secret": False, "plaintext": False}, words=2),
    ("config", "set-all"): Entry(set_all, {**_COMMON, "secret": True, "plaintext": True, "json": True}),
    ("config", "rm"): Entry(remove, _COMMON, words=1),
    ("config", "rm-all"): Entry(remove, _COMMON, words=999),
    ("config", "refresh"): Entry(refresh, {**_COMMON, "force": False}),
}

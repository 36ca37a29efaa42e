"""`pulumi config` and its kin."""

import json
from typing import Any

from sandbox.engine import config as configuration
from sandbox.engine import config_paths, gojson, table
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
    rows = [
        (_pretty(key, stack), value.text(stack.crypter) if reveal else value.blinded())
        for key, value in sorted(values.items())
    ]
    for line in table.lines(("KEY", "VALUE"), rows):
        invocation.print(line)
    return 0


def _pretty(key: str, stack: Stack) -> str:
    return key.removeprefix(f"{stack.project.name}:")


def get(invocation: Invocation, arguments: Arguments) -> int:
    stack = invocation.stack(arguments)
    key, inside = config_paths.located(arguments.words[0], stack.project.name, path=arguments.has("path"))
    value = _all(stack).get(key)
    if value is not None and inside:
        raw = config_paths.at(value.raw, inside)
        value = None if raw is None else ConfigValue(raw)
    if value is None:
        message = f"configuration key '{_pretty(arguments.words[0], stack)}' not found for stack '{stack.name}'"
        raise EngineError(message)
    if arguments.has("json"):
        invocation.print(gojson.indented(_entry(value, stack, show=True), 2))
    else:
        invocation.print(value.text(stack.crypter))
    return 0


Assignment = tuple[str, str, bool]  # key, text, whether it is a secret


def _located(stack: Stack, key: str, *, path: bool) -> tuple[str, list[str | int]]:
    try:
        return config_paths.located(key, stack.project.name, path=path)
    except EngineError as error:
        if not error.message.startswith("invalid config key path"):
            raise
        message = f"could not set config: {error.message}"
        raise EngineError(message) from error


def assign(stack: Stack, assignments: list[Assignment], *, path: bool, anew: bool = False) -> None:
    """
    Set values and write them; with `path`, keys lead inside of objects, which `anew` makes of the assignments alone.
    Raises EngineError.
    """
    changed: dict[str, Json] = {}
    for key, text, secret in assignments:
        full, inside = _located(stack, key, path=path)
        own = _own_key(stack, full)
        if secret:
            value: Json = {"secure": stack.crypter.encrypt(text)}
            if not stack.settings.salt and stack.crypter.salt:
                stack.settings.set_salt(stack.crypter.salt)
        else:
            value = config_paths.typed(text) if path and inside else text
        try:
            held = changed.get(own, None if anew else stack.settings.config.get(own))
            changed[own] = config_paths.put(held, inside, value, [full.partition(":")[2]])
        except EngineError as error:
            message = f"could not set config: {error.message}"
            raise EngineError(message) from error
    for own in sorted(changed):
        stack.settings.set_config(own, changed[own])


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
    assign(stack, [(key, text, arguments.has("secret"))], path=arguments.has("path"))
    return 0


def _key_and_value(pair: str) -> tuple[str, str]:
    """The parts of `key=value`; a bracketed part of the key may hold equals signs. Raises EngineError."""
    key, equals, text = pair.partition("=")
    if not equals:
        message = f"config value not in the form of key=value: {key}"
        raise EngineError(message)
    return key, text


def from_command_line(stack: Stack, pairs: list[str], *, path: bool) -> None:
    """Set what `--config key=value` gives: in the settings file, where it stays. A bare `key` is set to nothing."""
    assign(
        stack, [(key, text, False) for key, _, text in (pair.partition("=") for pair in pairs)], path=path, anew=True
    )


def set_all(invocation: Invocation, arguments: Arguments) -> int:
    stack, path = invocation.stack(arguments), arguments.has("path")
    pairs = [
        (pair, secret) for flag, secret in (("plaintext", False), ("secret", True)) for pair in arguments.all(flag)
    ]
    assign(stack, [(*_key_and_value(pair), secret) for pair, secret in pairs], path=path)
    if arguments.one("json"):
        for key, entry in json.loads(arguments.one("json")).items():
            value = entry.get("objectValue", entry.get("value"))
            if isinstance(value, (dict, list)):
                full, _ = config_paths.located(key, stack.project.name, path=False)
                stack.settings.set_config(_own_key(stack, full), value)
            else:
                assign(stack, [(key, str(value), bool(entry.get("secret")))], path=False)
    return 0


def remove(invocation: Invocation, arguments: Arguments) -> int:
    stack = invocation.stack(arguments)
    for word in arguments.words:
        full, inside = config_paths.located(word, stack.project.name, path=arguments.has("path"))
        own = _own_key(stack, full)
        if inside:
            stack.settings.set_config(own, config_paths.without(stack.settings.config.get(own), inside))
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

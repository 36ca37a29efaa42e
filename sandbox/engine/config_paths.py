"""Values inside of configuration objects: `conf.list[0]["a key"]` read, set and removed, by the CLI's rules."""

from typing import Any

from sandbox.engine import paths
from sandbox.engine.config import full_key, is_sealed
from sandbox.engine.errors import EngineError

Json = Any


def located(key: str, project: str, *, path: bool) -> tuple[str, paths.Path]:
    """The full key of a configuration value, and the way inside of it. Raises EngineError."""
    end = next((place for place, letter in enumerate(key) if letter in "[."), 0) if path else 0
    try:
        if not end:
            return full_key(key, project), []
        whole = full_key(key[:end], project)
        return whole, paths.parse(whole.partition(":")[2] + key[end:], strict=True)[1:]
    except EngineError as error:
        message = f"invalid configuration key: {error.message}"
        raise EngineError(message) from error
    except ValueError as error:
        message = f"invalid config key path: {error}"
        raise EngineError(message) from error


def at(raw: Json, inside: paths.Path) -> Json:
    """The value at a path; None where there is none."""
    for part in inside:
        if isinstance(raw, dict) and isinstance(part, str):
            raw = raw.get(part)
        elif isinstance(raw, list) and isinstance(part, int) and part < len(raw):
            raw = raw[part]
        else:
            return None
    return raw


def typed(text: str) -> Json:
    """A value inside an object: numbers and truths are told from text, except those that begin with a zero."""
    if text in ("true", "false"):
        return text == "true"
    if len(text) > 1 and text[0] == "0":
        return text
    digits = text[1:] if text[:1] in ("-", "+") else text
    if digits.isascii() and digits.isdecimal() and -(2**63) <= int(text) < 2**64:
        return int(text)
    return text


def put(raw: Json, inside: paths.Path, value: Json, way: paths.Path) -> Json:
    """The value with a part of it set; what is missing on the way is made. `way` is the path so far."""
    if not inside:
        return value
    part, rest, here = inside[0], inside[1:], [*way, inside[0]]
    shown = paths.format_path(here)
    if not isinstance(raw, (dict, list)) or is_sealed(raw):
        if raw is not None and len(way) > 1:
            message = f"{paths.format_path(way)}: expected {'an array' if isinstance(part, int) else 'a map'}"
            raise EngineError(message)
        raw = [None] * (part + 1) if isinstance(part, int) else {}
    if isinstance(raw, list):
        if not isinstance(part, int):
            message = f"{shown}: key for an array must be an int"
            raise EngineError(message)
        if part > len(raw):
            message = f"{shown}: array index out of range"
            raise EngineError(message)
        items = [*raw, None] if part == len(raw) else list(raw)
        items[part] = put(items[part], rest, value, here)
        return items
    if not isinstance(part, str):
        message = f"{shown}: key for a map must be a string"
        raise EngineError(message)
    if not rest and not raw and part == "secure" and isinstance(value, str):
        raise EngineError(RESERVED)
    return {**raw, part: put(raw.get(part), rest, value, here)}


RESERVED = 'maps with the single key "secure" are reserved'


def without(raw: Json, inside: paths.Path) -> Json:
    """The value with a part of it removed."""
    part, rest = inside[0], inside[1:]
    if isinstance(raw, dict) and part in raw:
        if rest:
            return {**raw, part: without(raw[part], rest)}
        return {k: v for k, v in raw.items() if k != part}
    if isinstance(raw, list) and isinstance(part, int) and part < len(raw):
        if rest:
            return [without(v, rest) if i == part else v for i, v in enumerate(raw)]
        return [v for i, v in enumerate(raw) if i != part]
    return raw

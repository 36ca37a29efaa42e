"""Opening preview files: which of the three formats it is, and pieces that every reader needs."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from itertools import chain
from pathlib import Path
from typing import Any

from previews.meanings import normal_type
from previews.meanings.secrets import secrets_of_type
from previews.previewed import Resource, StackPreview, urn_name, urn_type
from previews.secrets import collect_sensitive
from scripts.core import text_files
from scripts.core.errors import BadInput

_KEPT_OUTPUTS = ("arn", "id", "location", "region", "identifier", "clusterIdentifier", "bucket", "name")
_HINT = "give the output of `pulumi preview --json`, an engine event log (JSON lines) or a stack export"


def bad(where: str, what: str, hint: str) -> BadInput:
    """`plans/x.json: steps[3].urn: is no URN` as an error to raise; `hint` says what to do."""
    return BadInput(f"{where}: {what}", hint)


def read_text(path: Path) -> str:
    """The whole file as text, in whichever encoding. Raises BadInput."""
    return text_files.read_text(path, _HINT)


# The engine's own markup (`<{%fg 1%}>`, as it stands where nobody asked for a colour) and a terminal's sequences.
_COLOURS = re.compile(r"<\{%.*?%\}>|\x1b\[[0-9;:?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)")


def plain_text(text: str) -> str:
    """A message of the engine without the colours in it."""
    return _COLOURS.sub("", text) if "<{%" in text or "\x1b" in text else text


def decoder() -> json.JSONDecoder:
    """A JSON decoder that refuses NaN and infinities, which no engine writes."""
    return json.JSONDecoder(parse_constant=_refuse_constant)


def _refuse_constant(name: str) -> Any:
    message = f"{name} is no JSON"
    raise ValueError(message)


def expect(value: Any, kind: type | tuple[type, ...], where: str, what: str) -> Any:
    """The value if it is of this kind; else BadInput that names the place."""
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is int):
        raise bad(where, f"{_shape(value)} instead of {what}", _HINT)
    return value


def _shape(value: Any) -> str:
    names = {dict: "an object", list: "a list", str: "text", bool: "true or false", int: "a number", float: "a number"}
    return "nothing" if value is None else names.get(type(value), type(value).__name__)


def check_urn(value: Any, where: str) -> str:
    urn: str = expect(value, str, where, "a URN")
    if not urn.startswith("urn:pulumi:") or urn.count("::") < 3:
        raise bad(where, "is no URN (urn:pulumi:STACK::PROJECT::TYPE::NAME)", _HINT)
    return urn


def texts(value: Any, where: str) -> tuple[str, ...]:
    """A list of texts; absent and null count as empty."""
    if value is None:
        return ()
    return tuple(
        expect(item, str, f"{where}[{n}]", "text") for n, item in enumerate(expect(value, list, where, "a list"))
    )


def resource(
    preview: StackPreview, state: Any, urn: str, where: str, *, custom_if_unsaid: bool = True, beside: Any = None
) -> Resource | None:
    """
    One side of a step. Values that stand under a sensitive name are remembered in `preview.sensitive`.

    An event log leaves `custom` out where it is false, a digest never does: `custom_if_unsaid`. `beside` is the other
    side where that has been read: what both hold need not be looked through twice.
    Raises BadInput that names the part which is of another shape.
    """
    if state is None:
        return None
    expect(state, dict, where, "an object")
    kind = normal_type(expect(state.get("type") or urn_type(urn), str, f"{where}.type", "text"))
    inputs: Mapping[str, Any] = expect(state.get("inputs") or {}, dict, f"{where}.inputs", "an object")
    outputs: Mapping[str, Any] = expect(state.get("outputs") or {}, dict, f"{where}.outputs", "an object")
    for held in chain(secrets_of_type(kind, inputs), secrets_of_type(kind, outputs)):
        collect_sensitive(held, preview.sensitive, everything=True)
    collect_sensitive(inputs, preview.sensitive, seen=beside.get("inputs") if isinstance(beside, dict) else None)
    collect_sensitive(outputs, preview.sensitive, seen=inputs)
    for name in _named_secret(state.get("additionalSecretOutputs")):
        collect_sensitive([inputs.get(name), outputs.get(name)], preview.sensitive, everything=True)
    keep = kind in preview.keep or kind.startswith("pulumi:providers:")
    return Resource(
        stack=preview.stack,
        urn=urn,
        type=kind,
        name=urn_name(urn),
        inputs=inputs if keep else None,
        outputs={key: outputs[key] for key in _KEPT_OUTPUTS if isinstance(outputs.get(key), str)},
        prints={key: hash(repr(value)) for key, value in inputs.items()},
        provider=state.get("provider") if isinstance(state.get("provider"), str) else "",
        protect=state.get("protect") is True,
        retain=state.get("retainOnDelete") is True,
        own_urn=own_urn if isinstance(own_urn := state.get("urn"), str) and own_urn else urn,
        id=identity if isinstance(identity := state.get("id"), str) else "",
        owned=(custom_if_unsaid if (custom := state.get("custom")) is None else custom is True)
        and state.get("external") is not True,
    )


def _named_secret(value: Any) -> list[str]:
    """Properties that the provider or the program calls secret, whether or not their values are marked."""
    return [name for name in value if isinstance(name, str)] if isinstance(value, list) else []


def differing(old: Resource | None, new: Resource | None) -> tuple[str, ...]:
    """Top-level inputs that differ between both sides of a step."""
    if old is None or new is None:
        return ()
    return tuple(
        sorted(key for key in old.prints.keys() | new.prints.keys() if old.prints.get(key) != new.prints.get(key))
    )


def error_lines(messages: Iterable[str]) -> list[str]:
    """The engine's error messages without colours, prefixes, repeats and empty ones."""
    lines = (plain_text(text).strip().removeprefix("error:").strip() for text in messages)
    return list(dict.fromkeys(line for line in lines if line))


def regions_in(preview: StackPreview, config: Any, where: str) -> dict[str, Any]:
    """What the configuration of a stack says of its place; what in it is sensitive is remembered."""
    given = expect(config or {}, dict, where, "an object")
    collect_sensitive(given, preview.sensitive)
    return {key: value for key, value in given.items() if key.endswith((":region", ":location"))}


def counts_in(value: Any, where: str) -> dict[str, int]:
    """How many steps of each operation a summary counts."""
    summary = expect(value or {}, dict, where, "an object")
    return {op: expect(number, int, f"{where}.{op}", "a number") for op, number in summary.items()}

"""Opening preview files: which of the three formats it is, and pieces that every reader needs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from previews.meanings import normal_type
from previews.previewed import Resource, StackPreview, urn_name, urn_type
from previews.safety import collect_sensitive
from scripts.core.errors import BadInput

LARGEST_FILE = 256 * 1024 * 1024
_KEPT_OUTPUTS = ("arn", "id", "location", "region", "identifier", "clusterIdentifier", "bucket", "name")
_HINT = "give the output of `pulumi preview --json`, an engine event log (JSON lines) or a stack export"
_ALL_SECRET = frozenset({"kubernetes:core/v1:Secret", "kubernetes:core/v1:SecretPatch"})


def bad(where: str, what: str, hint: str) -> BadInput:
    """`plans/x.json: steps[3].urn: is no URN` as an error to raise; `hint` says what to do."""
    return BadInput(f"{where}: {what}", hint)


def read_text(path: Path) -> str:
    """
    The whole file as text, with or without a byte order mark (a shell may write UTF-16 when it redirects).

    Raises BadInput for a file that is missing, unreadable, larger than LARGEST_FILE or no text.
    """
    try:
        size = path.stat().st_size
        if size > LARGEST_FILE:
            raise bad(str(path), f"{size // 2**20} MiB is more than {LARGEST_FILE // 2**20} MiB", _HINT)
        data = path.read_bytes()
    except OSError as error:
        raise bad(str(path), f"cannot be read: {error.strerror}", "check the path and its permissions") from None
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise bad(str(path), f"is no text at byte {error.start}", _HINT) from None


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


def resource(preview: StackPreview, state: Any, urn: str, where: str) -> Resource | None:
    """
    One side of a step. Values that stand under a sensitive name are remembered in `preview.sensitive`.

    Raises BadInput that names the part which is of another shape.
    """
    if state is None:
        return None
    expect(state, dict, where, "an object")
    kind = normal_type(expect(state.get("type") or urn_type(urn), str, f"{where}.type", "text"))
    inputs: Mapping[str, Any] = expect(state.get("inputs") or {}, dict, f"{where}.inputs", "an object")
    outputs: Mapping[str, Any] = expect(state.get("outputs") or {}, dict, f"{where}.outputs", "an object")
    everything = kind in _ALL_SECRET
    for side in (inputs, outputs):
        if everything:
            for key in ("data", "stringData"):
                collect_sensitive(side.get(key), preview.sensitive, everything=True)
        collect_sensitive(side, preview.sensitive)
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
    )


def differing(old: Resource | None, new: Resource | None) -> tuple[str, ...]:
    """Top-level inputs that differ between both sides of a step."""
    if old is None or new is None:
        return ()
    return tuple(
        sorted(key for key in old.prints.keys() | new.prints.keys() if old.prints.get(key) != new.prints.get(key))
    )


def error_lines(messages: Iterable[str]) -> list[str]:
    """The engine's error messages without repeats and empty ones."""
    return list(dict.fromkeys(text.strip() for text in messages if text.strip()))

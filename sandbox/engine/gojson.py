"""JSON as Go's encoding/json writes it, because the CLI is written in Go and its texts are compared byte by byte.

The differences from Python's `json`: numbers are doubles in their shortest form and without a point when they are whole
(2**63 is 9223372036854776000), exponents have no leading zero, and U+2028 and U+2029 are always escaped.
"""

import json
import re
from collections.abc import Callable
from typing import Any

Json = Any
EXACT = 2**53  # every whole number up to here is a double of its own
_ODD = re.compile(r'("(?:[^"\\]|\\.)*")|-?\d[\d.]*e-\d+|-0\.0(?!\d)')
_HINT = re.compile(r"\de-\d|-0\.0")
_MINUS_ZERO = re.compile(rb"[\[:,]-0[,\]}]")
_COMPACT: Callable[[Json], str] = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode


def number(value: float) -> int | float:
    """A number in the form in which Go would write it: the nearest double, whole where it has no fraction."""
    if type(value) is int:
        return value if -EXACT <= value <= EXACT else _shortest(float(value))
    if value.is_integer() and abs(value) < 1e21:
        return _shortest(value) if value or str(value) == "0.0" else value
    return value


def _shortest(value: float) -> int | float:
    """A whole double as the integer that its shortest digits and zeros spell."""
    if abs(value) <= EXACT:
        return int(value)
    digits, _, exponent = repr(value).partition("e")
    if not exponent:
        return int(value)
    if abs(value) >= 1e21:
        return value
    whole, _, fraction = digits.partition(".")
    return int(whole + fraction + "0" * (int(exponent) - len(fraction)))


def compact(value: Json) -> str:
    """The JSON of a value on one line, without spaces. `<`, `>` and `&` stay as they are."""
    return _finished(_COMPACT(value))


def indented(value: Json, indent: int, *, html: bool = False) -> str:
    """The JSON of a value over several lines. `html` escapes `<`, `>` and `&`, as Go's json.Marshal does."""
    text = _finished(json.dumps(value, indent=indent, ensure_ascii=False))
    return escaped(text) if html else text


def marshalled(value: Json) -> str:
    """What Go's json.Marshal gives: on one line, keys in order, `<`, `>` and `&` escaped."""
    text = json.dumps(normal(value), separators=(",", ":"), sort_keys=True, ensure_ascii=False)
    return escaped(_finished(text))


def normal(value: Json) -> Json:
    """A value with each number in the form in which Go writes it."""
    if isinstance(value, dict):
        return {key: normal(item) for key, item in value.items()}
    if isinstance(value, list):
        return [normal(item) for item in value]
    return number(value) if type(value) in (int, float) else value


def loads(raw: bytes) -> Json:
    """Data from JSON. Raises ValueError. Python would make the whole number 0 of a double's -0."""
    if _MINUS_ZERO.search(raw):
        return json.loads(raw, parse_int=lambda digits: -0.0 if digits == "-0" else int(digits))
    return json.loads(raw)


def escaped(text: str) -> str:
    """JSON text with `<`, `>` and `&` escaped; they can stand only inside of its strings."""
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def _finished(text: str) -> str:
    if "\u2028" in text or "\u2029" in text:
        text = text.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
    if _HINT.search(text):
        text = _ODD.sub(_rewritten, text)
    return text


def _rewritten(found: re.Match[str]) -> str:
    text = found[0]
    if found[1] is not None:
        return text
    if text == "-0.0":
        return "-0"
    mantissa, _, exponent = text.partition("e-")
    if int(exponent) > 6:
        return f"{mantissa}e-{int(exponent)}"
    sign, mantissa = ("-", mantissa[1:]) if mantissa[0] == "-" else ("", mantissa)
    return f"{sign}0.{'0' * (int(exponent) - 1)}{mantissa.replace('.', '')}"

"""One mistake of a file, and how pydantic's errors become such."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from .base import EXPECTED
from .durations import quote


@dataclass(frozen=True)
class Mistake:
    """`path` is the place inside the file, such as `services[2].objectives.rpo`; empty for the file as a whole."""

    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" if self.path else self.message


def path_of(location: Iterable[str | int]) -> str:
    """`("services", 2, "tier")` -> `services[2].tier`."""
    text = ""
    for part in location:
        if isinstance(part, int):
            text += f"[{part}]"
        elif part.isidentifier() or all(c.isalnum() or c in "-_" for c in part):
            text += f".{part}" if text else part
        else:
            text += f"[{quote(part)}]"
    return text


def mistakes_of(error: ValidationError) -> list[Mistake]:
    """Each of pydantic's errors once, in the words of the plan."""
    found: dict[Mistake, None] = {}
    details = error.errors(include_url=False)
    wrong = {detail["loc"][:length] for detail in details for length in range(len(detail["loc"]))}
    for detail in details:
        if detail["type"] == "too_short" and detail["loc"] in wrong:
            continue  # pydantic counts only the entries that are right, and the wrong ones are told one by one
        location = _visible(detail["loc"])
        if detail["type"].startswith("union_tag"):
            location.append("kind")
        found[
            Mistake(path_of(location), _message(detail["type"], detail["msg"], detail["input"], detail.get("ctx", {})))
        ] = None
    return list(found)


def _visible(location: Sequence[str | int]) -> list[str | int]:
    """Leave out the parts that pydantic adds for itself: members of a union, keys of a mapping, kinds of an entry."""
    tagged = len(location) > 2 and location[0] in ("stores", "services", "checks") and isinstance(location[1], int)
    return [part for at, part in enumerate(location) if part not in _INVISIBLE and not (tagged and at == 2)]


_INVISIBLE = {"[key]", "literal['same_region']"}


def _message(kind: str, text: str, value: Any, context: dict[str, Any]) -> str:
    if kind in ("missing", "union_tag_not_found"):
        return "is required"
    if kind == "union_tag_invalid":
        return f"{quote(context['tag'])} is not {_either(context['expected_tags'])}"
    if kind == "extra_forbidden":
        return "is not a known key"
    if kind == "invalid_key":
        return "keys must be text"
    if kind == "too_short":
        return f"has {context['actual_length']} entries, and needs at least {context['min_length']}"
    if kind == "value_error":
        return text.removeprefix("Value error, ")
    if kind == "literal_error":
        return f"{quote(value)} is not {context['expected']}"
    if kind == "string_pattern_mismatch":
        return f"{quote(value)} is not {EXPECTED.get(context['pattern'], 'of the expected form')}"
    if kind in _WANTED:
        return f"{quote(value)} is not {_WANTED[kind]}" + (_QUOTED if kind == "string_type" and _reads(value) else "")
    text = text.removeprefix("Input ")
    return f"{quote(value)}: {_lower(text)}"


# What a value has to be, for each of pydantic's errors about its type.
_WANTED = {
    "string_type": "text",
    "int_type": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "tuple_type": "a list",
    "list_type": "a list",
    "dict_type": "a mapping",
    "mapping_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
}
_QUOTED = ": quote it if it is meant as text"


def _reads(value: Any) -> bool:
    """Whether a value could have been meant as text, and YAML read it as something else."""
    return value is not None and not isinstance(value, (list, dict))


def _either(tags: str) -> str:
    """`'a', 'b', 'c'` as pydantic lists the kinds of a union -> `'a', 'b' or 'c'`."""
    return listed(tags.split(", "))


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


def listed(options: Sequence[str]) -> str:
    """`a, b or c`, for an error that says what there is."""
    return options[0] if len(options) == 1 else f"{', '.join(options[:-1])} or {options[-1]}" if options else "nothing"

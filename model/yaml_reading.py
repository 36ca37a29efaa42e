"""
How plain words, numbers and dates in YAML are read: not as PyYAML does, which follows YAML 1.1.

Two readings, because two readers decide what a file means:

- Project and stack files are Pulumi's: `read_settings` reads them as the CLI does (gopkg.in/yaml.v3), so `no` is text,
  1_000 is a number, 017 is fifteen and a date is the text that Go writes for it.
- Plans are ours: `PlanResolver` follows YAML 1.2, and what one reader takes for fifteen and another for seventeen is
  refused by yaml_document.py.

docs/decisions/yaml.md tells why a resolver over PyYAML was chosen.
"""

import re
from datetime import datetime, timedelta, timezone
from typing import Any

import yaml

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
NULL = "tag:yaml.org,2002:null"
BOOL = "tag:yaml.org,2002:bool"
INT = "tag:yaml.org,2002:int"
FLOAT = "tag:yaml.org,2002:float"
TIMESTAMP = "tag:yaml.org,2002:timestamp"
MERGE = "tag:yaml.org,2002:merge"

_NULL = re.compile(r"~|null|Null|NULL|")
_BOOL = re.compile(r"true|True|TRUE|false|False|FALSE")
_SPECIAL = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_DATE = re.compile(
    r"(?P<year>\d{4})-(?P<month>\d{1,2})-(?P<day>\d{1,2})"
    r"(?:(?:[Tt]|[ ])(?P<hour>\d{1,2}):(?P<minute>\d{1,2}):(?P<second>\d{1,2})(?P<fraction>\.\d{1,9})?"
    r"(?P<zone>Z|[-+]\d{2}:\d{2})?)?"
)


class _Resolving(_Loader):  # type: ignore[misc] # the class depends on whether libyaml is there
    """A safe loader with none of YAML 1.1's implicit types."""

    yaml_implicit_resolvers: dict[str | None, list[tuple[str, Any]]] = {}  # noqa: RUF012 # PyYAML copies it on a change


def _common(loader: Any) -> None:
    loader.add_implicit_resolver(NULL, re.compile(rf"^(?:{_NULL.pattern})$"), ["~", "n", "N", ""])
    loader.add_implicit_resolver(BOOL, re.compile(rf"^(?:{_BOOL.pattern})$"), list("tTfF"))
    loader.add_implicit_resolver(MERGE, re.compile(r"^<<$"), ["<"])


# -- plans -------------------------------------------------------------------------------------------------------------
class PlanResolver(_Resolving):
    """YAML 1.2's core types, and dates. yaml_document.py constructs its numbers, and refuses those of two readings."""


_DIGITS = list("-+0123456789")
_common(PlanResolver)
PlanResolver.add_implicit_resolver(TIMESTAMP, re.compile(r"^\d{4}-\d{2}-\d{2}$"), list("0123456789"))
PlanResolver.add_implicit_resolver(INT, re.compile(r"^(?:[-+]?\d+|0o[0-7]+|0x[0-9a-fA-F]+)$"), _DIGITS)
PlanResolver.add_implicit_resolver(
    FLOAT,
    re.compile(rf"^(?:[-+]?(?:\.\d+|\d+(?:\.\d*)?)(?:[eE][-+]?\d+)?|{_SPECIAL.pattern})$"),
    [*_DIGITS, "."],
)


def begins_with_zero(text: str) -> bool:
    """Whether a plain number is one that some readers take for octal."""
    return re.fullmatch(r"[-+]?0\d+", text) is not None


# -- project and stack files -------------------------------------------------------------------------------------------
class RepeatedKeyError(yaml.constructor.ConstructorError):
    """A key stands twice in one mapping."""


class SettingsResolver(_Resolving):
    """The types of gopkg.in/yaml.v3, with which the CLI reads."""

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        seen: dict[Any, int] = {}
        for key_node, _ in node.value:
            key = key_node.value if isinstance(key_node, yaml.ScalarNode) else None
            if key is not None and key != "<<" and key in seen:
                line = key_node.start_mark.line + 1
                problem = f'line {line}: mapping key "{key}" already defined at line {seen[key]}'
                raise RepeatedKeyError(None, None, problem, key_node.start_mark)
            seen[key] = key_node.start_mark.line + 1
        return super().construct_mapping(node, deep)


_common(SettingsResolver)
_CANDIDATE = re.compile(r"^[-+.0-9].*$", re.DOTALL)
SettingsResolver.add_implicit_resolver("!number", _CANDIDATE, [*_DIGITS, "."])
_GO_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_GO_INT = re.compile(r"(?P<sign>[-+]?)(?:0[bB](?P<two>[01]+)|0[oO]?(?P<eight>[0-7]+)|0[xX](?P<sixteen>[0-9a-fA-F]+)|"
                     r"(?P<ten>[1-9][0-9]*|0))")  # fmt: skip


def settings_scalar(text: str) -> Any:
    """What the CLI makes of a plain scalar that begins as a number may: a number, a date's text, or the text itself."""
    if _SPECIAL.fullmatch(text):
        return float(text.replace(".", "", 1))
    moment = _date(text)
    if moment is not None:
        return moment
    bare = text.replace("_", "") if text[0] != "." else text
    found = _GO_INT.fullmatch(bare)
    if found is not None:
        digits, base = next(
            (found[n], b) for n, b in (("two", 2), ("eight", 8), ("sixteen", 16), ("ten", 10)) if found[n]
        )
        number = int(found["sign"] + digits, base)
        if -(2**63) <= number < 2**64:
            return number
    if _GO_FLOAT.fullmatch(bare):
        value = float(bare)
        return value if abs(value) != float("inf") else text
    return text


def _date(text: str) -> str | None:
    """A date as Go writes it, in the zone that it was given in."""
    found = _DATE.fullmatch(text)
    if found is None:
        return None
    if found["hour"] and found["zone"] is None and "t" in text.lower():
        return None
    zone = found["zone"] or "Z"
    offset = timedelta()
    if zone != "Z":
        offset = timedelta(hours=int(zone[1:3]), minutes=int(zone[4:])) * (-1 if zone[0] == "-" else 1)
    try:
        moment = datetime(
            int(found["year"]), int(found["month"]), int(found["day"]), int(found["hour"] or 0),
            int(found["minute"] or 0), int(found["second"] or 0), tzinfo=timezone(offset),
        )  # fmt: skip
    except ValueError:
        return None
    fraction = (found["fraction"] or "").rstrip("0").rstrip(".")
    shift = "+0000 UTC" if not offset else moment.strftime("%z %z")
    return f"{moment:%Y-%m-%d %H:%M:%S}{fraction} {shift}"


def _settings_number(loader: Any, node: Any) -> Any:
    return settings_scalar(loader.construct_scalar(node))


def _untagged(loader: Any, _suffix: str, node: Any) -> Any:
    """A tag that nobody knows changes nothing, as in the CLI."""
    if isinstance(node, yaml.ScalarNode):
        return loader.construct_scalar(node)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    return loader.construct_mapping(node, deep=True)


for _tag in ("!number", INT, FLOAT, TIMESTAMP):
    SettingsResolver.add_constructor(_tag, _settings_number)
SettingsResolver.add_multi_constructor("!", _untagged)


def read_settings(text: str) -> Any:
    """A project's or a stack's file as plain data, read as the CLI reads it. Raises yaml.YAMLError."""
    return yaml.load(text, Loader=SettingsResolver)  # noqa: S506 # a subclass of the safe loader


# -- writing -----------------------------------------------------------------------------------------------------------
_OLD_BOOL = re.compile(r"[yYnN]|(?:[yY]es|YES|[oO]n|ON|[nN]o|NO|[oO]ff|OFF)")
_BASE_60 = re.compile(r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?")
_TEXT = "tag:yaml.org,2002:str"


class _Dumper(yaml.SafeDumper):
    """Writes what SettingsResolver reads back, in the layout of the CLI."""

    def resolve(self, kind: Any, value: Any, implicit: Any) -> Any:
        """Give no scalar a written tag: `_scalar` has chosen a style in which it is read as what it is."""
        return _TEXT if kind is yaml.ScalarNode else super().resolve(kind, value, implicit)  # type: ignore[no-untyped-call]

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        """Indent the items of a list below a key."""
        del indentless
        super().increase_indent(flow, indentless=False)


def _read_back(text: str) -> Any:
    """What SettingsResolver makes of a plain scalar, if not the text itself."""
    if _NULL.fullmatch(text) or _BOOL.fullmatch(text):
        return None
    return settings_scalar(text) if _CANDIDATE.match(text) else text


def _is_text(text: str) -> bool:
    """Whether a plain scalar is read as this very text, also by readers of YAML 1.1."""
    return _read_back(text) == text and not _OLD_BOOL.fullmatch(text) and not _BASE_60.fullmatch(text)


def _scalar(value: Any, style: str | None = None) -> yaml.ScalarNode:
    """A scalar; a text keeps the given style (a quote, `|`, `>`), and is quoted where it would not be read as text."""
    if isinstance(value, str):
        if style is None:
            style = "|" if "\n" in value else None if _is_text(value) else '"'
        return yaml.ScalarNode(_TEXT, value, style=style)
    return yaml.ScalarNode(_TEXT, written(value))


def written(value: Any) -> str:
    """A number, a truth or nothing as settings files hold it: whole numbers without a point."""
    if value is None or isinstance(value, bool):
        return {True: "true", False: "false", None: "null"}[value]
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e21:
        return str(int(value))
    if isinstance(value, float) and value in (float("inf"), float("-inf")):
        return ".inf" if value > 0 else "-.inf"
    return repr(value)


def edited(old: yaml.Node | None, value: Any) -> yaml.Node:
    """
    The YAML of plain data in place of an older node. As with the CLI, what stays keeps its order and style, and new
    keys follow in the order of the alphabet.
    """
    if isinstance(value, dict):
        before = {key.value: (key, node) for key, node in old.value} if isinstance(old, yaml.MappingNode) else {}
        pairs = [(key, edited(node, value[name])) for name, (key, node) in before.items() if name in value]
        pairs += [(_scalar(str(key)), edited(None, value[key])) for key in sorted(value, key=str) if key not in before]
        flow = not pairs or (isinstance(old, yaml.MappingNode) and bool(old.flow_style))
        return yaml.MappingNode("tag:yaml.org,2002:map", pairs, flow_style=flow)
    if isinstance(value, list):
        items = old.value if isinstance(old, yaml.SequenceNode) else []
        nodes = [edited(items[i] if i < len(items) else None, item) for i, item in enumerate(value)]
        flow = not nodes or (isinstance(old, yaml.SequenceNode) and bool(old.flow_style))
        return yaml.SequenceNode("tag:yaml.org,2002:seq", nodes, flow_style=flow)
    if not isinstance(old, yaml.ScalarNode) or not isinstance(value, str):
        return _scalar(value)
    if not old.style and "\n" not in value and _read_back(value) == value:
        return yaml.ScalarNode(_TEXT, value)  # a plain word stays plain, also one that readers of YAML 1.1 mistake
    return _scalar(value, old.style or None)


def settings_text(key: str, value: Any, old: yaml.Node | None = None) -> str:
    """The lines of one key of a settings file; `old` is the node that stood there before."""
    node = yaml.MappingNode("tag:yaml.org,2002:map", [(_scalar(key), edited(old, value))], flow_style=False)
    return str(yaml.serialize(node, Dumper=_Dumper, allow_unicode=True, width=10**9))


def settings_node(text: str) -> yaml.Node | None:
    """The nodes of a settings file, with their places in the text. Raises yaml.YAMLError."""
    return yaml.compose(text, Loader=SettingsResolver)

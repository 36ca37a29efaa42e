"""Property paths such as `tags.env`, `list[0]`, `data["a key"]` and `*`: for ignoreChanges and its kin, and config."""

import re
from typing import Any

from sandbox.engine.values import Map, Secret, Value

Path = list[str | int]

_PIECE = re.compile(r'(?P<name>[^.\[]+)|\["(?P<quoted>(?:\\"|[^"])*)"\]|\[(?P<index>[-+]?\d+|\*)\]')


def parse(text: str, *, strict: bool = False) -> Path:
    """The parts of a path. Raises ValueError when it is none; `strict` refuses a dot before a bracket."""
    parts: Path = []
    position = 0
    while position < len(text):
        if text[position] == "." and position:
            position += 1
            if position == len(text):
                message = "expected property path to end with a name or index"
                raise ValueError(message)
            if text[position] == ".":
                continue
            if strict and text[position] == "[":
                message = "expected property name after '.'"
                raise ValueError(message)
        found = _PIECE.match(text, position)
        if found is None:
            raise ValueError(_wrong(text, position))
        if found["name"] is not None:
            parts.append(found["name"])
        elif found["quoted"] is not None:
            parts.append(found["quoted"].replace('\\"', '"'))
        else:
            parts.append("*" if found["index"] == "*" else int(found["index"]))
        position = found.end()
    return parts


def _wrong(text: str, position: int) -> str:
    """What is wrong with a path, in the CLI's words."""
    rest = text[position:]
    if rest[0] == ".":
        return "expected property path to start with a name or index"
    if rest.startswith('["'):
        return (
            "missing closing bracket in property access"
            if '"' in rest[2:]
            else "missing closing quote in property name"
        )
    if "]" not in rest:
        return "missing closing bracket in array index"
    return f'invalid array index: strconv.ParseInt: parsing "{rest[1 : rest.index("]")]}": invalid syntax'


def parsed(text: str) -> Path | None:
    """The parts of a path; None when it is none."""
    try:
        return parse(text)
    except ValueError:
        return None


def contains(path: Path, other: Path) -> bool:
    """Whether `other` lies at or below `path`; `*` stands for any one part."""
    if len(other) < len(path):
        return False
    return all(p in ("*", o) and (p == "*" or type(p) is type(o)) for p, o in zip(path, other, strict=False))


def format_path(path: Path) -> str:
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        elif re.fullmatch(r"\w+", part, re.ASCII):
            text += f".{part}" if text else part
        else:
            quoted = part.replace('"', '\\"')
            text += f'["{quoted}"]'
    return text


def reset(path: Path, old: Map, new: Map) -> bool:
    """Put the old value back into `new` at the path; False when the path leads through what was added or removed."""
    return _reset(path, old, new, old_secret=False, new_secret=False)


def _bare(value: Value) -> tuple[Value, bool]:
    secret = False
    while type(value) is Secret:
        value, secret = value.value, True
    return value, secret


def _reset(path: Path, old: Value, new: Value, *, old_secret: bool, new_secret: bool) -> bool:
    old, inner = _bare(old)
    old_secret = old_secret or inner
    new, inner = _bare(new)
    new_secret = new_secret or inner

    def kept(value: Value) -> Value:
        return Secret(value) if old_secret and not new_secret and type(value) is not Secret else value

    key, rest = path[0], path[1:]
    if key == "*":
        return _reset_all(rest, old, new, kept, old_secret=old_secret, new_secret=new_secret)
    if isinstance(key, int):
        both = isinstance(old, list) and isinstance(new, list)
        if not both:
            return not isinstance(old, list) and not isinstance(new, list)
        if key >= len(old) or key >= len(new):
            return not rest and key >= len(old) and key >= len(new)
        if rest:
            return _reset(rest, old[key], new[key], old_secret=old_secret, new_secret=new_secret)
        new[key] = kept(old[key])
        return True
    if not rest:
        if isinstance(old, dict) and key in old:
            if not isinstance(new, dict):
                return False
            new[key] = kept(old[key])
        elif isinstance(new, dict):
            new.pop(key, None)
        return True
    if not isinstance(old, dict) or not isinstance(new, dict):
        return not isinstance(old, dict) and not isinstance(new, dict)
    if key not in new:
        return key not in old
    return _reset(rest, old.get(key), new[key], old_secret=old_secret, new_secret=new_secret)


def _reset_all(rest: Path, old: Value, new: Value, kept: Any, *, old_secret: bool, new_secret: bool) -> bool:
    if isinstance(new, dict) and isinstance(old, dict):
        if not rest:
            for key in set(new) - set(old):
                del new[key]
            new.update({k: kept(v) for k, v in old.items()})
            return True
        return all(
            k in new and _reset(rest, v, new[k], old_secret=old_secret, new_secret=new_secret) for k, v in old.items()
        )
    if isinstance(new, list) and isinstance(old, list):
        for index, value in enumerate(old[: len(new)]):
            if not rest:
                new[index] = kept(value)
            elif not _reset(rest, value, new[index], old_secret=old_secret, new_secret=new_secret):
                return False
        return len(old) == len(new)
    return not rest and isinstance(new, (dict, list))

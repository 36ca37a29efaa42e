"""A stack's settings file, Pulumi.<stack>.yaml: read, and edited in place so that comments stay."""

import json
from pathlib import Path
from typing import Any

import yaml

from sandbox.engine.backend import replace
from sandbox.engine.errors import EngineError

Json = Any
_WORDS = {"y", "n", "yes", "no", "on", "off", "true", "false", "null", "~", ""}


class Settings:
    """One settings file. Changes are written at once."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.text = path.read_text() if path.exists() else ""
        self.data = self._parsed()

    def _parsed(self) -> dict[str, Json]:
        try:
            data = yaml.safe_load(self.text) or {}
        except yaml.YAMLError as error:
            message = f"could not read {self.path}: {error}"
            raise EngineError(message) from error
        if not isinstance(data, dict):
            message = f"could not read {self.path}: a mapping was expected"
            raise EngineError(message)
        return data

    @property
    def config(self) -> dict[str, Json]:
        found = self.data.get("config") or {}
        return found if isinstance(found, dict) else {}

    @property
    def salt(self) -> str:
        return str(self.data.get("encryptionsalt") or "")

    def save(self) -> None:
        if self.text:
            replace(self.path, [self.text.encode()])
        elif self.path.exists():
            self.path.unlink()
        self.data = self._parsed()

    def set_salt(self, salt: str) -> None:
        """Store the salt; in front of a new file, else where it was or at the end."""
        self.text = _with_key(self.text, "encryptionsalt", salt, 0)
        self.save()

    def set_config(self, key: str, value: Json) -> None:
        section = _section(self.text)
        if section is None:
            self.text = _with_key(self.text, "config", {**self.config, key: value}, 0)
        else:
            self.text = _edited(self.text, section, key, emit_pair(key, value, _indent(section)))
        self.save()

    def remove_config(self, key: str) -> None:
        section = _section(self.text)
        if section is None or key not in self.config:
            return
        if len(self.config) == 1:
            self.text = _without_key(self.text, "config")
        else:
            self.text = _edited(self.text, section, key, [])
        self.save()


# -- emitting ----------------------------------------------------------------------------------------------------------
def scalar(value: Json) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "null"
    if not isinstance(value, str):
        return str(value)
    simple = value.lower() not in _WORDS and "\n" not in value and value == value.strip()
    if simple:
        try:
            simple = yaml.safe_load(value) == value and yaml.safe_load(f"{value}: 1") == {value: 1}
        except yaml.YAMLError:
            simple = False
    return value if simple else json.dumps(value, ensure_ascii=False)


def emit_pair(key: str, value: Json, indent: int) -> list[str]:
    pad = " " * indent
    if isinstance(value, (dict, list)) and value:
        return [f"{pad}{scalar(key)}:", *emit(value, indent + 2)]
    if isinstance(value, (dict, list)):
        return [f"{pad}{scalar(key)}: {'{}' if isinstance(value, dict) else '[]'}"]
    return [f"{pad}{scalar(key)}: {scalar(value)}"]


def emit(value: Json, indent: int) -> list[str]:
    lines: list[str] = []
    if isinstance(value, dict):
        for key, item in value.items():
            lines += emit_pair(str(key), item, indent)
        return lines
    for item in value:
        if isinstance(item, (dict, list)) and item:
            inner = emit(item, indent + 2)
            lines += [" " * indent + "- " + inner[0].lstrip(), *inner[1:]]
        else:
            lines.append(" " * indent + "- " + ("{}" if item == {} else "[]" if item == [] else scalar(item)))
    return lines


# -- editing -----------------------------------------------------------------------------------------------------------
def _root(text: str) -> yaml.MappingNode | None:
    node = yaml.compose(text, Loader=yaml.SafeLoader)
    return node if isinstance(node, yaml.MappingNode) else None


def _section(text: str) -> yaml.MappingNode | None:
    """The mapping below `config:`, when it is written over several lines."""
    root = _root(text)
    for key, value in root.value if root else ():
        if key.value == "config" and isinstance(value, yaml.MappingNode) and not value.flow_style and value.value:
            return value
    return None


def _indent(section: yaml.MappingNode) -> int:
    return int(section.value[0][0].start_mark.column)


def _last_line(node: yaml.Node) -> int:
    """The last line of a node's own text, without comments and blank lines behind it."""
    if isinstance(node, yaml.MappingNode) and not node.flow_style and node.value:
        return _last_line(node.value[-1][1])
    if isinstance(node, yaml.SequenceNode) and not node.flow_style and node.value:
        return _last_line(node.value[-1])
    if node.end_mark.column == 0 and node.end_mark.line > node.start_mark.line:
        return int(node.end_mark.line) - 1
    return int(node.end_mark.line)


def _edited(text: str, section: yaml.MappingNode, key: str, new: list[str]) -> str:
    lines = text.splitlines()
    for name, value in section.value:
        if name.value == key:
            lines[name.start_mark.line : _last_line(value) + 1] = new
            break
    else:
        at = _last_line(section) + 1
        lines[at:at] = new
    return "\n".join(lines) + "\n"


def _with_key(text: str, key: str, value: Json, indent: int) -> str:
    root, new = _root(text), emit_pair(key, value, indent)
    lines = text.splitlines()
    for name, old in root.value if root else ():
        if name.value == key:
            lines[name.start_mark.line : _last_line(old) + 1] = new
            break
    else:
        lines += new
    return "\n".join(lines) + "\n"


def _without_key(text: str, key: str) -> str:
    root = _root(text)
    lines = text.splitlines()
    for name, old in root.value if root else ():
        if name.value == key:
            del lines[name.start_mark.line : _last_line(old) + 1]
    return "\n".join(lines) + "\n" if lines else ""

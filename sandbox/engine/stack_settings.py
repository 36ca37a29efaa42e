"""A stack's settings file, Pulumi.<stack>.yaml: read, and edited in place so that comments stay."""

import re
from pathlib import Path
from typing import Any

import yaml

from model import yaml_reading
from sandbox.engine.backend import replace
from sandbox.engine.errors import EngineError

Json = Any
_LINE = re.compile(r"[^\n\r\x85\u2028\u2029]*(?:\r\n|[\n\r\x85\u2028\u2029]|$)")


class Settings:
    """One settings file. Changes are written at once."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.text = path.read_text() if path.exists() else ""
        self.data = self._parsed()

    def _parsed(self) -> dict[str, Json]:
        try:
            data = yaml_reading.read_settings(self.text) or {}
        except yaml_reading.RepeatedKeyError as error:
            message = f"getting stack configuration: yaml: unmarshal errors:\n  {error.problem}"
            raise EngineError(message) from error
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
        return {key: "" if value is None else value for key, value in found.items()} if isinstance(found, dict) else {}

    @property
    def empty(self) -> list[str]:
        """Keys of the configuration that the file gives no value: they are taken for an empty text."""
        found = self.data.get("config") or {}
        return [str(key) for key, value in found.items() if value is None] if isinstance(found, dict) else []

    @property
    def salt(self) -> str:
        return str(self.data.get("encryptionsalt") or "")

    def save(self) -> None:
        self._respell()
        if self.text:
            replace(self.path, [self.text.encode()])
        elif self.path.exists():
            self.path.unlink()
        self.data = self._parsed()

    def _respell(self) -> None:
        """Spell each value of the configuration as the CLI does whenever it writes the file."""
        for key, value in ((yaml_reading.read_settings(self.text) or {}).get("config") or {}).items():
            section = _section(self.text)
            if section is None:
                return
            for name, node in section.value:
                if name.value == str(key) and (_held(value) != value or _spelled_otherwise(node, value)):
                    self.text = _edited(self.text, section, name.value, _held(value))

    def set_salt(self, salt: str) -> None:
        """Store the salt; in front of a new file, else where it was or at the end."""
        self.text = _with_key(self.text, "encryptionsalt", salt)
        self.save()

    def set_config(self, key: str, value: Json) -> None:
        section = _section(self.text)
        if section is None:
            self.text = _with_key(self.text, "config", {**self.config, key: value})
        else:
            self.text = _edited(self.text, section, key, value)
        self.save()

    def remove_config(self, key: str) -> None:
        section = _section(self.text)
        if section is None or key not in self.config:
            return
        if len(self.config) == 1:
            self.text = _without_key(self.text, "config")
        else:
            self.text = _without(self.text, section, key)
        self.save()


# -- emitting ----------------------------------------------------------------------------------------------------------
def emit_pair(key: str, value: Json, indent: int, old: yaml.Node | None = None) -> list[str]:
    """The lines of a key; `old` is the node that they replace."""
    pad = " " * indent
    return [pad + line if line.strip() else line for line in _lines(yaml_reading.settings_text(key, value, old))]


def _held(value: Json) -> Json:
    """A value as the CLI holds it: a number or a truth that is no part of an object is kept as text."""
    if value is None:
        return ""
    return value if isinstance(value, (str, dict, list)) else yaml_reading.written(value)


def _spelled_otherwise(node: yaml.Node, value: Json) -> bool:
    """Whether the CLI would spell a value in another way than the file does, as 2 for 2.0."""
    if isinstance(node, yaml.MappingNode) and isinstance(value, dict):
        return any(_spelled_otherwise(v, value.get(k.value)) for k, v in node.value)
    if isinstance(node, yaml.SequenceNode) and isinstance(value, list):
        return any(_spelled_otherwise(n, v) for n, v in zip(node.value, value, strict=False))
    if isinstance(value, str) or not isinstance(node, yaml.ScalarNode):
        return False
    return bool(node.value != yaml_reading.written(value))


# -- editing -----------------------------------------------------------------------------------------------------------
def _root(text: str) -> yaml.MappingNode | None:
    node = yaml_reading.settings_node(text)
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


def _lines(text: str) -> list[str]:
    """The lines as YAML counts them, each with its end."""
    return [line for line in _LINE.findall(text) if line]


def _joined(lines: list[str]) -> str:
    return "".join(lines).rstrip("\n") + "\n" if lines else ""


def _edited(text: str, section: yaml.MappingNode, key: str, value: Json) -> str:
    """The text with a key of a mapping set, where it stands or at the end."""
    lines, indent = _lines(text), _indent(section)
    for name, old in section.value:
        if name.value == key:
            end = _last_line(old) + 1
            new = emit_pair(key, value, indent, old)
            if len(new) == 1 and isinstance(old, yaml.ScalarNode) and old.end_mark.line == end - 1:
                remark = lines[end - 1][old.end_mark.column :]  # a comment behind the value
                new = [new[0].rstrip("\n") + remark] if remark.strip() else new
            lines[name.start_mark.line : end] = new
            break
    else:
        at = _last_line(section) + 1
        if at and at <= len(lines) and not lines[at - 1].endswith("\n"):
            lines[at - 1] += "\n"
        lines[at:at] = emit_pair(key, value, indent)
    return _joined(lines)


def _without(text: str, section: yaml.MappingNode, key: str) -> str:
    lines = _lines(text)
    for name, old in section.value:
        if name.value == key:
            del lines[name.start_mark.line : _last_line(old) + 1]
            break
    return _joined(lines)


def _with_key(text: str, key: str, value: Json) -> str:
    """The text with a key of the file itself set."""
    root = _root(text)
    if root is not None and root.value:
        return _edited(text, root, key, value)
    return _joined([*_lines(text), *emit_pair(key, value, 0)])


def _without_key(text: str, key: str) -> str:
    root = _root(text)
    return _without(text, root, key) if root is not None else text

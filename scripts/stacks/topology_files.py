"""
The topology in the stacks' config files: read from and written to `Pulumi.<stack>.yaml` directly.

No backend is touched, so this works while the backend of a lost region is gone. Comments, order and everything that is
not the topology stay as they are, secrets and salts included.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from model.topology import KEYS, Topology, TopologyError, foreign_names
from model.yaml_reading import read_settings as read_settings_text
from scripts.core.errors import BadInput, Refused

if TYPE_CHECKING:
    from model import Plan

_HINT = "`pulumi config` writes these files; an example is Pulumi.prod.yaml of the project"


def settings_path(project: Path, stack: str) -> Path:
    return project / f"Pulumi.{stack}.yaml"


def read_settings(project: Path, stack: str) -> dict[str, Any]:
    """A stack's settings file as data; empty when there is none. Raises BadInput."""
    path = settings_path(project, stack)
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{path}: cannot be read ({error})", _HINT) from error
    return _parse(path, text)


def _parse(path: Path, text: str) -> dict[str, Any]:
    try:
        data = read_settings_text(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}: " if mark else ""
        raise BadInput(f"{path}: {where}not YAML ({getattr(error, 'problem', error)})", _HINT) from error
    if data is None:
        return {}
    if not isinstance(data, dict) or not isinstance(data.get("config") or {}, dict):
        raise BadInput(f"{path}: expected a mapping with `config`, a mapping", _HINT)
    return data


def read_topology(plan: Plan, project: Path) -> Topology:
    """
    The topology that every stack's file holds; the plan's initial one when none holds any.

    Raises BadInput for a file that cannot be read or holds half a topology, Refused when the files differ.
    """
    found: dict[str, Topology] = {}
    for stack in plan.stacks:
        config = read_settings(project, stack).get("config") or {}
        ours = {key: _number(config[f"dr:{key}"]) for key in KEYS if f"dr:{key}" in config}
        if not ours:
            continue
        path = settings_path(project, stack)
        try:
            topology = Topology.from_config(ours)
            foreign_names(topology, plan, {})
        except TopologyError as error:
            raise BadInput(f"{path}: config: {error}", _HINT) from error
        found[stack] = topology.with_new_stores(plan)
    if not found:
        return Topology.initial(plan)
    first = next(iter(found))
    for stack, topology in found.items():
        if topology != found[first]:
            raise Refused(
                f"{settings_path(project, first)} and {settings_path(project, stack)} disagree on the topology "
                f"(epoch {found[first].epoch} and {topology.epoch})",
                "`dr resume` finishes a run that was cut off while it wrote them; else make the files equal",
            )
    return found[first]


def _number(value: Any) -> Any:
    """The CLI quotes every number on the top level of `config` when it writes the file."""
    return int(value) if isinstance(value, str) and value.isdecimal() else value


def write_plan(plan: Plan, project: Path, source: str) -> None:
    """
    Have the program read the very plan that was read here. `source` is what was asked for: a system's name, which stays
    as it is, or the path of a file, which is written as the project sees it, or in full where the file lies elsewhere.
    """
    path = Path(source).resolve()
    if path.suffix in {".yaml", ".yml"}:
        inside = path.is_relative_to(project.resolve())
        source = path.relative_to(project.resolve()).as_posix() if inside else str(path)
    write_config(project, plan.stacks, {"dr:plan": source})


def write_topology(plan: Plan, project: Path, topology: Topology) -> list[Path]:
    """Put the topology into the files of all stacks; returns those that changed. Raises BadInput."""
    config = {f"dr:{key}": value for key, value in topology.to_config().items()}
    for key, nothing in (("dr:isolated", []), ("dr:tainted", {})):
        if any(key in (read_settings(project, stack).get("config") or {}) for stack in plan.stacks):
            config.setdefault(key, nothing)  # what is not there any more must not stay in the files
    return write_config(project, plan.stacks, {"dr:plan": _plan_name(plan, project), **config})


def _plan_name(plan: Plan, project: Path) -> str:
    """What the files say already (a plan may be named by its path), else the system's name."""
    for stack in plan.stacks:
        name = (read_settings(project, stack).get("config") or {}).get("dr:plan")
        if isinstance(name, str):
            return name
    return plan.system


def read_records(plan: Plan, project: Path) -> dict[str, Any]:
    """What is on record of each site (`model.site_records`), from the first file that holds any."""
    for stack in plan.stacks:
        records = (read_settings(project, stack).get("config") or {}).get("dr:records")
        if isinstance(records, dict) and records:
            return records
    return {}


def write_record(plan: Plan, project: Path, site: str, record: Any) -> list[Path]:
    """
    Put what a site's stack exports as `record` under `dr:records` into the files of all stacks, beside what is there.

    Other stacks need it and never ask that stack for it: its region may be gone. Returns the files that changed. Raises
    BadInput.
    """
    return write_config(project, plan.stacks, {"dr:records": {**read_records(plan, project), site: record}})


def write_config(project: Path, stacks: Sequence[str], config: dict[str, Any]) -> list[Path]:
    """
    Set config keys in the files of these stacks; returns those that changed. Writing the same again changes nothing.

    All new texts are on disk before the first file is replaced. Raises BadInput.
    """
    prepared: list[tuple[Path, Path]] = []
    for stack in stacks:
        path = settings_path(project, stack)
        old = path.read_text(encoding="utf-8") if path.exists() else ""
        new = with_config(path, old, config)
        if new == old:
            continue
        draft = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            with draft.open("w", encoding="utf-8") as file:
                file.write(new)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            draft.unlink(missing_ok=True)
            hint = "make the project folder writable, and see that its disk has room"
            raise BadInput(f"{path}: cannot be written ({error.strerror})", hint) from error
        prepared.append((draft, path))
    for draft, path in prepared:
        draft.replace(path)
    return [path for _, path in prepared]


def with_config(path: Path, text: str, config: dict[str, Any]) -> str:
    """`text`, a settings file, with these config keys set: in place where they stand, else at the end of `config`."""
    data = _parse(path, text)
    present = data.get("config") or {}
    if all(key in present and _number(present[key]) == value for key, value in config.items()):
        return text
    wanted = {**data, "config": {**present, **config}}
    edited = _edit(text, config)
    # The edit is by line; a file laid out in a way it does not know (flow style, anchors) is written anew instead: as a
    # person reads it, else escaped, since PyYAML does not read its own unescaped U+0085, U+2028 and U+2029 back.
    for new in (edited, yaml.safe_dump(wanted, sort_keys=False, allow_unicode=True)):
        try:
            if read_settings_text(new) == wanted:
                return new
        except yaml.YAMLError:
            pass
    return yaml.safe_dump(wanted, sort_keys=False)


_TOP = re.compile(r"^config:\s*(#.*)?$")
_KEY = re.compile(r"^(?P<indent> +)(?P<quote>[\"']?)(?P<key>[^\s\"'#][^\"']*?)(?P=quote):(\s|$)")


def _edit(text: str, config: dict[str, Any]) -> str:
    lines = text.removesuffix("\n").split("\n")
    start = next((number for number, line in enumerate(lines) if _TOP.match(line)), None)
    if start is None:
        lines, start = [*lines, "config:"], len(lines)
    end = next(
        (number for number in range(start + 1, len(lines)) if lines[number] and lines[number][0] not in " #"),
        len(lines),
    )
    while end > start + 1 and (not lines[end - 1].strip() or lines[end - 1].startswith("#")):
        end -= 1
    body, indent = lines[start + 1 : end], "  "
    out: list[str] = []
    left, skipping = dict(config), False
    for line in body:
        match = _KEY.match(line)
        if match and (not out or len(match["indent"]) <= len(indent)):
            indent = match["indent"] if not out else indent
            skipping = False
        if match and match["indent"] == indent and match["key"] in left:
            out += _block(match["key"], left.pop(match["key"]), indent)
            skipping = True
        elif not skipping or (line.strip().startswith("#") and len(line) - len(line.lstrip()) <= len(indent)):
            out.append(line)
    for key, value in left.items():
        out += _block(key, value, indent)
    return "\n".join([*lines[: start + 1], *out, *lines[end:]]) + "\n"


def _block(key: str, value: Any, indent: str) -> list[str]:
    dumped = yaml.safe_dump({key: value}, sort_keys=False, allow_unicode=True, default_flow_style=False)
    return [indent + line for line in dumped.removesuffix("\n").split("\n")]

"""The project's file, Pulumi.yaml, and which stack is the selected one."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from model import yaml_reading
from sandbox.engine.backend import replace
from sandbox.engine.errors import EngineError

Json = Any


@dataclass(slots=True)
class Project:
    """A project: its folder, name and what Pulumi.yaml says."""

    file: Path
    name: str
    runtime: str
    options: dict[str, Json]
    main: str
    data: dict[str, Json] = field(repr=False)

    @property
    def root(self) -> Path:
        return self.file.parent

    @property
    def program(self) -> Path:
        """The folder or file that is run."""
        return (self.root / self.main) if self.main else self.root

    def stack_settings_file(self, stack: str) -> Path:
        folder = self.root / str(self.data.get("stackConfigDir") or self.data.get("config_dir") or "")
        return folder / f"Pulumi.{stack}{self.file.suffix}"

    @property
    def schema(self) -> dict[str, dict[str, Json]]:
        """The declared configuration: each key with its type, default, value and whether it is secret."""
        found = {}
        declared = self.data.get("config")
        for key, entry in (declared if isinstance(declared, dict) else {}).items():
            found[str(key)] = entry if isinstance(entry, dict) else {"default": entry}
        return found


def find(folder: Path) -> Project:
    """The project that a folder lies in. Raises EngineError when there is none."""
    for parent in (folder.resolve(), *folder.resolve().parents):
        for suffix in (".yaml", ".yml", ".json"):
            file = parent / f"Pulumi{suffix}"
            if file.is_file():
                return load(file)
    message = (
        "no Pulumi.yaml project file found (searching upwards from "
        f"{folder}). If you have not created a project yet, use `pulumi new` to do so"
    )
    raise EngineError(message)


def load(file: Path) -> Project:
    try:
        data = yaml_reading.read_settings(file.read_text()) or {}
    except yaml.YAMLError as error:
        message = f"could not read {file}: {error}"
        raise EngineError(message) from error
    if not isinstance(data, dict) or not data.get("name"):
        message = f"failed to load Pulumi project located at {str(file)!r}: project is missing a 'name' attribute"
        raise EngineError(message)
    runtime = data.get("runtime") or ""
    options: dict[str, Json] = {}
    if isinstance(runtime, dict):
        options = runtime.get("options") or {}
        runtime = runtime.get("name") or ""
    return Project(file, str(data["name"]), str(runtime), options, str(data.get("main") or ""), data)


# -- the selected stack ------------------------------------------------------------------------------------------------
def _workspace_file(project: Project, env: Mapping[str, str]) -> Path:
    home = Path(env["PULUMI_HOME"]) if env.get("PULUMI_HOME") else Path(env.get("HOME", "~")).expanduser() / ".pulumi"
    digest = hashlib.sha1(str(project.file).encode(), usedforsecurity=False).hexdigest()
    return home / "workspaces" / f"{project.name}-{digest}-workspace.json"


def _workspace(file: Path) -> dict[str, Json]:
    try:
        found = json.loads(file.read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def selected_stack(project: Project, env: Mapping[str, str], url: str) -> str | None:
    data = _workspace(_workspace_file(project, env))
    found = (data.get("stacks") or {}).get(url) or data.get("stack")
    return str(found).rsplit("/", 1)[-1] if found else None


def select_stack(project: Project, env: Mapping[str, str], url: str, stack: str | None) -> None:
    """Make a stack the selected one, or none."""
    file = _workspace_file(project, env)
    data = _workspace(file)
    stacks = dict(data.get("stacks") or {})
    if stack is None:
        stacks.pop(url, None)
        data.pop("stack", None)
    else:
        stacks[url] = f"organization/{project.name}/{stack}"
    file.parent.mkdir(parents=True, exist_ok=True)
    replace(file, [json.dumps({**data, "stacks": stacks}, indent=4).encode()])

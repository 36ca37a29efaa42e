"""Replays the scenarios of the conformance kit on an engine, and tells what differs from the recordings."""

import importlib
import io
import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from sandbox.engine.cli import main
from sandbox.engine.invocation import Invocation
from sandbox.engine.launcher import Launcher

KIT = Path(__file__).parent / "kit"
DIFFERENCES = Path(__file__).parent / "known_differences.json"
EMBEDDED = [sys.executable, "-m", "sandbox.engine"]
ROOT = Path(__file__).parents[2]


def kit_module(name: str) -> ModuleType:
    """A module of the kit, which stands for itself and imports its siblings by name."""
    if str(KIT) not in sys.path:
        sys.path.insert(0, str(KIT))
    return importlib.import_module(name)


def scenarios() -> list[str]:
    return sorted(p.parent.name for p in (KIT / "scenarios").glob("*/scenario.json"))


def recording(scenario: str) -> dict[str, Any]:
    return dict(json.loads((KIT / "recorded" / f"{scenario}.json").read_text()))


def replay_embedded(scenario: str, launcher: Launcher) -> dict[str, Any]:
    """
    Replay on the embedded engine, in this process. Steps that kill an engine, or need two at once, start processes.
    """
    record = kit_module("record")

    class Run(record.Run):  # type: ignore[misc, name-defined]
        def environment(self, attach: str) -> dict[str, str]:
            env: dict[str, str] = super().environment(attach)
            env["PYTHONPATH"] = f"{KIT}:{ROOT}"
            return env

        def call(self, argv: list[str], cwd: Path | None = None) -> tuple[int, str, str]:
            out, err = io.StringIO(), io.StringIO()
            code = main(list(argv), Invocation(cwd or self.work, dict(self.env), out, err, launcher))
            return code, out.getvalue(), err.getvalue()

    return dict(json.loads(json.dumps(Run(scenario, EMBEDDED).record())))


def replay_command(scenario: str, command: list[str]) -> dict[str, Any]:
    """Replay on an engine that is a command."""
    return dict(json.loads(json.dumps(kit_module("record").Run(scenario, command).record())))


def differences(scenario: str, actual: dict[str, Any]) -> list[str]:
    return list(kit_module("compare").differences(recording(scenario), actual))


@dataclass(frozen=True)
class Known:
    """A difference that is known: where it is (a regular expression over paths), and why it is there."""

    scenario: str
    path: str
    reason: str
    sometimes: bool  # a race in the scenario itself: the recorded outcome is seen as well

    def covers(self, difference: str) -> bool:
        return re.match(self.path, difference) is not None


def known(engine: str, scenario: str) -> list[Known]:
    return [k for k in _all_known(engine) if k.scenario == scenario]


def _all_known(engine: str) -> Iterator[Known]:
    for entry in json.loads(DIFFERENCES.read_text())[engine]:
        yield Known(entry["scenario"], entry["path"], entry["reason"], entry.get("sometimes", False))

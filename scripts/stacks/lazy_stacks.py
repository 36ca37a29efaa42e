"""
Stacks whose engine is loaded at the first call that needs it.

Loading Pulumi's Automation API takes a third of a second, and the service is back before anybody asks an engine.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from scripts.core.home import project_dir
from scripts.stacks import topology_files

if TYPE_CHECKING:
    from model import Plan
    from model.topology import Topology
    from scripts.runs.journal import Journal


class LazyStacks:
    """`scripts.stacks.stacks.Stacks`, later. The topology lies in files and needs no engine."""

    def __init__(self, plan: Plan, journal: Journal | None = None) -> None:
        self.plan, self.journal, self.project = plan, journal, project_dir()
        self._loaded: Any = None

    def read_topology(self) -> Topology:
        return topology_files.read_topology(self.plan, self.project)

    def write_topology(self, topology: Topology) -> list[Path]:
        return topology_files.write_topology(self.plan, self.project, topology)

    def __getattr__(self, name: str) -> Any:
        if self._loaded is None:
            from scripts.stacks.stacks import Stacks  # noqa: PLC0415 (see above)

            self._loaded = Stacks(self.plan, self.project, self.journal)
        return getattr(self._loaded, name)

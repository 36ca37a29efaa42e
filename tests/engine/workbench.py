"""A project with a provider, to run an engine on."""

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pulumi import automation
from pulumi.automation import PulumiCommand

from tests.engine import replay

PASSPHRASE = "correct horse"


class Bench:
    """A project folder, a backend folder and a provider that serves the package `sim`."""

    def __init__(self, folder: Path, attach: str) -> None:
        self.folder, self.work = folder, folder / "work"
        self.state = folder / "state" / ".pulumi"
        self.env = {
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]),
            "HOME": str(folder / "home"),
            "PULUMI_HOME": str(folder / "home"),
            "PULUMI_BACKEND_URL": f"file://{folder / 'state'}",
            "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE,
            "PULUMI_SKIP_UPDATE_CHECK": "1",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "PULUMI_DEBUG_PROVIDERS": attach,
            "PYTHONPATH": os.pathsep.join([str(replay.KIT), str(replay.ROOT)]),
            "SIM_STORE": str(folder / "store"),
        }

    def program(self, text: str, name: str = "bench") -> None:
        """Write the program of the project."""
        self.work.mkdir(exist_ok=True)
        (self.work / "Pulumi.yaml").write_text(f"name: {name}\nruntime: python\n")
        (self.work / "__main__.py").write_text(text)

    def stack(
        self, command: PulumiCommand, name: str = "dev", env: Mapping[str, str] | None = None
    ) -> automation.Stack:
        """The project's stack behind the Automation API, on an engine."""
        workspace = automation.LocalWorkspace(
            work_dir=str(self.work), pulumi_command=command, env_vars={**self.env, **(env or {})}
        )
        return automation.Stack.create_or_select(name, workspace)

    def calls(self) -> list[dict[str, Any]]:
        """What the provider was asked so far."""
        import json  # noqa: PLC0415

        path = self.folder / "store" / "calls.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def locks(self) -> list[Path]:
        return list((self.state / "locks").rglob("*.json"))


@contextmanager
def bench(folder: Path, packages: tuple[str, ...] = ("sim",)) -> Iterator[Bench]:
    """Serve the provider while a test runs."""
    for name in ("home", "state", "store"):
        (folder / name).mkdir()
    serve: Callable[..., Any] = replay.kit_module("provider").serve
    servers, attach = serve(folder / "store", list(packages))
    try:
        yield Bench(folder, attach)
    finally:
        for server in servers:
            server.stop(None)

"""Running the previews of a plan's stacks with the engine that the project uses, and keeping their event logs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from scripts.core.errors import BadInput, EngineFailed

if TYPE_CHECKING:
    from pulumi.automation import PulumiCommand

    from model import Plan

AT_ONCE = 2


@dataclass(frozen=True, slots=True)
class Packs:
    """Policy packs to preview with. The project's own gets the plan's configuration of each stack, if none is given."""

    folders: Sequence[Path] = ()
    configs: Sequence[Path] = ()

    def options(self, plan: Plan, stack: str, folder: Path) -> list[str]:
        """The engine's arguments for one stack; a configuration that is made is written into `folder`."""
        options = [part for pack in self.folders for part in ("--policy-pack", str(pack.resolve()))]
        configs = [config.resolve() for config in self.configs]
        if self.folders and not configs:
            from scripts.policy import PACK, configuration_for  # noqa: PLC0415 - with a pack only

            for pack in self.folders:
                if pack.resolve() == PACK.resolve():
                    configs.append(folder / f"{stack}.policies.json")
                    configs[-1].write_text(json.dumps(configuration_for(plan, stack)), encoding="utf-8")
        return options + [part for config in configs for part in ("--policy-pack-config", str(config))]


def run_previews(plan: Plan, stacks: Sequence[str], folder: Path, packs: Packs) -> dict[str, Path]:
    """
    The event log of each stack's preview, as stack to file in `folder`. Changes nothing and takes no lock.

    A preview that ends badly leaves its log as well: the report then says that it failed. Raises EngineFailed where
    there is no log at all, Refused where there is no engine, BadInput for a stack that is not in the plan.
    """
    from scripts.stacks.stacks import choose_engine  # noqa: PLC0415 - loads the Automation API

    if unknown := [stack for stack in stacks if stack not in plan.stacks]:
        raise BadInput(f"{unknown[0]!r} is not a stack of {plan.system}", f"there is {', '.join(plan.stacks)}")
    engine = choose_engine()
    logs = {stack: folder / f"{stack}.events.json" for stack in stacks}
    options = {stack: packs.options(plan, stack, folder) for stack in stacks}
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(lambda stack: _run(engine, plan, stack, logs[stack], options[stack]), stacks))
    return logs


def _run(engine: PulumiCommand, plan: Plan, stack: str, log: Path, options: Sequence[str]) -> None:
    from scripts.core.home import project_dir  # noqa: PLC0415
    from scripts.stacks.stacks import CommandError, stack_env  # noqa: PLC0415

    arguments = ["preview", "--stack", stack, "--color", "never", "--event-log", str(log), *options]
    # The CLI has --event-log only together with this variable; the Automation API sets it in the same way.
    env = {**stack_env(plan, stack), "PULUMI_DEBUG_COMMANDS": "true"}
    failure = ""
    try:
        engine.run(arguments, str(project_dir()), {**env, "PULUMI_SKIP_UPDATE_CHECK": "true"})
    except CommandError as error:
        lines = [line for line in str(error).splitlines() if "error:" in line]
        failure = lines[0].partition("error:")[2].strip() if lines else "it failed without saying why"
    if not log.exists() or not log.stat().st_size:
        hint = "`pulumi preview` shows more"
        if "no stack named" in failure:
            hint = "a stack that was never made has nothing to compare with: make it with `dr up`, or leave it out"
        raise EngineFailed(f"preview of stack {stack}: {failure or 'it wrote no event log'}", hint)

"""One call of the command line, and what a command is."""

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from sandbox.engine.arguments import Arguments
from sandbox.engine.backend import Backend
from sandbox.engine.errors import NO_STACK, EngineError, NotSupportedError
from sandbox.engine.launcher import Launcher
from sandbox.engine.project import Project, find, selected_stack
from sandbox.engine.stacks import Stack


@dataclass(slots=True)
class Invocation:
    """One call of the command line: its folder, environment and streams. Nothing else of the process is looked at."""

    cwd: Path
    env: Mapping[str, str]
    out: TextIO
    err: TextIO
    launcher: Launcher
    on_running: Callable[[Callable[[], None]], None] = lambda _cancel: None  # told how to cancel what runs
    _project: Project | None = field(default=None)

    @property
    def project(self) -> Project:
        if self._project is None:
            self._project = find(self.cwd)
        return self._project

    @property
    def backend(self) -> Backend:
        url = self.env.get("PULUMI_BACKEND_URL")
        if not url:
            with contextlib.suppress(EngineError):
                url = str((self.project.data.get("backend") or {}).get("url") or "")
        if not url:
            message = (
                "no backend: set PULUMI_BACKEND_URL to a file:// URL (the embedded engine keeps state in a folder only)"
            )
            raise EngineError(message)
        return Backend(url)

    def stack_name(self, given: str) -> str:
        """The stack that is meant: the given one, the environment's, or the selected one."""
        name = given or self.env.get("PULUMI_STACK", "")
        if not name:
            name = selected_stack(self.project, self.env, self.backend.url) or ""
        if not name:
            message = "no stack selected; specify a stack name with --stack"
            raise EngineError(message, NO_STACK)
        pieces = name.split("/")
        if len(pieces) > 1 and pieces[0] != "organization":
            message = f"organization '{pieces[0]}' of stack '{name}'"
            raise NotSupportedError(message)
        return pieces[-1]

    def stack(self, arguments: Arguments) -> Stack:
        """The stack of a command. Raises EngineError when there is none."""
        config_file = arguments.one("config-file")
        stack = Stack.open(
            self.project,
            self.stack_name(arguments.one("stack")),
            self.backend,
            self.env,
            self.cwd / config_file if config_file else None,
        )
        for key in stack.settings.empty:
            self.err.write(
                f'warning: No value for configuration key "{key}". This is currently treated as an empty string `""`, '
                "but will be treated as `null` in a future version of pulumi.\n"
            )
        return stack

    def print(self, text: str = "") -> None:
        self.out.write(text + "\n")


Command = Callable[[Invocation, Arguments], int]


@dataclass(frozen=True, slots=True)
class Entry:
    """
    A command: its function, its own flags (True where one takes a value), how many words it takes, and flags that the
    CLI does not know for it though it has them elsewhere.
    """

    run: Command
    flags: dict[str, bool]
    words: int = 0
    unknown: frozenset[str] = frozenset()

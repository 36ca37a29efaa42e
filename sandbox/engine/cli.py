"""The command line: which words mean which command."""

import contextlib
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from sandbox.engine.arguments import Arguments, parse
from sandbox.engine.backend import Backend
from sandbox.engine.errors import EngineError, NotSupportedError
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
            message = "no stack selected; please use `pulumi stack select` to choose one"
            raise EngineError(message)
        pieces = name.split("/")
        if len(pieces) > 1 and pieces[0] != "organization":
            message = f"organization '{pieces[0]}' of stack '{name}'"
            raise NotSupportedError(message)
        return pieces[-1]

    def stack(self, arguments: Arguments) -> Stack:
        """The stack of a command. Raises EngineError when there is none."""
        config_file = arguments.one("config-file")
        return Stack.open(
            self.project,
            self.stack_name(arguments.one("stack")),
            self.backend,
            self.env,
            self.cwd / config_file if config_file else None,
        )

    def print(self, text: str = "") -> None:
        self.out.write(text + "\n")


Command = Callable[[Invocation, Arguments], int]


@dataclass(frozen=True, slots=True)
class Entry:
    """A command: its function, its own flags (True where one takes a value), and how many words it takes."""

    run: Command
    flags: dict[str, bool]
    words: int = 0


def commands() -> dict[tuple[str, ...], Entry]:
    from sandbox.engine import analysis, cmd_config, cmd_runs, cmd_stack, imports  # noqa: PLC0415  # they know this module

    modules = (cmd_stack, cmd_config, cmd_runs, analysis, imports)
    return {name: entry for module in modules for name, entry in module.COMMANDS.items()}


def split(argv: list[str]) -> tuple[tuple[str, ...], list[str]]:
    """The command's words and the rest. Flags may stand before, between and behind them."""
    table = commands()
    name: tuple[str, ...] = ()
    rest: list[str] = []
    for position, word in enumerate(argv):
        if word == "--":
            rest += argv[position:]
            break
        longer = (*name, word)
        if not word.startswith("-") and any(key[: len(longer)] == longer for key in table):
            if name in table and longer not in table and len(longer) > 1:
                rest.append(word)
                continue
            # a word behind a flag that takes a value is that value, not a command
            previous = argv[position - 1] if position else ""
            if not _takes_value(previous):
                name = longer
                continue
        rest.append(word)
    return name, rest


def _takes_value(word: str) -> bool:
    return word in ("--cwd", "-C", "--stack", "-s", "--color", "--message", "-m")


def main(argv: list[str], invocation: Invocation) -> int:
    """Run one command line and give back its exit code. Errors are printed to the invocation's `err`."""
    try:
        name, rest = split(argv)
        entry = commands().get(name)
        if entry is None:
            words = " ".join(w for w in argv if not w.startswith("-"))
            feature = f"command `pulumi {words}`"
            raise NotSupportedError(feature)
        arguments = parse(rest, entry.flags, " ".join(name))
        if len(arguments.words) > entry.words:
            feature = f"command `pulumi {' '.join([*name, *arguments.words])}`"
            raise NotSupportedError(feature)
        if arguments.one("cwd"):
            invocation.cwd = invocation.cwd / arguments.one("cwd")
        return entry.run(invocation, arguments)
    except EngineError as error:
        invocation.err.write(f"error: {error.message}\n")
        return error.code
    except (OSError, ValueError) as error:
        invocation.err.write(f"error: {type(error).__name__}: {error}\n")
        return 1


__all__ = ["Command", "Entry", "Invocation", "io", "main"]

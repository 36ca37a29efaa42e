"""
The command `dr`: find the program, hand over, turn what comes back into an exit code. Nothing else.

A program is imported only when it is asked for, so that `dr failover` does not wait for what `dr report` needs.
"""

from __future__ import annotations

import gc
import importlib
import os
import sys
import threading
from contextlib import suppress
from typing import Any

PROGRAMS: dict[str, tuple[str, str]] = {
    "plan": ("scripts.plan", "Write a first plan, and check one: every mistake, and what it can reach"),
    "up": ("scripts.up", "Make stacks as declared, side by side where they do not depend on each other"),
    "preview": ("scripts.preview", "Say what a change does to recovery"),
    "destroy": ("scripts.destroy", "Delete what stacks hold"),
    "policy": ("scripts.policy", "Check stacks against the policy pack"),
    "status": ("scripts.status", "Sites, roles, who accepts writes, lag, backups, health by tier"),
    "failover": ("scripts.failover", "Move the service to another site because the active one is lost"),
    "failback": ("scripts.failback", "Move the service back, without losing a write"),
    "restore": ("scripts.restore", "Bring the service back from a backup"),
    "compromise": ("scripts.compromise", "Close what was compromised, and build the service anew in a clean site"),
    "contain": ("scripts.contain", "Make stolen keys, passwords and sessions worthless, while the service goes on"),
    "recover": ("scripts.recover", "Restart a failing service, roll it back, run more of it, until one helps"),
    "rollback": ("scripts.rollback", "Run an earlier version of a service again"),
    "reprotect": ("scripts.reprotect", "Make a site that came back follow the active one"),
    "divergence": ("scripts.divergence", "Show or export what only an old copy holds, before it is given up"),
    "drill": ("scripts.drill", "Rehearse a disaster in the sandbox and measure it"),
    "watch": ("scripts.watch", "Watch the active site, and fail over where the plan says so"),
    "backup": ("scripts.backup", "Take a backup now, and prove that it can be restored and read"),
    "checks": ("scripts.checks", "Ask what the plan wants to see true, now"),
    "export": ("scripts.export", "Write a dump of a database, with checksums, into the objects of its site"),
    "import": ("scripts.import_dump", "Bring an export into an empty database, and count its rows"),
    "hook": ("scripts.hook", "Run one of the plan's hooks where its service runs"),
    "verify-backups": ("scripts.verify_backups", "Restore backups somewhere else and look inside"),
    "resume": ("scripts.resume", "Go on with a run that was cut off, stopped or failed"),
    "lease": ("scripts.lease", "Show the writer lease and what was there before; repair one that was spoiled"),
    "journal": ("scripts.journal", "Show and verify the record of a run"),
    "report": ("scripts.report", "Write the report of a run or a drill: HTML or JSON"),
    "sandbox": ("scripts.sandbox_cli", "A small real world on this machine: up, down, status, env, break, heal"),
}

# What reads files only, the sandbox itself, and a drill, which brings a world of its own.
OUTSIDE = frozenset({"plan", "journal", "divergence", "report", "sandbox", "drill"})

USAGE = """\
Usage: dr [--debug] COMMAND [OPTIONS]

Disaster recovery as code: declare sites, move the service between them, rehearse, prove.
`dr COMMAND --help` says more.

Commands:
{commands}

Exit codes: 0 done or already so | 1 failed, state known | 2 bad input | 3 refused | 4 locked | 5 approval missing
            6 engine failed | 7 database or cloud failed | 8 result unknown | 9 done, objective missed"""


def usage() -> str:
    width = max(map(len, PROGRAMS))
    return USAGE.format(commands="\n".join(f"  {name:{width}}  {what}" for name, (_, what) in PROGRAMS.items()))


def main(arguments: list[str] | None = None) -> int:
    """
    Run `dr` with these arguments; returns the exit code. Without arguments: those of the process, which may end here.
    """
    if arguments is None:
        os.umask(0o077)  # records, reports, journals: for who runs this
        gc.set_threshold(50_000, 20, 20)  # at Python's 700 a quarter of what imports take goes into looks for garbage
    code = _guarded(arguments)
    if arguments is None:
        _leave(code)
    return code


def _leave(code: int) -> None:
    """
    End the process at once where threads are left that nobody waits for, such as a look at a region that hangs: the
    interpreter's orderly end can crash on threads that are at work.
    """
    if any(thread.daemon and thread.is_alive() for thread in threading.enumerate()):
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError):
                stream.flush()
        os._exit(code)


def _guarded(arguments: list[str] | None) -> int:
    from scripts.people.output import prepare_streams, show_error, write  # noqa: PLC0415  (after nothing can go wrong)

    prepare_streams()
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    debug = os.environ.get("DR_DEBUG", "") not in {"", "0"}
    ours = arguments[: arguments.index("--")] if "--" in arguments else arguments
    if "--debug" in ours:
        arguments.remove("--debug")
        debug = True
    if not arguments or arguments[0] in {"-h", "--help", "help"}:
        write(usage())
        return 0
    if arguments[0] == "--version":
        from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415

        try:
            write(version("dr-stack"))
        except PackageNotFoundError:
            write("0 (not installed)")
        return 0
    try:
        return _run(arguments[0], arguments[1:])
    except BaseException as error:  # noqa: BLE001  (the one place where every error becomes two lines and a code)
        from scripts.core.errors import exit_code_of  # noqa: PLC0415

        if isinstance(error, SystemExit):
            return error.code if isinstance(error.code, int) else int(error.code is not None)
        if isinstance(error, BrokenPipeError):
            from scripts.people.output import silence  # noqa: PLC0415

            silence(sys.stdout)
            return 0
        error = _known(error)
        show_error(error, debug=debug)
        return exit_code_of(error)


def _run(name: str, rest: list[str]) -> int:
    import typer  # noqa: PLC0415

    from scripts.core.errors import BadInput, DrError  # noqa: PLC0415

    if name not in PROGRAMS:
        import difflib  # noqa: PLC0415

        near = difflib.get_close_matches(name, PROGRAMS, n=1)
        raise BadInput(
            f"dr has no command {name!r}", f"did you mean `dr {near[0]}`?" if near else "`dr --help` lists them"
        )
    module = _load(name)
    verifies = (name, *rest[:1]) == ("journal", "verify")
    if os.environ.get("DR_SANDBOX") and (name not in OUTSIDE or verifies) and "--help" not in rest:
        from scripts.sandbox_cli import enter  # noqa: PLC0415  (a real deployment never loads it)

        # A record is read without its world as well: then nothing vouches for it, and that is said.
        with suppress(*([DrError] if verifies else [])):
            enter()
    app = getattr(module, "app", None)
    if not isinstance(app, typer.Typer):
        app = typer.Typer()
        app.command(name)(getattr(module, name.replace("-", "_")))
    app.pretty_exceptions_enable = False
    app._add_completion = False
    found: Any = app(args=rest, prog_name=f"dr {name}", standalone_mode=False)
    return found if isinstance(found, int) else int(getattr(found, "exit_code", 0))


def _load(name: str) -> Any:
    from scripts.core.errors import Refused  # noqa: PLC0415

    path = PROGRAMS[name][0]
    try:
        return importlib.import_module(path)
    except ModuleNotFoundError as error:
        if error.name == path:
            raise Refused(
                f"`dr {name}` is not part of this installation", f"{path} is missing: update the checkout"
            ) from error
        raise Refused(
            f"`dr {name}` needs {error.name}, which is not installed", "make setup, or pip install -r requirements.lock"
        ) from error


def _known(error: BaseException) -> BaseException:
    """Typer's own errors and Ctrl-C as ours."""
    from scripts.core.errors import BadInput, Interrupted  # noqa: PLC0415

    if isinstance(error, KeyboardInterrupt) or type(error).__name__ == "Abort":
        return Interrupted("interrupted", "`dr resume` goes on with a run; other commands can simply be repeated")
    if hasattr(error, "format_message"):
        context = getattr(error, "ctx", None)
        command = context.command_path if context is not None else "dr"
        return BadInput(str(error.format_message()) or "a command is missing", f"see `{command} --help`")
    return error


if __name__ == "__main__":
    sys.exit(main())

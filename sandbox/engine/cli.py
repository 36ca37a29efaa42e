"""The command line: which words mean which command."""

from sandbox.engine import analysis, cmd_config, cmd_deployment, cmd_runs, cmd_stack, cmd_state, imports
from sandbox.engine.arguments import parse
from sandbox.engine.errors import EngineError, NotSupportedError
from sandbox.engine.invocation import Entry, Invocation


def commands() -> dict[tuple[str, ...], Entry]:
    modules = (cmd_stack, cmd_deployment, cmd_state, cmd_config, cmd_runs, analysis, imports)
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
        arguments = parse(rest, entry.flags, " ".join(name), entry.unknown)
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

"""Command lines as the Automation API and people write them for `pulumi`."""

from dataclasses import dataclass, field

from sandbox.engine.errors import EngineError, NotSupportedError

# flags that any command takes; True: with a value
GLOBAL = {
    "non-interactive": False,
    "color": True,
    "cwd": True,
    "C": True,
    "disable-integrity-checking": False,
    "emoji": False,
    "logflow": False,
    "logtostderr": False,
    "v": True,
    "verbose": True,
    "tracing": True,
    "profiling": True,
    "fully-qualify-stack-names": False,
    "memprofilerate": True,
    "otel-traces": True,
}
SHORT = {
    "s": "stack",
    "y": "yes",
    "m": "message",
    "p": "parallel",
    "j": "json",
    "t": "target",
    "r": "refresh",
    "f": "force",
    "d": "debug",
    "i": "show-ids",
    "c": "config",
    "C": "cwd",
    "e": "color",
    "Q": "fully-qualify-stack-names",
    "v": "verbose",
    "a": "all",
    "o": "out",
}


@dataclass(slots=True)
class Arguments:
    """A parsed command line: words, and flags with all the values that they were given."""

    words: list[str] = field(default_factory=list)
    flags: dict[str, list[str]] = field(default_factory=dict)

    def has(self, name: str) -> bool:
        """Whether a flag without value is set."""
        return name in self.flags and self.flags[name][-1] != "false"

    def one(self, name: str, default: str = "") -> str:
        return self.flags[name][-1] if name in self.flags else default

    def all(self, name: str) -> list[str]:
        return self.flags.get(name, [])


def parse(argv: list[str], known: dict[str, bool], command: str, unknown: frozenset[str] = frozenset()) -> Arguments:
    """
    Parse the words behind a command; `known` says for each of its flags whether it takes a value.

    Raises EngineError for a flag in `unknown`, which the CLI refuses as well, and NotSupportedError for any other that
    this engine does not have: none is ignored in silence.
    """
    flags = {**GLOBAL, **known}
    found, position = Arguments(), 0
    while position < len(argv):
        word = argv[position]
        position += 1
        if word == "--":
            found.words += argv[position:]
            break
        if not word.startswith("-") or word == "-":
            found.words.append(word)
            continue
        name, equals, value = word.lstrip("-").partition("=")
        if not word.startswith("--"):
            if len(name) > 1 and name[0] in SHORT and flags.get(SHORT[name[0]]):
                name, equals, value = name[0], "=", name[1:]
            if name not in SHORT and name[:1] not in SHORT:
                message = f"unknown shorthand flag: '{name[:1]}' in {word}"
                raise EngineError(message)
            name = SHORT.get(name, name)
        if name in unknown:
            message = f"unknown flag: --{name}"
            raise EngineError(message)
        if name not in flags:
            feature = f"flag --{name} of `pulumi {command}`"
            raise NotSupportedError(feature)
        if not flags[name]:
            found.flags.setdefault(name, []).append(value if equals else "true")
            continue
        if not equals:
            if position >= len(argv):
                message = f"flag needs an argument: --{name}"
                raise EngineError(message)
            value = argv[position]
            position += 1
        found.flags.setdefault(name, []).append(value)
    return found

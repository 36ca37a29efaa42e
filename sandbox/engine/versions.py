"""The version that the engine reports, and version ranges that programs ask for.

The engine behaves as CLI 3.260.0 does, which its conformance recordings were made with; the Automation API streams
events over gRPC to anything above 3.205.
"""

import re

VERSION = "3.260.0"
_TERM = re.compile(r"(?P<op>>=|<=|!=|!|>|<|==|=)?\s*v?(?P<version>\d+(?:\.\d+){0,2})")


def _numbers(version: str) -> tuple[int, ...]:
    found = [int(n) for n in version.split(".")]
    return tuple(found + [0] * (3 - len(found)))


def at_least(version: str, wanted: str) -> bool:
    """Whether a plugin's version is a wanted one or a later one; what comes before a release is earlier than it."""

    def order(text: str) -> tuple[tuple[int, ...], bool, str]:
        release, _, before = text.removeprefix("v").partition("+")[0].partition("-")
        return _numbers(release), not before, before

    return bool(version) and order(version) >= order(wanted)


def fits(wanted: str) -> bool:
    """Whether the engine's version lies in a range such as `>=3.200.0 <4 || 5.0.0`."""
    mine = _numbers(VERSION)

    def holds(term: re.Match[str]) -> bool:
        other = _numbers(term["version"])
        return {
            ">=": mine >= other,
            "<=": mine <= other,
            "!=": mine != other,
            "!": mine != other,
            ">": mine > other,
            "<": mine < other,
        }.get(term["op"] or "=", mine == other)

    return any(all(holds(t) for t in _TERM.finditer(part)) for part in wanted.split("||"))

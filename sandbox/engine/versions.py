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

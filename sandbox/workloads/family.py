"""What the workloads of the family have in common: each is a small module of data and one function."""

from __future__ import annotations

from typing import Any, Protocol

import psycopg
from psycopg.rows import TupleRow

Connection = psycopg.Connection[TupleRow]


class Writes(Protocol):
    """
    One way to write. `LASTING = False` in a module: what it writes is not meant to survive its server.
    """

    @property
    def TITLE(self) -> str: ...  # noqa: N802 (a constant of a module)
    @property
    def PREPARE(self) -> str: ...  # noqa: N802
    @property
    def HELD(self) -> str: ...  # noqa: N802

    def write(self, connection: Connection, run: str, seq: int) -> Any:
        """
        Write number `seq` of a run and return when it is acknowledged. `connection` is in autocommit mode.

        Raises psycopg.Error.
        """


def lasting(writes: Writes) -> bool:
    """Must what was acknowledged survive the loss of a server?"""
    return bool(getattr(writes, "LASTING", True))

"""Which engine speaks to which kind of store: the one table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from scripts.core.errors import BadInput
from scripts.engines.postgres.engine import Postgres

if TYPE_CHECKING:
    from scripts.core.net import Database
    from scripts.engines.protocol import Engine

ENGINES: Mapping[str, Callable[[Database], Engine]] = {"postgres": Postgres}


def engine(kind: str, database: Database) -> Engine:
    """Raises BadInput for a kind that has no engine, with what there is."""
    if kind not in ENGINES:
        raise BadInput(f"no engine for a store of kind {kind!r}", f"there is {', '.join(ENGINES)}")
    return ENGINES[kind](database)

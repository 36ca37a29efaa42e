"""PostgreSQL: a server that replicas follow, that keeps its log, and that can refuse an old writer by itself."""

from typing import ClassVar, Literal

from .base import DiskStore
from .traits import StoreTraits


class Postgres(DiskStore):
    """A PostgreSQL server with one database in it."""

    traits: ClassVar[StoreTraits] = StoreTraits(
        incarnations=True, moves="promotion", why_not_guarded=None, goes_back_to="moment"
    )
    kind: Literal["postgres"]

"""Redis: a cache or a store in memory, with snapshots of itself and perhaps a copy in another region."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from .base import IncarnatedStore, Replication, SnapshotsOnly
from .traits import StoreTraits


class Redis(IncarnatedStore):
    """
    A Redis server. `memory_gb` is what it can hold. Its data may be worth nothing after a disaster: a cache that fills
    itself again says `replication: {mode: none}`, and its objective says how long it may take.
    """

    traits: ClassVar[StoreTraits] = StoreTraits(
        incarnations=True,
        moves="promotion",
        why_not_guarded="Redis has no transaction hook that could ask who may write",
        goes_back_to="backup",
    )
    kind: Literal["redis"]
    memory_gb: Annotated[int, Field(ge=1, le=4500, strict=True)] = 1
    replication: Replication = Replication(mode="none")
    backups: SnapshotsOnly

    @property
    def data_gb(self) -> int:
        return self.memory_gb

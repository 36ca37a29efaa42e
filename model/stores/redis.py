"""Redis: a cache in memory, of which every site has one of its own, with snapshots that can be brought into it."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from .base import Replication, ServerStore, SnapshotsOnly
from .traits import StoreTraits


class Redis(ServerStore):
    """
    A Redis server. `memory_gb` is what it can hold. Its data may be worth nothing after a disaster: a cache that fills
    itself again says `replication: {mode: none}`, and its objective says how long it may take.

    It has no incarnations: a snapshot is brought into the server that is there, in the place of all that it holds, and
    a server that is lost is made anew under its own name.
    """

    traits: ClassVar[StoreTraits] = StoreTraits(
        incarnations=False,
        moves="refilled",
        why_not_guarded="Redis has no transaction hook that could ask who may write",
        goes_back_to="backup",
    )
    kind: Literal["redis"]
    memory_gb: Annotated[int, Field(ge=1, le=4500, strict=True)] = 1
    replication: Replication = Replication(mode="none")
    backups: SnapshotsOnly

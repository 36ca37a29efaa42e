"""Object stores: buckets or blob containers whose objects are kept in more than one site."""

from datetime import timedelta
from typing import ClassVar, Literal

from model.base import Flag, Model, Name, Text
from model.durations import Duration, PositiveDuration, format_duration

from .base import BaseStore, Bound
from .traits import StoreTraits

COPY_TIME = timedelta(minutes=15)
"""S3's replication time control and Azure's priority replication both promise 99.9 % of objects (99 %) within it."""


class Archive(Model):
    """
    A copy in `site` that moves to cold storage `after` a while, and that nobody can delete before `lock` is over.
    `storage_class` is the class of that storage in the words of the site's cloud.
    """

    site: Name
    storage_class: Text
    after: Duration
    lock: PositiveDuration


class Objects(BaseStore):
    """`replicate_to` names the sites that hold a live copy; with `versions`, old ones are kept `noncurrent_keep`."""

    traits: ClassVar[StoreTraits] = StoreTraits(
        incarnations=False,
        moves="several_regions",
        why_not_guarded="objects are written by whoever holds a key, and an old writer's versions stay readable",
        goes_back_to="object_version",
    )
    kind: Literal["objects"]
    replicate_to: tuple[Name, ...] = ()
    versions: Flag = True
    noncurrent_keep: PositiveDuration | None = None
    archive: Archive | None = None

    def live_in(self, primary: str) -> tuple[str, ...]:
        """The sites that hold a live copy, which is written to and sends to all others, the primary first."""
        return (primary, *(site for site in self.replicate_to if site != primary))

    def held_in(self, primary: str) -> tuple[str, ...]:
        """The sites that hold any copy: the live ones, then the one of the archive."""
        return (*self.live_in(primary), *([self.archive.site] if self.archive else []))

    @property
    def copied_to(self) -> frozenset[str]:
        return frozenset({*self.replicate_to, *([self.archive.site] if self.archive else [])})

    def lost_in_promotion(self) -> Bound | None:
        return COPY_TIME, f"objects of {self.name} may take {format_duration(COPY_TIME)} to be copied"

    def lost_in_restore(self, site: str | None) -> Bound | None:
        return None if site is None else self.lost_in_promotion()

"""Object stores: buckets or blob containers whose objects are kept in more than one site."""

from typing import Annotated, Literal

from pydantic import Field

from .base import Model, Name
from .durations import Duration, PositiveDuration


class Archive(Model):
    """A copy in `site` that moves to cold storage `after` a while, and that nobody can delete before `lock` is over."""

    site: Name
    storage_class: Literal["GLACIER", "DEEP_ARCHIVE", "GLACIER_IR", "Archive", "Cool"] = "GLACIER"
    after: Duration
    lock: PositiveDuration


class ObjectStore(Model):
    """`replicate_to` names the sites that hold a live copy; with `versions`, old ones are kept `noncurrent_keep`."""

    name: Annotated[Name, Field(max_length=16)]
    replicate_to: tuple[Name, ...] = ()
    versions: bool = True
    noncurrent_keep: PositiveDuration | None = None
    archive: Archive | None = None

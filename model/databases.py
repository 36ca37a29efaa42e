"""Databases: how they are kept in a second place, and how they are backed up."""

from typing import Annotated, Literal

from pydantic import Field

from .base import Model, Name, Text
from .durations import Duration, PositiveDuration
from .services import TierNumber

Engine = Literal["postgres", "redis", "cosmos"]
Standby = Literal["none", "same_region"]


class Replication(Model):
    """
    How a warm site's copy follows the active one.

    `max_lag` is the lag at which the copy counts as too stale to be promoted without the operator saying so. A
    synchronous copy confirms every commit, so it has no lag to speak of and costs the link's delay on each commit.
    """

    mode: Literal["asynchronous", "synchronous", "none"] = "asynchronous"
    max_lag: Duration | None = None


class Snapshots(Model):
    """Whole copies, taken `every` so often and kept for `keep`, in the site and in `copies_to`."""

    every: PositiveDuration
    keep: PositiveDuration
    copies_to: tuple[Name, ...] = ()


class Backups(Model):
    """
    Continuous backups: restorable to any moment within `pitr_retention`; the log leaves the database every
    `archive_interval`, which bounds what a restore from it loses. `copies_to` names the sites that receive them.
    """

    pitr_retention: PositiveDuration
    archive_interval: PositiveDuration
    copies_to: tuple[Name, ...] = ()
    snapshots: Snapshots | None = None


class Database(Model):
    """A database that every active or warm site holds one incarnation of."""

    name: Annotated[Name, Field(max_length=16)]
    engine: Engine = "postgres"
    version: Text
    tier: TierNumber
    instance_class: Text | None = None
    storage_gb: Annotated[int, Field(ge=1, le=65536, strict=True)] = 100
    standby: Standby = "none"
    replication: Replication = Replication()
    backups: Backups

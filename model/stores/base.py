"""What stores of several kinds share: replication, backups, and the stores that have incarnations."""

from collections.abc import Mapping
from datetime import timedelta
from ipaddress import IPv4Network
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field

from model.base import Model, Name, Text
from model.clouds import Cloud
from model.durations import Duration, PositiveDuration, format_duration, quote
from model.tiers import TierNumber

from .traits import StoreTraits


def _network(written: str) -> str:
    try:
        return str(IPv4Network(written))
    except ValueError as error:
        raise ValueError(f"{quote(written)} is no range of IPv4 addresses such as 203.0.113.0/24: {error}") from None


Standby = Literal["none", "same_region"]
# Identifiers of at most 63 characters are made of it, together with system, site and incarnation.
StoreName = Annotated[Name, Field(max_length=16)]
Network = Annotated[str, AfterValidator(_network)]
"""A range of public IPv4 addresses, such as `203.0.113.0/24`."""
Bound = tuple[timedelta, str]
"""How much can be lost at most, and the sentence that says why."""


class BaseStore(Model):
    """What every store has. `sites_of` and the bounds on a loss are what a forecast asks of each kind."""

    traits: ClassVar[StoreTraits]
    name: StoreName

    @property
    def copied_to(self) -> frozenset[str]:
        """The sites, other than the one in use, that receive something from which the store can be had again."""
        raise NotImplementedError

    def lost_in_promotion(self) -> Bound | None:
        """What moving to a site whose copy follows can lose; None when it loses nothing."""
        return None

    def lost_in_restore(self, site: str | None) -> Bound | None:
        """What restoring can lose, from what lies in `site`, or where it is for None; None when it loses nothing."""
        return None


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
    Continuous backups: restorable to any moment within `pitr_retention`; the log leaves the store every
    `archive_interval`, which bounds what a restore from it loses. `copies_to` names the sites that receive them.
    """

    pitr_retention: PositiveDuration
    archive_interval: PositiveDuration
    copies_to: tuple[Name, ...] = ()
    snapshots: Snapshots | None = None

    @property
    def retention(self) -> timedelta:
        """How far back a restore can reach."""
        return self.pitr_retention


class SnapshotsOnly(Model):
    """Backups of a store that keeps no log: what was written since the newest snapshot is lost in a restore."""

    snapshots: Snapshots

    @property
    def copies_to(self) -> tuple[str, ...]:
        """No log is copied anywhere."""
        return ()

    @property
    def retention(self) -> timedelta:
        """How far back a restore can reach."""
        return self.snapshots.keep


class ServerStore(BaseStore):
    """
    A store that is a server of its own in every active or warm site.

    `size` names the size of its server in the words of each cloud: `{aws: db.r6g.large}`. Without one the component
    takes its smallest.
    """

    version: Text
    tier: TierNumber
    size: Mapping[Cloud, Text] = Field(default_factory=dict)
    standby: Standby = "none"
    replication: Replication = Replication()
    backups: Backups | SnapshotsOnly

    @property
    def is_followed(self) -> bool:
        """
        Whether the other sites' servers of it follow the active one's. A cache that is replicated nowhere begins empty
        there; what is guarded comes home by a replica even where none is kept all the time.
        """
        return self.replication.mode != "none" or self.traits.why_not_guarded is None

    @property
    def data_gb(self) -> int:
        """How much a restore of it has to copy at most."""
        raise NotImplementedError

    @property
    def copied_to(self) -> frozenset[str]:
        snapshots = self.backups.snapshots
        return frozenset({*self.backups.copies_to, *(snapshots.copies_to if snapshots else ())})

    def lost_in_promotion(self) -> Bound | None:
        if self.replication.mode != "asynchronous":
            return None
        lag = self.replication.max_lag or timedelta(0)
        return lag, f"a copy of {self.name} that is {format_duration(lag)} behind is still promoted (max_lag)"

    def lost_in_restore(self, site: str | None) -> Bound | None:
        backups = self.backups
        if isinstance(backups, Backups):
            interval = backups.archive_interval
            if site is None:
                return interval, f"the log of {self.name} leaves every {format_duration(interval)}"
            if site in backups.copies_to:
                return 2 * interval, f"the log of {self.name} takes an archive_interval to leave and one to arrive"
        if backups.snapshots is None:
            return None
        every = format_duration(backups.snapshots.every)
        if site is None:
            return backups.snapshots.every, f"{self.name} keeps no log, and a snapshot is taken every {every}"
        return backups.snapshots.every, f"only snapshots of {self.name} arrive there, one every {every}"


class IncarnatedStore(ServerStore):
    """A store whose server is numbered: one that was left behind, or restored, is another incarnation of it."""


class DiskStore(IncarnatedStore):
    """A store on disks, with continuous backups."""

    storage_gb: Annotated[int, Field(ge=1, le=65536, strict=True)] = 100
    backups: Backups

    @property
    def data_gb(self) -> int:
        return self.storage_gb

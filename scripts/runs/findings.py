"""
What steps found, as objects: what one row saw and a later one, a drill or a report goes by.

A finding is plain data that survives storage as JSON. A row that needs one names its class
(`context.need(HandedOver)`), never the row that saw it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict


class Finding(BaseModel):
    """Frozen; unknown keys are refused, so that a stored one of another shape is not taken for this one."""

    model_config = ConfigDict(frozen=True, extra="forbid")


F = TypeVar("F", bound=Finding)


def family(kind: type[F]) -> list[type[F]]:
    """A class of findings and every one that is made of it."""
    return [kind, *(each for below in kind.__subclasses__() for each in family(below))]


class AtStake(Finding):
    """`data_at_stake_seconds` of writes may be lost, at most; None where this row did not reckon it."""

    data_at_stake_seconds: float | None = None


class CopyPosition(Finding):
    """
    Where a copy stood. `replayed_at` is the commit time of the newest transaction that has arrived;
    `data_at_stake_seconds` of this store's writes may be lost, at most.
    """

    data_at_stake_seconds: float
    replayed_at: datetime | None
    lsn: str
    received_lsn: str | None
    oldest_xid: int


class TargetChecked(AtStake):
    """The target can take over. `copies`: each of its stores that follows another."""

    next_epoch: int
    copies: dict[str, CopyPosition]


class ChosenPoint(Finding):
    """A restore point. `source` is what the stack declares: the backup, with a moment where one is set."""

    name: str
    kind: str
    newest: datetime
    source: str


class PointsChosen(AtStake):
    """What each store is restored from."""

    points: dict[str, ChosenPoint]

    @property
    def sources(self) -> dict[str, str]:
        """What the stack declares that each store is restored from."""
        return {name: point.source for name, point in self.points.items()}


class NewestPointsChosen(PointsChosen):
    """The newest of a cold site; `last_write` is the last moment the old writer could have accepted one."""

    last_write: datetime


class CleanPointsChosen(PointsChosen):
    """The newest from before a moment that is known to be clean; `newest` is the oldest of those that were chosen."""

    clean_before: datetime
    newest: datetime


class MomentChosen(PointsChosen):
    """The moment to which the active site is taken back."""

    to_time: datetime


class Built(AtStake):
    """New incarnations are there, by store. `restored_from`: what each of them was restored from."""

    incarnations: dict[str, int]
    restored_from: dict[str, str]
    topology: dict[str, Any]
    update: dict[str, Any]
    oldest_xids: dict[str, int] = {}
    """The oldest transaction that each store may lack, where the one that it is restored beside still has it."""


class HandOverChecked(Finding):
    """
    What a planned switch will meet. `ends`: sessions that it ends, `carried`: what goes along and asks for attention,
    `lost`: what does not go along. A row took `arrival_seconds` to the target; `closed_seconds` are expected.
    """

    arrival_seconds: float
    closed_seconds: float
    ends: list[str]
    carried: list[str]
    lost: list[str]


class HandedOver(AtStake):
    """
    The old writer was seen refusing, and everything up to the last log position of each of its stores has arrived at
    the new one. `ended`: transactions and readers that were ended for it.
    """

    sqlstate: str
    last_lsn: dict[str, str]
    ended: list[str] = []


class WritesStopped(Finding):
    """No store of the site accepts writes any more, since `stopped_at`."""

    sqlstate: str
    epoch: int
    stopped_at: datetime


class Promoted(Finding):
    """A copy became a primary, having replayed up to `replayed_lsn`."""

    identifier: str
    replayed_at: datetime | None
    replayed_lsn: str
    lsn: str


class NotCounted(Finding):
    """What could not be counted, why, and which command helps."""

    name: str
    reason: str
    hint: str


class CopiesCompared(Finding):
    """
    What only the old copy of a store holds. `differences` counts rows of tables, and one for each other thing that
    differs; `said` tells both in words. `tables`: what differs, by name.
    """

    store: str
    rows: int
    differences: int
    said: str
    tables: list[dict[str, Any]]
    unknown: list[NotCounted]


class GivenUp(Finding):
    """
    `rows` are missing in the restored copies, `changed` are there as they were before. What could not be counted is in
    `unknown` and in neither number.
    """

    rows: int
    changed: int
    since: datetime
    until: datetime
    tables: dict[str, list[dict[str, Any]]]
    unknown: list[NotCounted] = []


class EvidenceKept(Finding):
    """A compromised store as it was, kept at these sites: as `snapshot` where it lay, as `sent_as` in the clean one."""

    snapshot: str
    sent_as: str
    sites: list[str]


class StacksPreviewed(Finding):
    """What previews of stacks found, and which stacks were not asked because their site is lost."""

    previews: list[dict[str, Any]]
    not_asked: list[str]


class VersionChosen(Finding):
    """
    The version of a service that is to run again, and the one that was wanted before, each by its name in the cloud at
    that moment, what it runs and its content, which stays the same.
    """

    service: str
    name: str
    artefact: str
    content: str
    before_name: str
    before_artefact: str
    before_content: str


class StackDeclares(Finding):
    """What a stack goes on saying of a service after a rollback, and what to write in the plan against it."""

    stack: str
    artefact: str
    pin: str


class ServiceSeen(Finding):
    """
    A service as a look found it, `at` a moment: why it is not well (None: it is), how many are wanted, the content of
    the last version from before the wanted one (empty: none is kept), and the last lines of its copies.
    """

    service: str
    at: datetime
    why_not: str | None
    wanted: int
    last_good: str
    logs: dict[str, list[str]] = {}


class RungClimbed(Finding):
    """A rung of the ladder: whether it helped, and why not. One that was left out has not been climbed."""

    rung: str
    helped: bool
    why_not: str = ""


class BreachSeen(Finding):
    """What a containment leaves as it is, in sentences: nothing that we have closes it."""

    left: list[str]


class AddressesBlocked(Finding):
    """Networks that no front door answers any more, but those of the sites `not_told`."""

    addresses: list[str]
    not_told: list[str]


class LoginsRenewed(Finding):
    """
    The owners of stores have another password. `at`: the moment, and `clocks`: the same by each store's own clock; what
    logged in before did so with an old one. `not_told`: sites whose own copies of the login could not be written.
    """

    at: datetime
    clocks: dict[str, datetime]
    not_told: list[str]


class BreachAssessed(Finding):
    """What the plan's queries found, by their names; `folder` is where the rows are, on the machine that asked."""

    since: datetime
    until: datetime
    rows: dict[str, int]
    folder: str

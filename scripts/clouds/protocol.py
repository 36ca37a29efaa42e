"""
What a run asks of a cloud. A driver answers for one cloud; `registry.py` chooses it.

Two axes meet here and stay apart: what a store says over its own protocol is the same in every cloud and lives in
`scripts/engines`; what a cloud does with a store or a service is here. A driver says what it can do (`features`), the
callers ask for that, and nobody asks which cloud it is.

Every call raises CloudFailed when the cloud refuses or does not answer in time, and Refused for a site that counts as
lost: such a site is never asked anything.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Flag, StrEnum, auto
from typing import Any, Protocol

from model.hooks import RunAs
from scripts.core.commands import Ran
from scripts.core.errors import CloudFailed, Refused


class ConditionFailed(CloudFailed):
    """A conditional write lost: the object is not what it was when it was read."""

    default_hint = "somebody else changed it; look at `dr status`"


# objects: the writer lease and the claims on the traffic


@dataclass(frozen=True)
class StoredObject:
    """
    An object as it was read or written. `changed_at` and `answered_at` are both the store's own clock, in whole
    seconds.
    """

    body: bytes
    etag: str
    changed_at: datetime
    answered_at: datetime


@dataclass(frozen=True)
class ObjectVersion:
    """One version of an object, as it was kept; without a body where the object was deleted."""

    version: str
    changed_at: datetime
    body: bytes | None


class ObjectStore(Protocol):
    """One bucket whose objects can be changed by conditional writes."""

    @property
    def name(self) -> str: ...

    def read(self, key: str) -> StoredObject | None:
        """The object, or None where there is none."""

    def create(self, key: str, body: bytes) -> StoredObject:
        """Write an object that must not be there yet. Raises ConditionFailed."""

    def replace(self, key: str, body: bytes, *, etag: str) -> StoredObject:
        """Write over the version that was read. Raises ConditionFailed when it is another one by now."""

    def write(self, key: str, body: bytes) -> StoredObject:
        """Write, whatever is there."""

    def delete(self, key: str) -> None:
        """Delete; already gone counts as done."""

    def keys(self, prefix: str) -> list[str]:
        """The keys that begin so, sorted."""

    def versions(self, key: str) -> Iterator[ObjectVersion]:
        """What the object was, the present version first, as far back as versions are kept. Read as it is asked for."""


# secrets


@dataclass(frozen=True)
class SecretValue:
    """One version of a secret. `text` never shows in a repr."""

    version: str
    text: str = field(repr=False)


class Secrets(Protocol):
    """A site's own secrets."""

    def read(self, name: str, version: str = "") -> SecretValue | None:
        """The present version, or the one that is named; None where that version is not there."""

    def write(self, name: str, text: str, version: str) -> None:
        """A new version, which becomes the present one. The same version again changes nothing."""

    def stop_copies(self, name: str, sites: Sequence[str]) -> list[str]:
        """Stop copying a secret to these sites and delete the copies there. Gives the sites that had one."""


# stores


class StoreFeature(Flag):
    """What a driver can do with a store."""

    NONE = 0
    PROMOTE = auto()
    """A copy that follows another becomes writable."""
    STANDBY = auto()
    """A standby in the same region takes over."""
    SNAPSHOT = auto()
    """A whole copy is taken, and can be sent to another site."""
    POINT_IN_TIME = auto()
    """A new instance is made from the log, as of a moment."""
    RESTART = auto()
    """Its node starts again, with what it has."""
    FORGET_PASSWORD = auto()
    """The owner gets a password that nobody knows."""


class Phase(StrEnum):
    """Where an instance stands."""

    AVAILABLE = "available"
    CHANGING = "changing"
    FAILED = "failed"
    """It will not come up by itself."""


@dataclass(frozen=True)
class StoreState:
    """What a cloud says of one instance; `said` is its own word. `follows` names the instance that it copies."""

    identifier: str
    phase: Phase
    said: str
    host: str
    port: int
    follows: str | None = None


class PointKind(StrEnum):
    """A snapshot is of one moment; a continuous backup can be followed to any moment that its log reaches."""

    SNAPSHOT = "snapshot"
    CONTINUOUS = "continuous"


@dataclass(frozen=True)
class RestorePoint:
    """
    Something an instance can be restored from, at the site where it lies. `source` is the identifier of the instance
    that it was taken of, `newest` the newest moment that it may be restored to, and `until` is set where that is not
    the end of its log. `reference` is how the site's stack declares it, in the driver's own words. `size_gb`: how large
    the disk of what it was taken of is, where the cloud says so.
    """

    name: str
    site: str
    kind: PointKind
    source: str
    newest: datetime
    earliest: datetime | None
    reference: str
    until: datetime | None = None
    size_gb: int | None = None

    @property
    def declared(self) -> str:
        """What a stack says that an incarnation is restored from: the reference, with the moment where one is set."""
        return self.reference if self.until is None else at_moment(self.reference, self.until)


def at_moment(reference: str, moment: datetime) -> str:
    """A backup as of a moment, as a stack declares it."""
    return f"{reference}@{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


class ManagedStore(Protocol):
    """One instance of a store, as a cloud manages it. It need not be there yet."""

    @property
    def identifier(self) -> str: ...
    @property
    def features(self) -> StoreFeature: ...
    @property
    def clouds_own_users(self) -> tuple[str, ...]:
        """How the names of the users begin that the cloud itself keeps in such a store."""

    def state(self) -> StoreState | None:
        """What the cloud says of it now, or None where there is none."""

    def promote(self) -> None:
        """Make a copy a primary, with the backups that the plan asks for. PROMOTE."""

    def fail_over_in_region(self) -> None:
        """Cut the present node off and let the standby take its name. STANDBY."""

    def why_no_standby(self) -> str | None:
        """Why no standby could take over now without losing anything, as the cloud sees it; None where one could."""

    def restart(self) -> None:
        """Start its node again, with the data that it has. RESTART."""

    def restore(self, point: RestorePoint, tags: Mapping[str, str]) -> None:
        """Make this instance from a point that lies at its site, as small as the plan allows. POINT_IN_TIME."""

    def snapshot(self, name: str, tags: Mapping[str, str]) -> None:
        """Take a snapshot; already there counts as done. SNAPSHOT."""

    def send_snapshot(self, name: str, to: str, tags: Mapping[str, str]) -> str:
        """
        Copy a snapshot to another site, under a key of that site; already there counts as done. Gives the name of the
        backup that holds it there, which may be one of several moments. SNAPSHOT.
        """

    def why_not_sent(self, to: str) -> str | None:
        """Why the backups that it makes by itself do not arrive at a site; None where they do, once it is declared."""

    def set_password(self, password: str) -> None:
        """Give the owner this password. The server may take it some time later: whoever logs in waits for it."""

    def forget_password(self) -> None:
        """Give the owner a password that nobody knows. FORGET_PASSWORD."""

    def release_followers(self) -> None:
        """
        Let go of whatever follows this instance, where its cloud would not let it be deleted before: each goes on
        alone, closed by its guard. Nothing follows it: nothing changes.
        """

    def final_snapshot(self) -> str | None:
        """
        The name of the snapshot that is left when its stack gives it up; None where its cloud takes none and keeps what
        is deleted for some days by itself.
        """

    def discard(self) -> None:
        """Delete an instance that never came up, whatever protects it; already gone counts as done."""

    def delete(self) -> None:
        """Delete it without a last snapshot; already gone counts as done."""

    def is_declared_by(self, resource: Declared) -> bool:
        """Does this resource of a stack stand for this instance?"""


class Cache(Protocol):
    """
    The cache of a site, of which there is one. What is kept of it is an export in a store of objects of the site. To go
    back to one is to bring it into the cache that is there, in the place of all that it holds.
    """

    @property
    def identifier(self) -> str: ...

    def state(self) -> StoreState | None:
        """What the cloud says of it now, or None where there is none."""

    def export(self, name: str) -> RestorePoint:
        """Keep all that it holds under a name, which nobody has yet, and wait until it is kept."""

    def exports(self) -> list[RestorePoint]:
        """What is kept in its site, also of the caches of other sites, newest first."""

    def send(self, name: str, to: str) -> None:
        """Copy an export of its site to another one; already there counts as done."""

    def forget(self, name: str) -> None:
        """Delete an export of its site; already gone counts as done."""

    def why_not_readable(self, name: str) -> str | None:
        """Why an export of its site cannot be brought into a cache, tried with a scratch one; None where it can."""

    def bring(self, name: str) -> None:
        """An export of its site in the place of all that it holds; one that cannot be read leaves what it holds."""

    def flush(self) -> None:
        """Throw away all that it holds."""


# services


class ServiceFeature(Flag):
    """What a driver can do with a service without changing its stack."""

    NONE = 0
    START = auto()
    """It is started, in as many copies as are asked for, and stopped."""
    RESTART = auto()
    """All that runs of it is replaced by the same again."""
    ROLL_BACK = auto()
    """An earlier version of it runs again."""
    REPLACE = auto()
    """What it runs on is given up and made anew."""
    RUN_ONCE = auto()
    """A command is run once, with all that the service has."""
    LOGS = auto()
    """The last lines that it wrote can be read."""


@dataclass(frozen=True)
class ServiceState:
    """
    How many of a service are wanted, and how many are ready. `version` is the one that is wanted, in the cloud's own
    word. `settled` tells that the cloud has done what was asked of it last: all that runs is of that version.
    """

    name: str
    wanted: int
    ready: int
    version: str = ""
    settled: bool = True


@dataclass(frozen=True)
class ServiceVersion:
    """
    A version of a service that its cloud still holds. `artefact` is what it runs: an image, a package. `is_wanted` is
    true for the one that the service is to run now. `content` is the same for the same thing, whatever name it has in
    its cloud by now: one that was only restarted, or that runs again after a rollback, keeps it.
    """

    name: str
    artefact: str
    made_at: datetime
    is_wanted: bool
    content: str


class ManagedService(Protocol):
    """One service of a site, as a cloud manages it. Each call asks for a change; `state` tells when it is done."""

    @property
    def where(self) -> str:
        """The name of what runs it, for people."""

    @property
    def features(self) -> ServiceFeature: ...

    def state(self) -> ServiceState | None:
        """What is there now, or None where it is not deployed."""

    def start(self, count: int) -> None:
        """Run so many of it; a kind that has no copies runs it once. START."""

    def stop(self) -> None:
        """Run none of it, and delete nothing of it. START."""

    def restart(self, asked_at: datetime) -> None:
        """Replace all that runs of it by the same again; the same moment a second time changes nothing. RESTART."""

    def replace(self, asked_at: datetime) -> None:
        """
        Give up what it runs on and make it anew, a part at a time, so that the service goes on. The same moment a
        second time changes nothing. REPLACE.
        """

    def versions(self) -> list[ServiceVersion]:
        """The versions that can be run again, newest first, the present one among them. ROLL_BACK."""

    def roll_back(self, version: str) -> None:
        """
        Run a version that `versions` names; already wanted changes nothing. Its stack goes on saying what it said, so
        the next update of it would deploy the newer version again. ROLL_BACK.
        """

    def run_once(self, name: str, command: Sequence[str], seconds: float, *, login: RunAs = "service") -> Ran:
        """
        Run a command once in a job of its own, with the image, the environment and the secrets of the service, or of
        its migration, and wait for its end; it is ended when `seconds` are over. A job of this name that succeeded is
        not run again, one that runs is waited for, one that failed is run anew. RUN_ONCE. Raises OutcomeUnknown when
        its end was not seen.
        """

    def logs(self, lines: int) -> Mapping[str, tuple[str, ...]]:
        """At most so many of the last lines of each of its copies, by the copy's name. LOGS."""

    def is_declared_by(self, resource: Declared) -> bool:
        """Does this resource of a stack stand for this service?"""

    def declared_artefact(self, resource: Declared) -> str | None:
        """
        The artefact that a resource which stands for this service names; None where its stack leaves that to whoever
        deploys.
        """

    def resources(self, resources: Sequence[Declared]) -> list[str]:
        """
        The URNs of those resources of a stack that can be deleted and made anew to have this service as the code says:
        nothing that holds data, and nothing that others know by an address.
        """


class Services(Protocol):
    """All services of one kind at a site."""

    def service(self, name: str) -> ManagedService: ...

    def running(self) -> Mapping[str, ServiceState]:
        """All that runs there, by name."""


# what a site is closed by, and what it holds


@dataclass(frozen=True)
class Opening:
    """What a network lets through at one place of a site; `rules` are plain data, as the cloud would take them back."""

    name: str
    rules: Mapping[str, Any]

    @property
    def closed(self) -> bool:
        """Nothing gets in or out."""
        return not any(self.rules.values())


class Isolation(Protocol):
    """Closes a site. What it takes away is deleted nowhere and can be given back by the site's stack."""

    def openings(self) -> list[Opening]:
        """Where the site's front door and its stores can be reached, closed ones among them."""

    def close(self, opening: Opening) -> None:
        """Take these rules away; already gone counts as done."""

    def end_sessions(self, site: str, before: datetime, *, goes_on: bool = False) -> list[str]:
        """
        Allow nothing to whoever took up a role of `site` before a moment; gives the roles. Asks the account, not the
        site, so it also works for a site that is lost. One that `goes_on` keeps what its cluster and its nodes act
        with: ask `why_sessions_stay` before.
        """

    def why_sessions_stay(self) -> str | None:
        """Why the sessions of a site that goes on cannot be ended; None where they can."""


class Firewall(Protocol):
    """What stands before the front door of a site. Addresses are networks in CIDR. Both raise CloudFailed."""

    def blocked(self) -> list[str]:
        """Whom it keeps out, in order."""

    def change(self, *, add: Collection[str], remove: Collection[str]) -> None:
        """Keep out these too, and let those in again; whoever else it keeps out stays so."""


class Declared(Protocol):
    """A resource of a stack, as its state shows it."""

    @property
    def type(self) -> str: ...
    @property
    def urn(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def inputs(self) -> Mapping[str, Any]: ...
    @property
    def outputs(self) -> Mapping[str, Any]: ...
    @property
    def protect(self) -> bool: ...


@dataclass(frozen=True)
class Holding:
    """
    Something of a stack that is not deleted without being asked for by name. `holds` is the data in it, empty for none;
    `guards` can be lifted. `stuck` says why nobody can delete it, and `until` when that ends (None: it is not known).
    """

    stack: str
    kind: str
    name: str
    holds: str = ""
    guards: tuple[str, ...] = ()
    stuck: str = ""
    until: datetime | None = None

    def __str__(self) -> str:
        what = ", ".join(filter(None, (self.holds, *self.guards)))
        return f"{self.kind} {self.name}" + (f" ({what})" if what else "")


class Inventory(Protocol):
    """What one cloud knows of the data in a stack's resources, and of what was left behind outside the stack."""

    def knows(self, resource: Declared) -> bool:
        """Is this resource one of this cloud?"""

    def look(self, stack: str, resource: Declared, known: Holding, others: Iterable[Declared]) -> Holding:
        """`known` with what the cloud says: what it holds, what guards it. `others` are all of the stack."""

    def left_behind(self, stack: str, site: str) -> list[Holding]:
        """Backups that outlived what they are of, in the site's own region."""

    def delete_left_behind(self, holding: Holding, site: str) -> None:
        """Delete one of them; already gone counts as done."""


class Cloud(Protocol):
    """One site, as its cloud sees it."""

    @property
    def site(self) -> str: ...

    def objects(self) -> ObjectStore:
        """The recovery bucket: the site's claim on the traffic and, at the witness, the writer lease."""

    def secrets(self) -> Secrets: ...

    def store(self, store: str, incarnation: int) -> ManagedStore:
        """One incarnation of a store of the plan."""

    def scratch(self, store: str, identifier: str) -> ManagedStore:
        """An instance beside those of the plan, to look into a backup of `store`."""

    def cache(self, store: str) -> Cache:
        """The cache of the site. Raises Refused for a kind that is none here."""

    def restore_points(self, store: str) -> list[RestorePoint]:
        """Everything at this site that an instance of this kind of store can be restored from, newest first."""

    def service(self, service: str) -> ManagedService:
        """A service of the plan, or anything else that `running` names."""

    def running(self) -> Mapping[str, ServiceState]:
        """All that runs at the site, the agent too, by name."""

    def front_door(self) -> str:
        """The DNS name of the site's front door, which stays the same for its life."""

    def isolation(self, instances: tuple[str, ...]) -> Isolation:
        """What closes the site; `instances` are the identifiers of its stores that are declared."""

    def firewall(self) -> Firewall:
        """Raises Refused where the cloud has none (`CloudFacts.firewalls`)."""

    def warm_up(self) -> None:
        """Load what acting on a store will need before it is urgent; asks the cloud nothing."""


class Driver(Protocol):
    """One cloud, for the length of one run: sites share its connections."""

    def at(self, site: str) -> Cloud: ...

    def inventory(self) -> Inventory: ...


class Traffic(Protocol):
    """The one switch of a plan: which site its record leads to."""

    def send_to(self, site: str, epoch: int, lost: frozenset[str]) -> tuple[bool, list[str]]:
        """
        Let the record lead to `site`, through what the surviving sites own. Gives whether it had to claim it (the first
        site of the plan never has), and the sites whose claims were taken back.
        """


def need(named: str, what: str, *, able: bool) -> None:
    """Raises Refused where the driver of `named` cannot do `what`."""
    if not able:
        raise Refused(f"{named} cannot {what} in its cloud", "`dr plan check` says what each kind of store can do")

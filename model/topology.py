"""
Who is active, and which incarnation of its database each site holds: data in the stacks' config.

The transitions are pure: they give a new topology, and the runbooks write it. A database that was lost or left behind
cannot become a replica again, so re-protection builds a new incarnation beside it
(`docs/decisions/incarnations-of-databases.md`).
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AwareDatetime, ConfigDict, Field, ValidationError, model_validator
from pydantic.alias_generators import to_camel

from . import names
from .base import Model, Name, Text
from .durations import quote
from .mistakes import listed, mistakes_of

if TYPE_CHECKING:
    from .plan import Plan

KEYS = ("activeSite", "epoch", "databases", "backupsOf", "isolated", "tainted")
"""Of the config, without the project's `dr:` in front."""

Built = Annotated[int, Field(ge=1, strict=True)]


class TopologyError(Exception):
    """The config holds no topology, or the topology does not allow this transition. One line for each mistake."""


class _Data(Model):
    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=to_camel, validate_by_name=True, validate_by_alias=True
    )


class Incarnation(_Data):
    """
    One site's database.

    `built` numbers the incarnation (at least the epoch it was built in, never used twice); None when there is none
    left but retiring ones. `source` and `source_built` say what it follows; None once it has been promoted, or when it
    was built as a primary. `restored_from` is the backup that it was built from: the name of a snapshot, or the ARN of
    replicated automated backups or the RDS resource ID of an instance of its own region (alive or deleted), each with
    `@` and a moment (ISO 8601) behind it for another than the newest, or in its own region the identifier of a living
    instance, `@` and a moment; a mapping where the plan has several databases. `retiring` are former
    incarnations, still declared but without protection, so that the next update can drop them.
    """

    built: Built | None
    source: Name | None = None
    source_built: Built | None = None
    restored_from: Text | dict[Name, Text] | None = None
    retiring: tuple[Built, ...] = ()

    def backup_of(self, database: str) -> str | None:
        """The backup that this database of the incarnation was built from; None when it was not restored."""
        if isinstance(self.restored_from, dict):
            return self.restored_from.get(database)
        return self.restored_from


class Topology(_Data):
    """
    `epoch` grows by one with each change of the active site. `backups_of` maps a site to the incarnation of its
    database whose backups the cold site receives. `isolated` are sites that were found compromised: nothing is moved
    to them or built in them until somebody says that they are clean. `tainted` maps the identifier of a database to the
    moment up to which its backups may be used: it was left because of what happened to it after that. It is never
    forgotten, because backups outlive what they are backups of.
    """

    active_site: Name
    epoch: Annotated[int, Field(ge=1, strict=True)]
    databases: dict[Name, Incarnation] = Field(default_factory=dict)
    backups_of: dict[Name, Built] = Field(default_factory=dict)
    isolated: tuple[Name, ...] = ()
    tainted: dict[Text, AwareDatetime] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _of_the_present_source(cls, data: Any) -> Any:
        """A `source` written without `sourceBuilt` means the source's present incarnation."""
        databases = data.get("databases") if isinstance(data, dict) else None
        if not isinstance(databases, dict):
            return data
        filled = {}
        for site, database in databases.items():
            source = databases.get(database.get("source")) if isinstance(database, dict) else None
            if isinstance(source, dict) and "sourceBuilt" not in database and "source_built" not in database:
                filled[site] = {**database, "sourceBuilt": source.get("built")}
            else:
                filled[site] = database
        return {**data, "databases": filled}

    @classmethod
    def initial(cls, plan: "Plan") -> "Topology":
        """As first deployed: the primary active, warm sites following it, cold sites receiving its backups."""
        primary = plan.primary.name
        databases = {primary: Incarnation(built=1)}
        for site in plan.sites:
            if site.kind == "warm":
                databases[site.name] = Incarnation(built=1, source=primary, source_built=1)
        return cls(active_site=primary, epoch=1, databases=databases, backups_of={primary: 1} if plan.cold else {})

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> "Topology":
        """
        From a stack's config; keys with or without the project's `dr:` in front; other keys are ignored.

        Raises TopologyError.
        """
        keys = {name.removeprefix("dr:"): value for name, value in config.items()}
        known = {name: keys[name] for name in KEYS if name in keys}
        try:
            return cls.model_validate(known)
        except ValidationError as error:
            raise TopologyError("\n".join(f"dr:{mistake}" for mistake in mistakes_of(error))) from None

    def to_config(self) -> dict[str, Any]:
        """Plain data with the keys of the config, without the project's `dr:` in front."""
        data = self.model_dump(by_alias=True, mode="json")
        for database in data["databases"].values():
            for key in ("sourceBuilt", "restoredFrom", "retiring"):
                if not database[key]:
                    del database[key]
        for key in ("isolated", "tainted"):
            if not data[key]:
                del data[key]
        return data

    def built(self, site: str) -> int:
        """The present incarnation of a site's database. Raises TopologyError when it has none."""
        database = self.databases.get(site)
        if database is None or database.built is None:
            raise TopologyError(f"site {site} holds no database")
        return database.built


def after_failover(topology: Topology, plan: "Plan", to: str) -> Topology:
    """
    `to` becomes active; a database that followed another is promoted. Nothing else changes: the sites left behind
    keep what they have. The active site itself gives the topology as it is.
    """
    _known(plan, to)
    if to == topology.active_site:
        return topology
    _open(topology, to)
    topology.built(to)
    promoted = topology.databases[to].model_copy(update={"source": None, "source_built": None})
    return _changed(topology, active_site=to, epoch=topology.epoch + 1, databases={**topology.databases, to: promoted})


def after_cold_activation(topology: Topology, plan: "Plan", site: str, restored_from: str | dict[str, str]) -> Topology:
    """A cold site becomes active with a database restored from a backup that lies there."""
    _known(plan, site)
    if site == topology.active_site:
        return topology
    _open(topology, site)
    old = topology.databases.get(site)
    if old is not None and old.built is not None:
        raise TopologyError(f"site {site} already holds a database: fail over to it instead of restoring one")
    built = max(topology.epoch + 1, _next_built(topology))
    restored = Incarnation(built=built, restored_from=restored_from, retiring=old.retiring if old else ())
    return _changed(
        topology, active_site=site, epoch=topology.epoch + 1, databases={**topology.databases, site: restored}
    )


def after_isolation(topology: Topology, plan: "Plan", sites: Sequence[str], clean_before: datetime) -> Topology:
    """
    These sites were found compromised, since a moment. The active site cannot be one: another one takes over first.
    """
    for site in sites:
        _known(plan, site)
        if site == topology.active_site:
            raise TopologyError(f"site {site} is active: another one takes over before it counts as isolated")
    isolated = tuple(sorted({*topology.isolated, *sites}))
    return _changed(topology, isolated=isolated, tainted=_tainted(topology, plan, sites, clean_before))


def after_release(topology: Topology, plan: "Plan", site: str) -> Topology:
    """Somebody says that a site is clean again."""
    _known(plan, site)
    return _changed(topology, isolated=tuple(each for each in topology.isolated if each != site))


def after_restore(topology: Topology, plan: "Plan", restored_from: str | dict[str, str], at: datetime) -> Topology:
    """
    The active site's database is taken back to a moment: a new incarnation in a new epoch, restored beside the damaged
    one, which is retiring. What followed the damaged one is fenced by that.
    """
    site, epoch = topology.active_site, topology.epoch + 1
    _known(plan, site)
    old = topology.databases[site]
    new = Incarnation(
        built=max(epoch, _next_built(topology)),
        restored_from=restored_from,
        retiring=(*old.retiring, topology.built(site)),
    )
    tainted = _tainted(topology, plan, list(topology.databases), at)
    return _changed(topology, epoch=epoch, databases={**topology.databases, site: new}, tainted=tainted)


def after_reprotect(topology: Topology, plan: "Plan", site: str) -> Topology:
    """A new incarnation in `site` follows the active site; the one it had is retiring."""
    _known(plan, site)
    if site == topology.active_site:
        raise TopologyError(f"site {site} is active: it cannot follow itself")
    _open(topology, site)
    old = topology.databases.get(site)
    if old is None and plan.site(site).kind == "cold":
        raise TopologyError(f"site {site} is cold: it receives backups and follows nobody")
    retiring = (*(old.retiring if old else ()), *((old.built,) if old and old.built is not None else ()))
    new = Incarnation(
        built=_next_built(topology),
        source=topology.active_site,
        source_built=topology.built(topology.active_site),
        retiring=retiring,
    )
    return _changed(topology, databases={**topology.databases, site: new})


def after_stand_down(topology: Topology, plan: "Plan", site: str) -> Topology:
    """A cold site that was active is to be cold again: its database is retiring, and no new one is built."""
    _known(plan, site)
    if plan.site(site).kind != "cold":
        raise TopologyError(f"site {site} is not cold by design: re-protect it instead")
    if site == topology.active_site:
        raise TopologyError(f"site {site} is active: fail over to another site first")
    old = topology.databases.get(site)
    if old is None or old.built is None:
        return topology
    retired = Incarnation(built=None, retiring=(*old.retiring, old.built))
    return _changed(topology, databases={**topology.databases, site: retired})


def after_retirement(topology: Topology, plan: "Plan", site: str) -> Topology:
    """What was retiring in `site` is no longer declared, nor are the copies of its backups kept up to date."""
    _known(plan, site)
    old = topology.databases.get(site)
    if old is None or not old.retiring:
        return topology
    databases = {**topology.databases, site: old.model_copy(update={"retiring": ()})}
    if old.built is None:
        del databases[site]
    backups = {name: built for name, built in topology.backups_of.items() if name != site or built not in old.retiring}
    return _changed(topology, databases=databases, backups_of=backups)


def after_backups_switch(topology: Topology, plan: "Plan") -> Topology:
    """The cold site receives the backups of the active site's database as well; older ones stay until retirement."""
    active = topology.active_site
    if plan.cold is None or active == plan.cold.name:
        return topology
    present = topology.backups_of.get(active)
    built = topology.built(active)
    if present is not None and present != built:
        raise TopologyError(
            f"the cold site still receives the backups of {active}'s incarnation {present}: retire it first"
        )
    return _changed(topology, backups_of={**topology.backups_of, active: built})


def after_backups_settled(topology: Topology, plan: "Plan") -> Topology:
    """The cold site receives the backups of the active site's database only."""
    switched = after_backups_switch(topology, plan)
    if plan.cold is None or topology.active_site == plan.cold.name:
        return switched
    return _changed(switched, backups_of={topology.active_site: switched.backups_of[topology.active_site]})


def origin_of(plan: "Plan", site: str, incarnation: Incarnation) -> Literal["new", "replica", "restored"]:
    """
    How an incarnation was built, which its declaration keeps saying for as long as it lives.

    Only the first database of the primary site was ever built empty; all others are replicas (promoted or not) or were
    restored.
    """
    if incarnation.restored_from is not None:
        return "restored"
    return "new" if site == plan.primary.name and incarnation.built == 1 and incarnation.source is None else "replica"


def foreign_sites(topology: Topology, plan: "Plan", records: Mapping[str, object]) -> None:
    """Raises TopologyError for each site that config names and the plan does not have."""
    named = [("activeSite", [topology.active_site]), ("databases", topology.databases)]
    named += [("backupsOf", topology.backups_of), ("isolated", topology.isolated), ("records", records)]
    known = [site.name for site in plan.sites]
    wrong = [
        f"dr:{key}: {quote(site)} is no site of the plan {plan.system}; there is {listed(known)}"
        for key, sites in named
        for site in sites
        if site not in known
    ]
    if wrong:
        raise TopologyError("\n".join(wrong))


def _next_built(topology: Topology) -> int:
    """At least the epoch, and higher than any number in use, so that no identifier is ever built twice."""
    numbers = [topology.epoch, *(built + 1 for built in topology.backups_of.values())]
    for database in topology.databases.values():
        numbers += [built + 1 for built in (database.built, *database.retiring) if built is not None]
    return max(numbers)


def _known(plan: "Plan", site: str) -> None:
    if site not in {entry.name for entry in plan.sites}:
        raise TopologyError(f"no site {site!r} in the plan; there is {', '.join(entry.name for entry in plan.sites)}")


def _tainted(topology: Topology, plan: "Plan", sites: Sequence[str], since: datetime) -> dict[str, datetime]:
    """With every database that these sites hold now; the earliest moment counts."""
    tainted = dict(topology.tainted)
    for site in sites:
        held = topology.databases.get(site, Incarnation(built=None))
        present = () if held.built is None else (held.built,)
        for built in (*present, *held.retiring):
            for database in plan.incarnated_stores:
                identifier = names.database_identifier(plan, site, database.name, built)
                tainted[identifier] = min(since, tainted.get(identifier, since))
    return tainted


def _open(topology: Topology, site: str) -> None:
    if site in topology.isolated:
        raise TopologyError(f"site {site} was found compromised and is isolated")


def _changed(topology: Topology, **changes: Any) -> Topology:
    return topology.model_copy(update=changes)

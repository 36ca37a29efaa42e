"""
Who is active, and which incarnation of each store each site holds: data in the stacks' config.

The transitions are pure: they give a new topology, and the runbooks write it. A store that was lost or left behind
cannot become a replica again, so re-protection builds a new incarnation beside it
(`docs/decisions/incarnations-of-stores.md`). Each store has its own, so that one can be restored or re-protected alone.
"""

from collections.abc import Collection, Mapping, Sequence
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

KEYS = ("activeSite", "epoch", "stores", "backupsOf", "isolated", "tainted")
"""Of the config, without the project's `dr:` in front."""

Number = Annotated[int, Field(ge=1, strict=True)]


class TopologyError(Exception):
    """The config holds no topology, or the topology does not allow this transition. One line for each mistake."""


class _Data(Model):
    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=to_camel, validate_by_name=True, validate_by_alias=True
    )


class Incarnation(_Data):
    """
    What one site holds of one store.

    `number` is at least the epoch in which the incarnation was built, and is never used twice; it is None when only
    retiring incarnations are left. `source` and `source_number` say which incarnation of which site it follows.
    `promoted`: it followed another one once and was promoted. `restored_from` is the backup that it was built from, in
    the words of the site's cloud, with `@` and a moment (ISO 8601) behind it for a state other than the newest.
    `retiring` are former incarnations, which are still declared but no longer protected, so that the next update can
    drop them.
    """

    number: Number | None
    source: Name | None = None
    source_number: Number | None = None
    promoted: bool = False
    restored_from: Text | None = None
    retiring: tuple[Number, ...] = ()

    @property
    def origin(self) -> Literal["new", "replica", "restored"]:
        """How it was built, which its declaration keeps saying for as long as it lives."""
        if self.restored_from is not None:
            return "restored"
        return "replica" if self.source is not None or self.promoted else "new"

    @property
    def numbers(self) -> tuple[int, ...]:
        """The present incarnation and the retiring ones."""
        return (*(() if self.number is None else (self.number,)), *self.retiring)


class Topology(_Data):
    """
    `epoch` grows by one with each change of the active site. `stores` maps a site to the incarnation of each store that
    it holds; a site that is not in it holds nothing. `backups_of` maps a site to the incarnations of its stores whose
    backups the cold site receives. `isolated` are sites that were found compromised: nothing is moved to them or built
    in them until somebody says that they are clean. `tainted` maps the identifier of an incarnation to the moment up to
    which its backups may be used: it was left because of what happened to it after that. It is never forgotten, because
    backups outlive what they are backups of.
    """

    active_site: Name
    epoch: Annotated[int, Field(ge=1, strict=True)]
    stores: dict[Name, dict[Name, Incarnation]] = Field(default_factory=dict)
    backups_of: dict[Name, dict[Name, Number]] = Field(default_factory=dict)
    isolated: tuple[Name, ...] = ()
    tainted: dict[Text, AwareDatetime] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _of_the_present_source(cls, data: Any) -> Any:
        """A `source` written without `sourceNumber` means the source's present incarnation."""
        sites = data.get("stores") if isinstance(data, dict) else None
        if not isinstance(sites, dict):
            return data

        def filled(name: Any, incarnation: Any) -> Any:
            if not isinstance(incarnation, dict) or {"sourceNumber", "source_number"} & incarnation.keys():
                return incarnation
            source = sites.get(incarnation.get("source"))
            held = source.get(name) if isinstance(source, dict) else None
            return {**incarnation, "sourceNumber": held.get("number")} if isinstance(held, dict) else incarnation

        stores = {
            site: {name: filled(name, each) for name, each in held.items()} if isinstance(held, dict) else held
            for site, held in sites.items()
        }
        return {**data, "stores": stores}

    @classmethod
    def initial(cls, plan: "Plan") -> "Topology":
        """The topology as first deployed: the primary is active, warm sites follow it, cold ones get its backups."""
        populated: dict[str, dict[str, Incarnation]] = {site.name: {} for site in plan.sites if site.kind != "cold"}
        empty = cls(active_site=plan.primary.name, epoch=1, stores=populated, backups_of={})
        first = empty.with_new_stores(plan)
        numbers = dict.fromkeys(first.stores[plan.primary.name], 1)
        return _changed(first, backups_of={plan.primary.name: numbers} if plan.cold and numbers else {})

    def with_new_stores(self, plan: "Plan") -> "Topology":
        """
        With what the plan has come to hold since: a store that no site holds yet is new in the active site, and in the
        other populated sites it follows that one.
        """
        stores = {site: dict(held) for site, held in self.stores.items()}
        for store in plan.incarnated_stores:
            if any(store.name in held for held in stores.values()):
                continue
            for site, held in stores.items():
                if held and not any(each.number for each in held.values()):
                    continue  # it is being emptied
                follows = site != self.active_site and store.is_followed
                held[store.name] = (
                    Incarnation(number=self.epoch, source=self.active_site, source_number=self.epoch)
                    if follows
                    else Incarnation(number=self.epoch)
                )
        return self if stores == self.stores else _changed(self, stores=stores)

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> "Topology":
        """
        Read a stack's config; keys with or without the project's `dr:` in front; other keys are ignored.

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
        for held in data["stores"].values():
            for incarnation in held.values():
                for key in ("source", "sourceNumber", "promoted", "restoredFrom", "retiring"):
                    if not incarnation[key]:
                        del incarnation[key]
        for key in ("isolated", "tainted"):
            if not data[key]:
                del data[key]
        return data

    def held(self, site: str, store: str) -> Incarnation | None:
        """What a site holds of a store; None for nothing at all."""
        return self.stores.get(site, {}).get(store)

    def incarnation(self, site: str, store: str) -> int:
        """The number of a site's present incarnation of a store. Raises TopologyError when it has none."""
        held = self.held(site, store)
        if held is None or held.number is None:
            raise TopologyError(f"site {site} holds no {store}")
        return held.number

    def identifier(self, plan: "Plan", site: str, store: str) -> str:
        """The identifier of a site's present incarnation of a store. Raises TopologyError when it has none."""
        return names.store_identifier(plan, site, store, self.incarnation(site, store))

    def incarnations(self, site: str) -> dict[str, int]:
        """The numbers of a site's present incarnations, by store."""
        return {name: held.number for name, held in self.stores.get(site, {}).items() if held.number is not None}

    def inventory(self, site: str) -> str:
        """`core 2, cache 1`: what a site holds, for a sentence; `no store` for nothing."""
        return ", ".join(f"{name} {number}" for name, number in self.incarnations(site).items()) or "no store"

    def follows(self, site: str, store: str) -> bool:
        """Whether what a site holds of a store follows the active site's present incarnation."""
        held, active = self.held(site, store), self.held(self.active_site, store)
        return (
            held is not None
            and active is not None
            and held.number is not None
            and (held.source, held.source_number) == (self.active_site, active.number)
        )

    def not_following(self, plan: "Plan", site: str) -> tuple[str, ...]:
        """The stores of the plan that should follow the active site's, and do not, or are not there at all."""
        return tuple(
            store.name
            for store in plan.incarnated_stores
            if (store.is_followed and not self.follows(site, store.name)) or store.name not in self.incarnations(site)
        )


def after_failover(topology: Topology, plan: "Plan", to: str) -> Topology:
    """
    `to` becomes active; its stores that followed others are promoted. Nothing else changes: the sites left behind keep
    what they have. The active site itself gives the topology as it is. Raises TopologyError when it holds not all.
    """
    _known(plan, to)
    if to == topology.active_site:
        return topology
    _open(topology, to)
    if to not in topology.stores:
        raise TopologyError(f"site {to} holds nothing that could take over")
    for store in plan.incarnated_stores:
        topology.incarnation(to, store.name)
    promoted = {name: _promoted(held) for name, held in topology.stores[to].items()}
    return _holding(topology, to, promoted, active_site=to, epoch=topology.epoch + 1)


def _promoted(held: Incarnation) -> Incarnation:
    if held.source is None:
        return held
    return held.model_copy(update={"source": None, "source_number": None, "promoted": True})


def after_promotion_in_vain(topology: Topology, plan: "Plan", site: str, stores: Collection[str]) -> Topology:
    """
    These stores of a site were promoted by a move that was given up: they follow nobody any more, and the active site
    stays the active one.
    """
    _known(plan, site)
    held = topology.stores.get(site, {})
    return _holding(topology, site, {name: _promoted(held[name]) for name in _named(plan, stores)})


def after_cold_activation(topology: Topology, plan: "Plan", site: str, restored_from: Mapping[str, str]) -> Topology:
    """
    A cold site becomes active. `restored_from` maps each store to the backup in that site that it is restored from; a
    store that is not in it begins empty.
    """
    _known(plan, site)
    if site == topology.active_site:
        return topology
    _open(topology, site)
    if (present := topology.incarnations(site)) or (site in topology.stores and not plan.incarnated_stores):
        what = listed(tuple(present)) if present else "the services"
        raise TopologyError(f"site {site} already holds {what}: fail over to it instead of restoring")
    held = topology.stores.get(site, {})
    new = {
        store.name: Incarnation(
            number=max(topology.epoch + 1, _next(topology, store.name)),
            restored_from=restored_from.get(store.name),
            retiring=held[store.name].retiring if store.name in held else (),
        )
        for store in plan.incarnated_stores
    }
    return _holding(topology, site, new, active_site=site, epoch=topology.epoch + 1)


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


def after_restore(topology: Topology, plan: "Plan", restored_from: Mapping[str, str], at: datetime) -> Topology:
    """
    The stores named in `restored_from`, in the active site, are taken back to a moment: each gets a new incarnation,
    restored beside the damaged one, which is retiring. The epoch grows, so that what followed a damaged one is fenced.
    """
    site, epoch = topology.active_site, topology.epoch + 1
    _known(plan, site)
    new = {}
    for store, backup in restored_from.items():
        _named(plan, [store])
        old = topology.stores.get(site, {}).get(store) or Incarnation(number=None)
        topology.incarnation(site, store)
        number = max(epoch, _next(topology, store))
        retiring = (*old.retiring, topology.incarnation(site, store))
        new[store] = Incarnation(number=number, restored_from=backup, retiring=retiring)
    tainted = _tainted(topology, plan, list(topology.stores), at, tuple(restored_from))
    return _holding(topology, site, new, epoch=epoch, tainted=tainted)


def after_reprotect(topology: Topology, plan: "Plan", site: str, stores: Collection[str] | None = None) -> Topology:
    """
    New incarnations in `site` follow the active site's, and those that it had are retiring. `stores` names the stores
    that this is done for; by default it is done for all. One that nothing follows (a cache) begins empty instead.
    """
    _known(plan, site)
    if site == topology.active_site:
        raise TopologyError(f"site {site} is active: it cannot follow itself")
    _open(topology, site)
    if site not in topology.stores and plan.site(site).kind == "cold":
        raise TopologyError(f"site {site} is cold: it receives backups and follows nobody")
    new = {}
    for store in plan.incarnated_stores:
        if stores is not None and store.name not in _named(plan, stores):
            continue
        old = topology.held(site, store.name)
        retiring = () if old is None else (*old.retiring, *(() if old.number is None else (old.number,)))
        number, active = _next(topology, store.name), topology.incarnation(topology.active_site, store.name)
        follows = {"source": topology.active_site, "source_number": active} if store.is_followed else {}
        new[store.name] = Incarnation(number=number, retiring=retiring).model_copy(update=follows)
    return _holding(topology, site, new)


def after_stand_down(topology: Topology, plan: "Plan", site: str) -> Topology:
    """A cold site that was active is to be cold again: its stores are retiring, and no new ones are built."""
    _known(plan, site)
    if plan.site(site).kind != "cold":
        raise TopologyError(f"site {site} is not cold by design: re-protect it instead")
    if site == topology.active_site:
        raise TopologyError(f"site {site} is active: fail over to another site first")
    if site not in topology.stores:
        return topology
    retired = {name: Incarnation(number=None, retiring=held.numbers) for name, held in topology.stores[site].items()}
    if not any(held.retiring for held in retired.values()):  # it held services alone
        return _changed(topology, stores={name: held for name, held in topology.stores.items() if name != site})
    return _holding(topology, site, retired)


def after_retirement(topology: Topology, plan: "Plan", site: str, stores: Collection[str] | None = None) -> Topology:
    """
    What was retiring in `site` is no longer declared, nor are the copies of its backups kept up to date. `stores` names
    the stores that this is done for; by default it is done for all.
    """
    _known(plan, site)
    held = topology.stores.get(site, {})
    meant = {name for name, each in held.items() if each.retiring and (stores is None or name in _named(plan, stores))}
    if not meant:
        return topology
    left = {name: each.model_copy(update={"retiring": ()}) if name in meant else each for name, each in held.items()}
    left = {name: each for name, each in left.items() if each.numbers}
    copied = topology.backups_of.get(site, {})
    kept = {name: at for name, at in copied.items() if name not in meant or at not in held[name].retiring}
    sites = {name: each for name, each in topology.stores.items() if name != site or left}
    return _changed(
        topology,
        stores={name: left if name == site else each for name, each in sites.items()},
        backups_of=_without_empty({**topology.backups_of, site: kept}),
    )


def after_backups_switch(topology: Topology, plan: "Plan", stores: Collection[str] | None = None) -> Topology:
    """
    The cold site receives the backups of the active site's stores as well; older ones stay until retirement. `stores`
    names the stores that this is done for; by default it is done for all.
    """
    active = topology.active_site
    if plan.cold is None or active == plan.cold.name:
        return topology
    present = dict(topology.backups_of.get(active, {}))
    for name, number in topology.incarnations(active).items():
        if stores is not None and name not in _named(plan, stores):
            continue
        if present.setdefault(name, number) != number:
            raise TopologyError(
                f"the cold site still receives the backups of {active}'s incarnation {present[name]} of {name}: "
                "retire it first"
            )
    return _changed(topology, backups_of=_without_empty({**topology.backups_of, active: present}))


def after_backups_settled(topology: Topology, plan: "Plan") -> Topology:
    """The cold site receives the backups of the active site's stores only."""
    switched = after_backups_switch(topology, plan)
    if plan.cold is None or topology.active_site == plan.cold.name:
        return switched
    only = {topology.active_site: switched.backups_of.get(topology.active_site, {})}
    return _changed(switched, backups_of=_without_empty(only))


def foreign_names(topology: Topology, plan: "Plan", records: Mapping[str, object]) -> None:
    """Raises TopologyError for each site and each store that config names and the plan does not have."""
    named = [("activeSite", [topology.active_site]), ("stores", topology.stores)]
    named += [("backupsOf", topology.backups_of), ("isolated", topology.isolated), ("records", records)]
    known = [site.name for site in plan.sites]
    wrong = [
        f"dr:{key}: {quote(site)} is no site of the plan {plan.system}; there is {listed(known)}"
        for key, sites in named
        for site in sites
        if site not in known
    ]
    stores = [store.name for store in plan.incarnated_stores]
    wrong += [
        f"dr:{key}.{site}: {quote(store)} is no store of the plan {plan.system} that has incarnations; "
        f"there is {listed(stores)}"
        for key, held in (("stores", topology.stores), ("backupsOf", topology.backups_of))
        for site, of_site in held.items()
        for store in of_site
        if store not in stores
    ]
    if wrong:
        raise TopologyError("\n".join(wrong))


def _next(topology: Topology, store: str) -> int:
    """A number that is at least the epoch and higher than any in use, so that no identifier is ever given twice."""
    numbers = [topology.epoch, *(held[store] + 1 for held in topology.backups_of.values() if store in held)]
    for held in topology.stores.values():
        if store in held:
            numbers += [number + 1 for number in held[store].numbers]
    return max(numbers)


def _known(plan: "Plan", site: str) -> None:
    if site not in {entry.name for entry in plan.sites}:
        raise TopologyError(f"no site {site!r} in the plan; there is {listed([entry.name for entry in plan.sites])}")


def _named(plan: "Plan", stores: Collection[str]) -> Collection[str]:
    known = [store.name for store in plan.incarnated_stores]
    for name in stores:
        if name not in known:
            raise TopologyError(f"no store {name!r} with incarnations in the plan; there is {listed(known)}")
    return stores


def _tainted(
    topology: Topology, plan: "Plan", sites: Sequence[str], since: datetime, stores: Collection[str] | None = None
) -> dict[str, datetime]:
    """With every incarnation that these sites hold now, of these stores or of all; the earliest moment counts."""
    tainted = dict(topology.tainted)
    for site in sites:
        for name, held in topology.stores.get(site, {}).items():
            if stores is not None and name not in stores:
                continue
            for number in held.numbers:
                identifier = names.store_identifier(plan, site, name, number)
                tainted[identifier] = min(since, tainted.get(identifier, since))
    return tainted


def _open(topology: Topology, site: str) -> None:
    if site in topology.isolated:
        raise TopologyError(f"site {site} was found compromised and is isolated")


def _holding(topology: Topology, site: str, new: Mapping[str, Incarnation], **changes: Any) -> Topology:
    """With new incarnations of some stores in a site; its other stores stay as they are."""
    held = {**topology.stores.get(site, {}), **new}
    return _changed(topology, stores={**topology.stores, site: held}, **changes)


def _without_empty(backups_of: Mapping[str, Mapping[str, int]]) -> dict[str, Mapping[str, int]]:
    return {site: held for site, held in backups_of.items() if held}


def _changed(topology: Topology, **changes: Any) -> Topology:
    return topology.model_copy(update=changes)

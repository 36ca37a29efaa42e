"""What a cloud allows of a kind, whether there is a component for it or not: sizes, retentions, and where copies go."""

import re
from collections.abc import Iterator
from datetime import timedelta

from model.clouds import CLOUDS, ServiceRules, StoreRules, pair_of
from model.durations import format_duration, quote
from model.mistakes import Mistake, listed
from model.plan import Plan
from model.services import VmGroup, WebApp
from model.stores import Backups, Objects, Registry, ServerStore, Vault

NO_STORE_RULES, NO_SERVICE_RULES = StoreRules(), ServiceRules()


def stores(plan: Plan) -> Iterator[Mistake]:
    for i, store in enumerate(plan.stores):
        here = f"stores[{i}]"
        for cloud in _clouds(plan):
            rules = CLOUDS[cloud].store_rules.get(store.kind, NO_STORE_RULES)
            if isinstance(store, ServerStore):
                yield from _size(f"{here}.size.{cloud}", rules, store.size.get(cloud))
                yield from _alone(here, cloud, rules, store)
                if isinstance(store.backups, Backups):
                    kept = store.backups.pitr_retention
                    yield from _kept(f"{here}.backups.pitr_retention", cloud, kept, rules.pitr_days)
            elif isinstance(store, Objects):
                yield from _copied(here, cloud, rules, store)
            elif isinstance(store, Vault):
                yield from _kept(f"{here}.soft_delete_keep", cloud, store.soft_delete_keep, rules.soft_delete_days)
            elif isinstance(store, Registry) and store.untagged_keep is not None:
                yield from _kept(f"{here}.untagged_keep", cloud, store.untagged_keep, rules.untagged_days)


def services(plan: Plan) -> Iterator[Mistake]:
    for cloud in _clouds(plan):
        doors: dict[str, str] = {}
        for i, service in enumerate(plan.services):
            here, rules = f"services[{i}]", CLOUDS[cloud].service_rules.get(service.kind, NO_SERVICE_RULES)
            size = service.size.get(cloud) if isinstance(service, WebApp | VmGroup) else None
            yield from _size(f"{here}.size.{cloud}", rules, size)
            most = [count for pattern, count in rules.most.items() if size and re.fullmatch(pattern, size)]
            if most and service.replicas.active > most[0]:
                yield Mistake(f"{here}.replicas.active", f"is more than {most[0]}, the most of {size} on {cloud}")
            if isinstance(service, WebApp) and service.slot is not None:
                if service.slot in rules.taken_slots:
                    yield Mistake(f"{here}.slot", f"{quote(service.slot)} is what {cloud} calls the app itself")
                if size and rules.no_slots and re.fullmatch(rules.no_slots, size):
                    yield Mistake(f"{here}.slot", f"{size} has no deployment slots on {cloud}")
            if rules.alone_behind_door and service.front_door:
                if first := doors.get(service.kind):
                    yield Mistake(
                        f"{here}.front_door",
                        f"is true for {first} as well, and traffic on {cloud} leads to one {service.kind} of a site",
                    )
                doors.setdefault(service.kind, service.name)


def copies(plan: Plan) -> Iterator[Mistake]:
    """A backup that the cloud keeps in pairs of regions arrives in the pair of the primary's and nowhere else."""
    if not any(site.kind == "primary" for site in plan.sites):
        return
    source = plan.primary
    pair = pair_of(source.cloud, source.region)
    known = {site.name: site for site in plan.sites}
    for i, store in enumerate(plan.stores):
        if not (isinstance(store, ServerStore) and _rules(source.cloud, store.kind).copied_to_pair):
            continue
        snapshots = store.backups.snapshots
        places = [("copies_to", store.backups.copies_to)]
        places += [("snapshots.copies_to", snapshots.copies_to)] if snapshots else []
        for key, sites in places:
            for j, name in enumerate(sites):
                site = known.get(name)
                if site is None or site == source or site.cloud != source.cloud or site.region == pair:
                    continue
                only = (
                    f"are restored in {pair} alone, its pair" if pair else "are restored nowhere else: it has no pair"
                )
                yield Mistake(
                    f"stores[{i}].backups.{key}[{j}]",
                    f"{quote(name)} is in {site.region}, and backups of {store.kind} in {source.region} {only}",
                )


def _clouds(plan: Plan) -> list[str]:
    return list(dict.fromkeys(site.cloud for site in plan.sites))


def _rules(cloud: str, kind: str) -> StoreRules:
    return CLOUDS[cloud].store_rules.get(kind, NO_STORE_RULES)


def _size(place: str, rules: StoreRules | ServiceRules, size: str | None) -> Iterator[Mistake]:
    if size is not None and not re.fullmatch(rules.size, size):
        yield Mistake(place, f"{quote(size)} is not {rules.size_is}")


def _alone(here: str, cloud: str, rules: StoreRules, store: ServerStore) -> Iterator[Mistake]:
    size = store.size.get(cloud)
    if size is None or rules.alone is None or not re.fullmatch(rules.alone, size):
        return
    wanted = ["a standby"] if store.standby != "none" else []
    wanted += ["a copy that follows"] if store.replication.mode != "none" else []
    if wanted:
        yield Mistake(f"{here}.size.{cloud}", f"{quote(size)} cannot have {listed(wanted)} on {cloud}")


def _copied(here: str, cloud: str, rules: StoreRules, store: Objects) -> Iterator[Mistake]:
    others = len(store.copied_to)
    if rules.most_copies is not None and others > rules.most_copies:
        yield Mistake(
            f"{here}.replicate_to",
            f"{others} others hold a copy, and on {cloud} each copy is sent to {rules.most_copies} others at most",
        )


def _kept(place: str, cloud: str, kept: timedelta, days: tuple[int, int] | None) -> Iterator[Mistake]:
    if days is None:
        return
    shortest, longest = (timedelta(days=each) for each in days)
    if not shortest <= kept <= longest:
        said = f"{format_duration(shortest)} and {format_duration(longest)}"
        yield Mistake(place, f"{format_duration(kept)} is not between {said}, the limits of {cloud}")

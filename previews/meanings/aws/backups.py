"""What AWS Backup copies: which stores a selection takes in, and how often and where to its plan copies them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from policies.rules.kernel.selections import conditions_alone, holds, matches
from policies.rules.kernel.values import Unknown
from previews import assumptions, property_paths
from previews.changes import switched
from previews.copies import LOG, SNAPSHOT, Copy, Side, Store, arn_region, known, last_part, leaves, text
from previews.previewed import Resource
from previews.schedules import AWS_SCHEDULE

PLAN = "aws:backup/plan:Plan"
SELECTION = "aws:backup/selection:Selection"
_LOCK = "aws:backup/vaultLockConfiguration:VaultLockConfiguration"


class Names:
    """Stores by what a reference may call them: by every identity, and by region and the last part of it."""

    def __init__(self, stores: Iterable[Store]) -> None:
        self._stores = list(stores)
        self._by_identity: dict[str, list[Store]] = {}
        self._by_place: dict[tuple[str, str], list[Store]] = {}
        for store in self._stores:
            for name in store.identities:
                self._by_identity.setdefault(name, []).append(store)
            for short in {last_part(name) for name in store.identities}:
                self._by_place.setdefault((store.region, short), []).append(store)

    def named(self, reference: str, region: str) -> list[Store]:
        """The stores that a reference names; where it is not known yet, the only store there is."""
        if reference:
            return self._by_identity.get(reference) or self._by_place.get((region, last_part(reference)), [])
        return self._stores if len(self._stores) == 1 else []

    def matching(self, pattern: str, region: str) -> list[Store]:
        """The stores of a region that a pattern selects, in which `*` stands for anything and `?` for one character."""
        if not any(char in pattern for char in "*?"):
            return [store for store in self.named(pattern, region) if store.region == region]
        here = (store for store in self._stores if store.region == region)
        return [store for store in here if any(matches(pattern, name) for name in store.identities)]

    def within(self, region: str) -> list[Store]:
        return [store for store in self._stores if store.region == region]


def add_backups(side: Side, found: list[Store], names: Names) -> None:
    """
    Add the copies that backup plans make of the stores which their selections take in: by reference, pattern or tag,
    less what they exclude and what a condition keeps out (AWS Backup API reference, BackupSelection).
    """
    locked = {(side.region(lock), text(lock, "backupVaultName")) for lock in side.of(_LOCK)}
    plans = side.of(PLAN)
    by_id = {plan.outputs.get("id", "") or plan.urn: plan for plan in plans}
    tagged = _by_tag(found)
    # Plans mostly make the same copies, and a store in many of them gets each set of copies once.
    alike: dict[tuple[Copy, ...], tuple[Copy, ...]] = {}
    gained: dict[int, set[int]] = {}
    for selection in side.of(SELECTION):
        plan = by_id.get(text(selection, "planId")) or _plan_of(selection, plans)
        if plan is None:
            continue
        copies = tuple(_plan_copies(plan, side.region(plan), locked))
        copies = alike.setdefault(copies, copies)
        for store in _selected(selection, side.region(selection), names, tagged):
            store.unsure |= plan.unsure
            if id(copies) not in (had := gained.setdefault(id(store), set())):
                had.add(id(copies))
                store.copies.extend(copies)


def _plan_of(selection: Resource, plans: list[Resource]) -> Resource | None:
    """Before the first update a plan has no id: then it is the one of the selection's own name, or the only one."""
    same = (plan for plan in plans if (plan.stack, plan.name) == (selection.stack, selection.name))
    return next(same, None) or (plans[0] if len(plans) == 1 else None)


def _by_tag(found: Iterable[Store]) -> dict[tuple[str, str, str], list[Store]]:
    tagged: dict[tuple[str, str, str], list[Store]] = {}
    for store in found:
        for key, value in store.tags.items():
            tagged.setdefault((store.region, key, value), []).append(store)
    return tagged


def _selected(
    selection: Resource, region: str, names: Names, tagged: Mapping[tuple[str, str, str], list[Store]]
) -> list[Store]:
    patterns = leaves(selection, "resources")
    chosen = [store for pattern in patterns for store in names.matching(pattern, region)]
    tags = [tag for tag in _items(selection, "selectionTags[*]") if isinstance(tag, dict)]
    for tag in tags:
        chosen += tagged.get((region, str(tag.get("key")), str(tag.get("value"))), [])
    left_out = {id(s) for p in leaves(selection, "notResources") for s in names.matching(p, region)}
    conditions = [each for each in _items(selection, "conditions[*]") if isinstance(each, dict)]
    alone = conditions_alone(selection.inputs or {})
    if alone:
        chosen = names.within(region)
    kept = {id(store): store for store in chosen if id(store) not in left_out}
    return [store for store in kept.values() if all(_holds(each, store, not alone) for each in conditions)]


def _items(resource: Resource, path: str) -> list[Any]:
    return [known(resource, item) for item in property_paths.values_at(resource.inputs or {}, path).values()]


def _holds(condition: Mapping[str, Any], store: Store, all_tags: bool) -> bool:
    try:
        return holds(condition, lambda: store.tags, all_tags)
    except Unknown:
        store.unsure = True  # nobody can say yet whether it is taken in
        return False


def _plan_copies(plan: Resource, region: str, locked: set[tuple[str, str]]) -> list[Copy]:
    copies: list[Copy] = []
    for rule in _items(plan, "rules[*]"):
        if not isinstance(rule, dict):
            continue
        rpo = AWS_SCHEDULE.seconds(known(plan, rule.get("schedule"))) or assumptions.SNAPSHOT
        continuous = switched(known(plan, rule.get("enableContinuousBackup"))) is True
        kept = assumptions.LOG_INTERVAL if continuous else rpo
        own = (region, str(rule.get("targetVaultName"))) in locked
        copies.append(Copy(region, LOG if continuous else SNAPSHOT, kept, clean=True, locked=own))
        actions = known(plan, rule.get("copyActions"))
        for action in actions if isinstance(actions, list) else []:
            arn = known(plan, action.get("destinationVaultArn")) if isinstance(action, dict) else None
            if isinstance(arn, str) and (there := arn_region(arn)):
                copies.append(Copy(there, SNAPSHOT, rpo, clean=True, locked=(there, last_part(arn)) in locked))
    return copies

"""`dr restore --store CACHE`: an export of a cache is brought into it, in the place of all that it holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scripts.acts.caches import keys_in
from scripts.clouds.amounts import counted
from scripts.core.errors import BadInput, Refused
from scripts.people.approvals import ask
from scripts.people.output import Form, out, write_json
from scripts.restoring import SEE, look_at_exports
from scripts.runs.own_run import own_run

if TYPE_CHECKING:
    from collections.abc import Sequence

    from model import Plan, Topology
    from scripts.probes.points import KnownPoint


def chosen(plan: Plan, topology: Topology, store: str, *, to_backup: str, latest: bool) -> KnownPoint:
    """The export that is meant. Raises BadInput for one that is not there, Refused for one that may not be used."""
    if bool(to_backup) == latest:
        raise BadInput(f"{store} is a cache: say --to-backup or --latest", SEE)
    site = topology.active_site
    found = [each for each in look_at_exports(plan, topology, site) if each.store == store]
    if to_backup:
        named = next((each for each in found if each.point.name == to_backup), None)
        if named is None:
            raise BadInput(f"--to-backup: {site} holds no export {to_backup} of {store}", SEE)
        if named.why_not is not None:
            raise Refused(f"{to_backup} cannot be restored: {named.why_not}", SEE)
        return named
    best = next((each for each in found if each.why_not is None), None)
    if best is None:
        raise Refused(f"{site} holds no good export of {store}", "`dr backup now` takes one")
    return best


def take_back(plan: Plan, topology: Topology, found: KnownPoint) -> str:
    """Bring it into the cache of the active site, in a run of its own; gives what was seen. Raises CloudFailed."""
    store, point, site = found.store, found.point, topology.active_site
    sentence, evidence = f"{point.name} into {store} of {site}", {"site": site, "store": store, "backup": point.name}
    with own_run(plan, "restore-cache", "restore", sentence, evidence) as own:
        own.clouds.at(site).cache(store).bring(point.name)
        held = counted(keys_in(own.clouds, site, store), "key")
        own.said = f"{store} of {site} holds {point.name}, with {held}"
        return own.said


def restore_cache(
    plan: Plan, topology: Topology, stores: Sequence[str], *, to_backup: str, latest: bool, yes: bool, dry_run: bool,
    approved_by: Sequence[str], form: Form,
) -> int:  # fmt: skip
    """Asks before it acts. Raises BadInput, Refused, ApprovalMissing, CloudFailed."""
    if len(stores) != 1:
        raise BadInput("say one cache at a time", "`dr restore --list` shows what there is of each")
    found = chosen(plan, topology, stores[0], to_backup=to_backup, latest=latest)
    consequence = (
        f"all that {found.store} of {topology.active_site} holds is given up, and {found.point.name} takes its place, "
        f"which is {found.age_seconds:.0f} s old"
    )
    if dry_run:
        out().print(consequence, markup=False)
        return 0
    ask(consequence, topology.active_site, known=plan.people, yes=yes, approved_by=approved_by)
    said = take_back(plan, topology, found)
    if form is Form.JSON:
        write_json({"store": found.store, "site": topology.active_site, "backup": found.point.name, "said": said})
    else:
        out().print(said, markup=False)
    return 0

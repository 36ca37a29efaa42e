"""
`dr backup now`: takes a snapshot of the stores of a site and proves that it is there and can be read.

The proof is that of `dr verify-backups`: the snapshot is restored into a scratch instance and looked into, and its
newest sign of life must be from the moment when it was asked for. That of a cache is brought into a scratch cache, and
those that are older than the plan keeps them are forgotten.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from model import names
from scripts.acts.caches import export
from scripts.acts.verifications import present, write_down
from scripts.clouds.access import Clouds
from scripts.clouds.protocol import StoreFeature, need
from scripts.core.errors import BadInput, ObjectiveMissed
from scripts.core.home import project_dir
from scripts.core.waiting import wait_until
from scripts.people.options import DEFAULT_PLAN, Format, PlanName, caches_among, every_store, known_site, plan_of
from scripts.people.output import Form, out, seconds, table, write_json
from scripts.probes.verifications import Verification
from scripts.runs.own_run import own_run
from scripts.stacks import topology_files
from scripts.verify_backups import verify_points

if TYPE_CHECKING:
    from model import Plan, Topology
    from scripts.clouds.protocol import RestorePoint

BOUND_SECONDS = 7200  # a full copy of the volume


@dataclass(frozen=True)
class Taken:
    """One snapshot, and what was found in it. It took `seconds` from the question to the proof."""

    store: str
    site: str
    backup: str
    of: datetime
    seconds: float
    verified: bool
    said: str


def back_up(plan: Plan, topology: Topology, clouds: Clouds, site: str, stores: Sequence[str]) -> list[Taken]:
    """
    Take a snapshot of each of these stores at a site, then restore and read each of them.

    Raises Refused for a store whose cloud takes no snapshots, CloudFailed, OutcomeUnknown.
    """
    begun = {store: _begin(topology, clouds, site, store) for store in stores}
    taken = []
    for store, (name, asked_at) in begun.items():
        point = wait_until(
            partial(_there, clouds, site, store, name), seconds=BOUND_SECONDS, every=0.5, what=f"the snapshot {name}"
        )
        # What it may be older than: a heartbeat is valid for one time to live from its renewal.
        allowed = datetime.now(UTC) - asked_at + plan.fencing.lease.ttl
        (verdict,) = verify_points(plan, clouds, site, [point], allowed)
        spent = (datetime.now(UTC) - asked_at).total_seconds()
        taken.append(Taken(store, site, name, point.newest, spent, verdict.good, verdict.said))
    return taken


def back_up_cache(plan: Plan, clouds: Clouds, site: str, store: str) -> Taken:
    """Export a cache, and bring the export into a scratch one. Raises CloudFailed, DatabaseFailed, OutcomeUnknown."""
    asked_at = datetime.now(UTC)
    name = names.cache_export(clouds.at(site).cache(store).identifier, asked_at)
    made = export(plan, clouds, site, store, name)
    found = Verification(name, made.why_not is None, str(made), datetime.now(UTC), made.point.newest)
    write_down(clouds, site, [found], present(plan, clouds, site))
    spent = (datetime.now(UTC) - asked_at).total_seconds()
    return Taken(store, site, name, made.point.newest, spent, found.good, found.said)


def _begin(topology: Topology, clouds: Clouds, site: str, store: str) -> tuple[str, datetime]:
    managed = clouds.store(site, store, topology.incarnation(site, store))
    need(managed.identifier, "be kept as a snapshot", able=StoreFeature.SNAPSHOT in managed.features)
    asked_at = datetime.now(UTC)
    name = names.snapshot_by_hand(managed.identifier, asked_at)
    managed.snapshot(name, {"dr-by-hand": "true"})
    return name, asked_at


def _there(clouds: Clouds, site: str, store: str, name: str) -> RestorePoint | None:
    return next((point for point in clouds.at(site).restore_points(store) if point.name == name), None)


def now(
    *,
    store: Annotated[list[str] | None, typer.Option(help="only this one; may be repeated")] = None,
    plan: PlanName = DEFAULT_PLAN,
    site: Annotated[str, typer.Option(help="of which site's stores (default: the active site)")] = "",
    form: Format = Form.TABLE,
) -> int:
    """Take a snapshot of every store and prove that it can be restored and read. It stays until somebody deletes it."""
    loaded = plan_of(plan)
    topology = topology_files.read_topology(loaded, project_dir())
    site = known_site(loaded, site or topology.active_site)
    caches, rest = caches_among(loaded, store)
    stores, held = () if rest == [] else every_store(loaded, rest), topology.incarnations(site)
    if missing := [name for name in stores if name not in held]:
        raise BadInput(f"{site} holds no {', '.join(missing)} now", "`dr status` shows what each site holds")
    taken = _journalled(loaded, topology, site, (stores, caches))
    if form is Form.JSON:
        write_json({"system": loaded.system, "backups": [vars(each) for each in taken]})
    else:
        rows: list[list[Any]] = [
            [each.store, each.backup, seconds(each.seconds), "good" if each.verified else "BAD", each.said]
            for each in taken
        ]
        out().print(table(f"Backups of {site}", ("store", "backup", "took", "verdict", "said"), rows))
    if bad := [each.backup for each in taken if not each.verified]:
        raise ObjectiveMissed(f"{', '.join(bad)} cannot be relied on", "see what is said of each, and take another")
    return 0


def _journalled(plan: Plan, topology: Topology, site: str, named: tuple[Sequence[str], Sequence[str]]) -> list[Taken]:
    """`named` are stores with incarnations, and caches."""
    stores, caches = named
    every = [*stores, *caches]
    sentence, evidence = f"A backup of {', '.join(every)} in {site}", {"site": site, "stores": every}
    with own_run(plan, "backup", "backup", sentence, evidence) as own:
        taken = back_up(plan, topology, own.clouds, site, stores) if stores else []
        taken += [back_up_cache(plan, own.clouds, site, each) for each in caches]
        for each in taken:
            seen = {**vars(each), "of": each.of.isoformat()}
            outcome = "passed" if each.verified else "failed"
            own.journal.write("probe", each.store, f"{each.backup}: {each.said}", status=outcome, evidence=seen)
        if not all(each.verified for each in taken):
            own.status = "failed"
    return taken


app = typer.Typer(add_completion=False, no_args_is_help=True)
app.command("now")(now)


@app.callback()
def _group() -> None:
    """Backups by hand."""


if __name__ == "__main__":
    from scripts.dr import main

    raise SystemExit(main(["backup", *sys.argv[1:]]))

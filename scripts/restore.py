"""`dr restore --to-time TIME`: the data is damaged; the active site's databases are taken back to a moment before."""

from __future__ import annotations

import sys
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from model import load_plan
from model.roles import role_of
from scripts.beside import as_json as beside_as_json
from scripts.beside import chosen_beside, discard_beside, failed, restore_beside
from scripts.clouds.access import Clouds
from scripts.core.errors import BadInput, ObjectiveMissed
from scripts.core.home import project_dir
from scripts.core.moments import past_moment
from scripts.people.approvals import ask, at_a_terminal, needed
from scripts.people.options import (
    DEFAULT_PLAN,
    ApprovedBy,
    Commander,
    DryRun,
    Format,
    Incident,
    PlanName,
    Stores,
    Yes,
    caches_among,
    duration,
    every_store,
    known_stores,
)
from scripts.people.output import Form, out, table, write_json
from scripts.reprotect import reprotect
from scripts.restore_cache import restore_cache
from scripts.restoring import aim, as_json, look_at_exports, show
from scripts.restoring import look as look_at_points
from scripts.runbooks.decided import decided
from scripts.runbooks.run import look, run
from scripts.runbooks.terminal import finish, show_rows, watched
from scripts.runs.runbook import Options, RunOutcome
from scripts.stacks import topology_files

if TYPE_CHECKING:
    from model import Plan
    from model.topology import Topology
    from scripts.restoring import Aim
    from scripts.runs.rows import Observer


def disaster_of(plan: Plan) -> str:
    """The disaster whose objective holds for a damaged database. Raises BadInput where the plan has none."""
    known = [each.disaster for each in plan.objectives if not each.component]
    disaster = next((each for each in ("database_corruption", "database_failure") if each in known), None)
    if disaster is None:
        raise BadInput(f"the plan of {plan.system} has no objective for a damaged database", "add database_corruption")
    return disaster


def options_for(
    plan: Plan, topology: Topology, to_time: str, loss: timedelta | None, approved_by: tuple[str, ...] = (), **more: Any
) -> Options:
    """What a restore of the active site is run with. Raises BadInput."""
    at = past_moment(to_time, "--to-time")
    known_stores(plan, more.get("stores"))
    chosen = {"to_time": at.isoformat(), "disaster": disaster_of(plan), "new_epoch": True, **more}
    return Options(to=topology.active_site, accept_data_loss=loss, approved_by=approved_by, more=chosen)


def restore(
    plan: Plan, to_time: str, *, accept_data_loss: timedelta | None = None, approved_by: tuple[str, ...] = (),
    observer: Observer | None = None, plan_path: str = "", **more: Any,
) -> RunOutcome:  # fmt: skip
    """
    Take the active site back to `to_time` (ISO 8601, a moment of the past, with its zone). Every other site has to be
    re-protected afterwards (`protect_again`). `more`: stores (their names; by default all), commander, incident,
    fault_at, detected_at (ISO 8601).

    Raises BadInput, Refused, Locked.
    """
    topology = topology_files.read_topology(plan, project_dir())
    options = options_for(plan, topology, to_time, accept_data_loss, approved_by, **more)
    return run("restore", plan, options, observer=observer, plan_path=plan_path)


def command(
    *,
    to_time: Annotated[str, typer.Option(help="the moment before the damage, such as 2026-01-31T12:00:00+00:00")] = "",
    to_backup: Annotated[str, typer.Option(help="a backup that --list names")] = "",
    latest: Annotated[bool, typer.Option("--latest", help="the newest that is good")] = False,
    listing: Annotated[bool, typer.Option("--list", help="show what can be restored, and change nothing")] = False,
    beside: Annotated[bool, typer.Option("--beside", help="restore next to what runs, ask the checks, stop")] = False,
    switch: Annotated[bool, typer.Option("--switch", help="move the service to what --beside looked at")] = False,
    discard: Annotated[bool, typer.Option("--discard", help="drop what --beside restored")] = False,
    store: Stores = None,
    plan: PlanName = DEFAULT_PLAN,
    accept_data_loss: Annotated[str, typer.Option(help="how much may be given up, such as 15m")] = "",
    incident: Incident = "",
    commander: Commander = "",
    approved_by: ApprovedBy = None,
    yes: Yes = False,
    dry_run: DryRun = False,
    form: Format = Form.TABLE,
) -> int:
    """Take the active site's databases back to a moment before they were damaged, then re-protect the warm sites."""
    loaded = load_plan(plan)
    topology = topology_files.read_topology(loaded, project_dir())
    if listing:
        return _list(loaded, topology, form)
    _one_way(beside=beside, switch=switch, discard=discard, aimed=bool(to_time or to_backup or latest or store))
    if discard:
        return _discard(loaded, topology, form)
    caches, rest = caches_among(loaded, store)
    if rest == []:
        _only_in_place(caches, beside=beside, timed=bool(to_time or accept_data_loss))
        return restore_cache(
            loaded, topology, caches, to_backup=to_backup, latest=latest, yes=yes, dry_run=dry_run,
            approved_by=approved_by or (), form=form,
        )  # fmt: skip
    loss = duration(accept_data_loss, "--accept-data-loss")
    stores = known_stores(loaded, store)
    if switch:
        to_time, to_backup, stores = _looked_at(loaded, topology)
    wanted = aim(loaded, topology, to_time=to_time, to_backup=to_backup, latest=latest, stores=stores)
    if beside:
        return _beside(loaded, topology, wanted, every_store(loaded, store), form)
    chosen: dict[str, Any] = {"to_backup": wanted.to_backup} if wanted.to_backup else {}
    chosen |= {"stores": list(stores)} if stores else {}
    options = options_for(
        loaded, topology, wanted.to_time.isoformat(), loss, incident=incident, commander=commander, **chosen
    )
    if dry_run:
        show_rows("restore", loaded, options, topology, form)
        return 0
    at = str(options.more["to_time"])
    source = f" (from {wanted.to_backup})" if wanted.to_backup else ""
    what = f"{', '.join(stores)} in {topology.active_site}" if stores else topology.active_site
    consequence = f"{what} goes back to {at}{source}; every later write to it is given up"
    if not yes and at_a_terminal():
        consequence = "; ".join([consequence, *look("restore", loaded, options)])
    people = needed(loaded, *decided("restore", loaded, topology, options))
    approval = ask(
        consequence, topology.active_site, people=people, known=loaded.people, yes=yes, approved_by=approved_by or ()
    )

    def act(observer: Observer) -> RunOutcome:
        more = {"incident": incident, "commander": commander, **chosen}
        return restore(
            loaded, at, accept_data_loss=loss, approved_by=approval.by, observer=observer, plan_path=plan, **more
        )

    outcomes = [watched("restore", loaded, options, act, quiet=form is Form.JSON)]
    if outcomes[0].status == "done":
        if switch:
            discard_beside(loaded, topology)
        outcomes += protect_again(loaded, plan, stores=stores, quiet=form is Form.JSON)
    return finish(outcomes, form)


def _one_way(*, beside: bool, switch: bool, discard: bool, aimed: bool) -> None:
    """Raises BadInput for options that contradict each other."""
    if sum([beside, switch, discard]) > 1:
        raise BadInput("say one of --beside, --switch and --discard", "a copy is made, then taken or dropped")
    if aimed and (switch or discard):
        way = "--switch" if switch else "--discard"
        raise BadInput(f"{way} is about what --beside restored", "leave out the moment, the backup and the stores")


def _only_in_place(caches: tuple[str, ...], *, beside: bool, timed: bool) -> None:
    """Raises BadInput for what no cache knows."""
    if beside or timed:
        way = "--beside" if beside else "--to-time or --accept-data-loss"
        raise BadInput(f"{', '.join(caches)} is a cache and knows no {way}", "name an export: --to-backup or --latest")


def _looked_at(plan: Plan, topology: Topology) -> tuple[str, str, tuple[str, ...]]:
    """What `--beside` restored: the moment or the backup, and the stores, none of them named where it is all."""
    clouds = Clouds(plan)
    try:
        found = chosen_beside(clouds, topology.active_site)
    finally:
        clouds.close()
    stores = () if set(found.stores) == {each.name for each in plan.incarnated_stores} else found.stores
    return ("", found.to_backup, stores) if found.to_backup else (found.to_time, "", stores)


def _beside(plan: Plan, topology: Topology, wanted: Aim, stores: tuple[str, ...], form: Form) -> int:
    """Raises ObjectiveMissed where a check fails: the copy stays all the same."""
    copies = restore_beside(plan, topology, wanted, stores)
    if form is Form.JSON:
        write_json(beside_as_json(copies, wanted.to_time))
    else:
        rows = [
            [each.store, each.identifier, f"{each.tables} read", "; ".join(map(str, each.checks)) or "none asked"]
            for each in copies
        ]
        title = f"Restored beside, as of {wanted.to_time.isoformat()}; the service was left alone"
        out().print(table(title, ("store", "copy", "guarded tables", "checks"), rows))
        out().print("`dr restore --switch` moves the service there, `dr restore --discard` drops it", markup=False)
    if bad := failed(copies):
        said = f"checks of the copy failed: {'; '.join(bad)}"
        raise ObjectiveMissed(said, "it stays: `dr restore --discard` drops it")
    return 0


def _discard(plan: Plan, topology: Topology, form: Form) -> int:
    gone = discard_beside(plan, topology)
    if form is Form.JSON:
        write_json({"dropped": gone})
    else:
        out().print(f"dropped: {', '.join(gone)}" if gone else "done already: nothing is restored beside", markup=False)
    return 0


def _list(plan: Plan, topology: Topology, form: Form) -> int:
    points = [*look_at_points(plan, topology), *look_at_exports(plan, topology)]
    if form is Form.JSON:
        write_json({"system": plan.system, "points": [as_json(each) for each in points]})
    else:
        show(points)
    return 0


def protect_again(plan: Plan, plan_path: str, *, quiet: bool, stores: tuple[str, ...] = ()) -> list[RunOutcome]:
    """Rebuild every site that followed the damaged incarnation, or only what it holds of `stores`."""
    outcomes = []
    for site in plan.sites:
        if (
            site.kind != "cold"
            and role_of(plan, topology_files.read_topology(plan, project_dir()), site.name) == "fenced"
        ):
            options = Options(to=site.name, more={"stores": list(stores)} if stores else {})

            def act(observer: Observer, name: str = site.name) -> RunOutcome:
                return reprotect(plan, name, stores=stores, observer=observer, plan_path=plan_path)

            outcomes.append(watched("reprotect", plan, options, act, quiet=quiet))
    return outcomes


app = typer.Typer(add_completion=False)
app.command("restore")(command)

if __name__ == "__main__":
    from scripts.dr import main

    raise SystemExit(main(["restore", *sys.argv[1:]]))

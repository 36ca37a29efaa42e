"""
`dr failover --to SITE`: a site takes over from one that is lost, or, with --planned, from one that hands over.

Which table is run follows from what the target is: a warm site is promoted, a cold one is restored from its newest
backup, and the active one is opened again if it takes no writes, as after a move that broke off.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from model import load_plan
from model.roles import role_of
from scripts.clouds.access import Clouds
from scripts.core.errors import BadInput, DrError, Locked, Refused
from scripts.core.home import project_dir
from scripts.people.approvals import ask, at_a_terminal, needed
from scripts.people.options import (
    DEFAULT_PLAN,
    ApprovedBy,
    Commander,
    DryRun,
    Format,
    GiveUpUnlogged,
    Incident,
    PlanName,
    Yes,
    duration,
    known_site,
)
from scripts.people.output import Form
from scripts.runbooks.decided import decided, disaster_for
from scripts.runbooks.run import look, run
from scripts.runbooks.terminal import finish, show_rows, watched
from scripts.runs import run_records
from scripts.runs.lock import run_lock
from scripts.runs.run_records import MOVES
from scripts.runs.runbook import Options, Result, RunOutcome
from scripts.stacks import topology_files

if TYPE_CHECKING:
    from model import Plan
    from model.topology import Topology
    from scripts.runs.rows import Observer
    from scripts.runs.run_records import RunRecord


def failover(
    plan: Plan,
    to: str,
    *,
    planned: bool = False,
    disaster: str = "",
    accept_data_loss: timedelta | None = None,
    override_fencing: str = "",
    lost: Iterable[str] = (),
    approved_by: tuple[str, ...] = (),
    observer: Observer | None = None,
    plan_path: str = "",
    run_id: str = "",
    **more: Any,
) -> RunOutcome:
    """
    Move the service to `to`. `lost` names the sites that are not asked anything: without it the active site, and for
    a cold target every site but it and the witness. `more`: commander, incident, fault_at, detected_at (ISO 8601).

    Raises BadInput for an unknown site, Refused for one that cannot take over, Locked. A target that is active
    already and takes writes gives an outcome that is done.
    """
    topology = topology_files.read_topology(plan, project_dir())
    _check_names(plan, to, lost)
    given: dict[str, Any] = {"observer": observer, "plan_path": plan_path, "run_id": run_id}
    if to == topology.active_site:
        if serves(plan, topology):
            _give_up_broken_move(plan, to)
            said = f"{to} is active already, in epoch {topology.epoch}"
            return RunOutcome("", "done", {"failover": Result("already", said, topology.to_config())})
        options = Options(to, accept_data_loss, approved_by=approved_by, more={"lost": sorted(lost), **_given(more)})
        return _beside_a_broken_move("reopen", plan, options, **given)
    name = table_for(plan, topology, to, planned=planned)
    options = options_for(
        plan, topology, to, planned=planned, disaster=disaster, accept_data_loss=accept_data_loss,
        override_fencing=override_fencing, lost=lost, approved_by=approved_by, **more,
    )  # fmt: skip
    if planned:
        return run(name, plan, options, **given)
    return _beside_a_broken_move(name, plan, options, **given)


def serves(plan: Plan, topology: Topology) -> bool:
    """Do the active site's databases take writes from the service?"""
    clouds, site = Clouds(plan), topology.active_site
    try:
        for each in plan.incarnated_stores:
            if not clouds.engine(site, each.name, topology.incarnation(site, each.name)).guard.is_open():
                return False
    except DrError:
        return False
    finally:
        clouds.close()
    return True


def _beside_a_broken_move(name: str, plan: Plan, options: Options, **given: Any) -> RunOutcome:
    """
    Run a table although a move of the service to another site is not finished, which is over then: whoever is opened
    takes the lease that it left to nobody.
    """
    broken = run_records.unfinished(plan.system)
    if broken is not None and _is_given_up_for(broken, options.to):
        options = replace(options, more={**options.more, "beside_unfinished": True})
    outcome = run(name, plan, options, **given)
    if broken is not None and outcome.status == "done":
        run_records.update(broken.run, status="given up", said=f"{outcome.run} took the service to {options.to}")
    return outcome


def _is_given_up_for(broken: RunRecord, to: str) -> bool:
    """A switch is, when its old site is lost in the middle; any other move, when its target is not wanted any more."""
    return broken.runbook == "switchover" or (broken.runbook in MOVES and broken.options_given().to != to)


def _give_up_broken_move(plan: Plan, to: str) -> None:
    """A move from a site that serves has changed nothing that has to be finished, unless somebody is at work on it."""
    with suppress(Locked), run_lock(plan.system, f"dr failover --to {to}"):
        broken = run_records.unfinished(plan.system)
        if broken is not None and broken.runbook in MOVES and broken.topology_before().active_site == to:
            run_records.update(broken.run, status="given up", said=f"{to} serves as before")


def _given(more: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in more.items() if value}


def options_for(
    plan: Plan,
    topology: Topology,
    to: str,
    *,
    planned: bool = False,
    disaster: str = "",
    accept_data_loss: timedelta | None = None,
    override_fencing: str = "",
    lost: Iterable[str] = (),
    approved_by: tuple[str, ...] = (),
    **more: Any,
) -> Options:
    """What a failover is run with; the words are those of `failover`."""
    return Options(
        to=to,
        accept_data_loss=accept_data_loss,
        overrides=frozenset({"fencing"} if override_fencing else ()),
        approved_by=approved_by,
        more={
            "planned": planned,
            "disaster": disaster or disaster_for(plan, topology, to),
            "override_fencing": override_fencing,
            "lost": [] if planned else sorted(lost or lost_by_default(plan, topology, to)),
            **_given(more),
        },
    )


def table_for(plan: Plan, topology: Topology, to: str, *, planned: bool) -> str:
    """The runbook for a target by its role now. Raises Refused for a fenced one."""
    role = role_of(plan, topology, to)
    if role == "fenced":
        raise Refused(
            f"{to} is fenced: what it holds is older than what it missed",
            f"`dr reprotect --site {to}` rebuilds it first",
        )
    if role == "cold":
        if planned:
            raise Refused(
                f"{to} is cold: it has no copy that could follow", "only a restore from its backups brings it up"
            )
        return "activate_cold"
    return "switchover" if planned else "failover"


def lost_by_default(plan: Plan, topology: Topology, to: str) -> list[str]:
    """Nothing is asked of a site unless it is needed and known to live."""
    if role_of(plan, topology, to) == "cold":
        return [site.name for site in plan.sites if site.name not in {to, plan.fencing.witness}]
    return [topology.active_site]


def _check_names(plan: Plan, to: str, lost: Iterable[str]) -> None:
    for name in (to, *lost):
        known_site(plan, name)
    if to in lost:
        raise BadInput(f"{to} cannot be lost and take over", "leave one of --lost and --to out")


def command(
    *,
    to: Annotated[str, typer.Option(help="the site that takes over")],
    plan: PlanName = DEFAULT_PLAN,
    disaster: Annotated[str, typer.Option(help="the disaster that is declared, as the plan names it")] = "",
    planned: Annotated[
        bool, typer.Option("--planned", help="the old site is alive and hands over: nothing is lost")
    ] = False,
    accept_data_loss: Annotated[str, typer.Option(help="how much may be lost, such as 15m")] = "",
    override_fencing: Annotated[str, typer.Option(help="how you know that the old writer is stopped")] = "",
    lost: Annotated[
        list[str] | None, typer.Option(help="a site that is not to be asked anything; may be repeated")
    ] = None,
    give_up_unlogged: GiveUpUnlogged = False,
    incident: Incident = "",
    commander: Commander = "",
    approved_by: ApprovedBy = None,
    yes: Yes = False,
    dry_run: DryRun = False,
    form: Format = Form.TABLE,
) -> int:
    """Move the service to another site because the active one is lost (or, with --planned, hands over)."""
    loaded = load_plan(plan)
    topology = topology_files.read_topology(loaded, project_dir())
    if disaster and disaster not in {each.disaster for each in loaded.objectives}:
        known = ", ".join(sorted({each.disaster for each in loaded.objectives}))
        raise BadInput(f"--disaster: {disaster!r} has no objective in the plan of {loaded.system}", f"it has {known}")
    loss = duration(accept_data_loss, "--accept-data-loss")
    chosen: dict[str, Any] = {
        "planned": planned, "disaster": disaster, "accept_data_loss": loss, "override_fencing": override_fencing,
        "lost": lost or (), "incident": incident, "commander": commander, "give_up_unlogged": give_up_unlogged,
    }  # fmt: skip
    if to not in {site.name for site in loaded.sites} or (to == topology.active_site and serves(loaded, topology)):
        return finish([failover(loaded, to, plan_path=plan, **chosen)], form)
    if to == topology.active_site:
        name, options = "reopen", Options(to, loss, more={"lost": lost or [], "planned": True})
        consequence = f"{to} takes the writes of {loaded.system} again; a move that broke off is given up"
    else:
        name = table_for(loaded, topology, to, planned=planned)
        options = options_for(loaded, topology, to, **chosen)
        consequence = f"{to} takes over {loaded.system} from {topology.active_site}"
        consequence += " without losing a write" if planned else "; what did not arrive there is lost"
    if dry_run:
        show_rows(name, loaded, options, topology, form)
        return 0
    if not yes and at_a_terminal():
        consequence = "; ".join([consequence, *look(name, loaded, options)])
    people = needed(loaded, *decided(name, loaded, topology, options))
    approval = ask(consequence, to, people=people, known=loaded.people, yes=yes, approved_by=approved_by or ())

    def act(observer: Observer) -> RunOutcome:
        return failover(loaded, to, observer=observer, approved_by=approval.by, plan_path=plan, **chosen)

    return finish([watched(name, loaded, options, act, quiet=form is Form.JSON)], form)


app = typer.Typer(add_completion=False)
app.command("failover")(command)

if __name__ == "__main__":
    from scripts.dr import main

    raise SystemExit(main(["failover", *sys.argv[1:]]))

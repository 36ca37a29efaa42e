"""
`dr failback`: the service returns to the site where it belongs, without losing a write, and the site it leaves
follows it again.

The way there is re-protection (a site that was lost is rebuilt as a replica), a planned switchover, and re-protection
once more. Each part can be resumed by itself; what is done already is left out, so the command can be repeated. To a
person it is one run: its journal names its parts, and `dr journal` and `dr report` show all of them.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from model import load_plan
from model.roles import role_of
from scripts.core.home import project_dir
from scripts.failover import failover
from scripts.people.approvals import ask, needed
from scripts.people.options import (
    DEFAULT_PLAN,
    ApprovedBy,
    Commander,
    DryRun,
    Format,
    GiveUpDifferences,
    GiveUpOldCopy,
    GiveUpUnlogged,
    Incident,
    PlanName,
    Yes,
    known_site,
)
from scripts.people.output import Form, err
from scripts.reprotect import reprotect
from scripts.runbooks.decided import decided
from scripts.runbooks.run import run
from scripts.runbooks.terminal import finish, show_rows, watched
from scripts.runs.parts import KEY, settle, whole
from scripts.runs.runbook import Options, RunOutcome
from scripts.stacks import topology_files

if TYPE_CHECKING:
    from model import Plan
    from model.topology import Topology
    from scripts.runs.rows import Observer

GIVES_UP = ("give_up_differences", "give_up_old_copy")
Part = tuple[str, str]
"""The name of a table, and the site that it works on."""


def parts(plan: Plan, topology: Topology, home: str) -> list[Part]:
    """What has to be done for the service to be at `home`, with every other site following it. Empty: nothing."""
    left = topology.active_site
    todo: list[Part] = []
    if home != left:
        if role_of(plan, topology, home) != "warm":
            todo.append(("reprotect", home))
        todo.append(("switchover", home))
    for site in plan.sites:
        if site.kind == "cold" or site.name == home:
            continue
        if home != left or role_of(plan, topology, site.name) == "fenced":
            todo.append(("reprotect", site.name))
    todo += [
        ("stand_down", site.name) for site in plan.sites
        if site.kind == "cold" and site.name != home and site.name in topology.stores
    ]  # fmt: skip
    return todo


Act = Callable[[str, str, "Observer | None"], RunOutcome]


def failback(
    plan: Plan,
    *,
    to: str = "",
    plan_path: str = "",
    show: Callable[[Part, Act], RunOutcome] | None = None,
    approved_by: tuple[str, ...] = (),
    **more: Any,
) -> list[RunOutcome]:
    """
    Return to `to` (the plan's primary). Gives the outcome of each part in turn and stops at the first that is not done.

    `show` runs one part with something to look at. `more`: incident, commander, for the record of each part;
    give_up_unlogged; give_up_differences and give_up_old_copy, for what is rebuilt first. Raises as `failover` and
    `reprotect` do.
    """
    home = known_site(plan, to or plan.primary.name)
    more = {key: value for key, value in more.items() if value}
    given_up = {key: more.pop(key) for key in GIVES_UP if key in more}

    topology = topology_files.read_topology(plan, project_dir())
    todo, outcomes = parts(plan, topology, home), list[RunOutcome]()
    if not todo:
        settle("failback", plan.system)
        return outcomes
    options = {"to": home, **more, **given_up}
    evidence = {"plan": plan_path or plan.system, "topology": topology.to_config(), "options": options}
    with whole("failback", plan.system, f"Begin the failback of {plan.system} to {home}", evidence) as all_of_it:

        def act(name: str, site: str, observer: Observer | None) -> RunOutcome:
            given: dict[str, Any] = {
                "observer": observer, "plan_path": plan_path, "run_id": all_of_it.begin(name, site),
            }  # fmt: skip
            said = {**more, KEY: all_of_it.run}
            if name == "stand_down":
                return run(name, plan, Options(to=site, approved_by=approved_by, more=said), **given)
            given["approved_by"] = approved_by
            if name == "reprotect":
                return reprotect(plan, site, **given, **said, **given_up)
            return failover(plan, site, planned=True, **given, **said)

        for part in todo:
            outcomes.append(show(part, act) if show else act(*part, None))
            if outcomes[-1].error is not None:
                all_of_it.status, all_of_it.said = outcomes[-1].status, outcomes[-1].error.message
                break
    return outcomes


def command(
    *,
    to: Annotated[str, typer.Option(help="where the service belongs (default: the plan's primary)")] = "",
    plan: PlanName = DEFAULT_PLAN,
    give_up_unlogged: GiveUpUnlogged = False,
    incident: Incident = "",
    commander: Commander = "",
    give_up_differences: GiveUpDifferences = 0,
    give_up_old_copy: GiveUpOldCopy = False,
    approved_by: ApprovedBy = None,
    yes: Yes = False,
    dry_run: DryRun = False,
    form: Format = Form.TABLE,
) -> int:
    """Move the service back, without losing a write: rebuild, switch over, rebuild what was left."""
    loaded = load_plan(plan)
    topology = topology_files.read_topology(loaded, project_dir())
    home = known_site(loaded, to or loaded.primary.name)
    todo = parts(loaded, topology, home)
    if dry_run:
        for name, site in todo:
            # Whether the switch can be made shows only when what comes before it is done.
            show_rows(name, loaded, Options(to=site), topology, form, looks=False)
        return 0
    given_up = {"give_up_differences": give_up_differences, "give_up_old_copy": give_up_old_copy}
    agreed: tuple[str, ...] = ()
    if todo:
        consequence = f"{loaded.system} moves from {topology.active_site} back to {home}"
        options = Options(to=home, more={"planned": True, "give_up_unlogged": give_up_unlogged, **given_up})
        people = needed(loaded, *decided("switchover", loaded, topology, options))
        approval = ask(consequence, home, people=people, known=loaded.people, yes=yes, approved_by=approved_by or ())
        agreed = approval.by

    def show(part: Part, act: Act) -> RunOutcome:
        name, site = part
        options = Options(to=site)
        return watched(name, loaded, options, lambda observer: act(name, site, observer), quiet=form is Form.JSON)

    more = {"incident": incident, "commander": commander, "give_up_unlogged": give_up_unlogged, **given_up}
    outcomes = failback(loaded, to=home, plan_path=plan, show=show, approved_by=agreed, **more)
    if outcomes and outcomes[-1].status != "done" and (left := todo[len(outcomes) :]):
        rest = ", ".join(f"{name} {site}" for name, site in left)
        err().print(f"the failback is not over: when this run is done, `dr failback` does the rest ({rest})")
    if not outcomes:
        outcomes = [failover(loaded, home, planned=True, plan_path=plan)]  # says that it is done already
    return finish(outcomes, form)


app = typer.Typer(add_completion=False)
app.command("failback")(command)

if __name__ == "__main__":
    from scripts.dr import main

    raise SystemExit(main(["failback", *sys.argv[1:]]))

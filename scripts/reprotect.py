"""`dr reprotect --site SITE`: a site that was left behind becomes a copy of the active one again."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from model import load_plan
from model.roles import role_of
from scripts.core.errors import BadInput, Refused
from scripts.core.home import project_dir
from scripts.people.approvals import ask, needed
from scripts.people.options import (
    DEFAULT_PLAN,
    ApprovedBy,
    DryRun,
    Format,
    GiveUpDifferences,
    GiveUpOldCopy,
    PlanName,
    Stores,
    Yes,
    known_site,
    known_stores,
)
from scripts.people.output import Form
from scripts.runbooks.decided import decided
from scripts.runbooks.run import run
from scripts.runbooks.terminal import finish, show_rows, watched
from scripts.runs.runbook import Options, Result, RunOutcome
from scripts.stacks import topology_files

if TYPE_CHECKING:
    from model import Plan
    from model.topology import Topology
    from scripts.runs.rows import Observer


def reprotect(
    plan: Plan,
    site: str,
    *,
    stores: tuple[str, ...] = (),
    observer: Observer | None = None,
    plan_path: str = "",
    run_id: str = "",
    approved_by: tuple[str, ...] = (),
    **more: Any,
) -> RunOutcome:
    """
    Make `site` a replica of the active site, or only what it holds of `stores`. `more`: lost, give_up_differences (of
    what only its old copy holds, at most so many), give_up_old_copy (although something of it could not be counted),
    declared_clean (why a site that was isolated may be trusted again).

    Raises BadInput, Refused, Locked. One that follows already gives an outcome that is done.
    """
    topology = topology_files.read_topology(plan, project_dir())
    if plan.site(known_site(plan, site)).kind == "cold":
        raise BadInput(f"{site} is cold: it receives backups and follows nobody", "re-protect a primary or warm site")
    if site in topology.isolated and not more.get("declared_clean"):
        raise Refused(
            f"{site} was found compromised and is isolated",
            'when it has been built anew, say so: --declared-clean "how you know that it is clean"',
        )
    if site not in topology.isolated:
        more.pop("declared_clean", None)
    if said := _already(plan, topology, site, known_stores(plan, stores)):
        return RunOutcome("", "done", {"reprotect": Result("already", said)})
    options = Options(to=site, approved_by=approved_by, more=more | ({"stores": list(stores)} if stores else {}))
    return run("reprotect", plan, options, observer=observer, plan_path=plan_path, run_id=run_id)


def _already(plan: Plan, topology: Topology, site: str, stores: tuple[str, ...]) -> str:
    """Why there is nothing to do; empty when there is."""
    if site == topology.active_site:
        return f"{site} is active"
    held = topology.stores.get(site, {})
    if any(each.retiring for name, each in held.items() if not stores or name in stores):
        return ""
    if stores:
        behind = set(stores) & set(topology.not_following(plan, site))
        return "" if behind else f"{', '.join(stores)} in {site} follows {topology.active_site}"
    return f"{site} follows {topology.active_site}" if role_of(plan, topology, site) == "warm" else ""


def command(
    *,
    site: Annotated[str, typer.Option(help="the site that is rebuilt")],
    store: Stores = None,
    plan: PlanName = DEFAULT_PLAN,
    give_up_differences: GiveUpDifferences = 0,
    give_up_old_copy: GiveUpOldCopy = False,
    declared_clean: Annotated[
        str, typer.Option(help="how you know that a site which was found compromised is clean again")
    ] = "",
    approved_by: ApprovedBy = None,
    yes: Yes = False,
    dry_run: DryRun = False,
    form: Format = Form.TABLE,
) -> int:
    """Make a site that came back follow the active one; what only its old copy holds is counted first."""
    loaded = load_plan(plan)
    topology = topology_files.read_topology(loaded, project_dir())
    clean = {"declared_clean": declared_clean} if site in topology.isolated else {}
    stores = known_stores(loaded, store)
    given_up = {"give_up_differences": give_up_differences, "give_up_old_copy": give_up_old_copy}
    more: dict[str, Any] = {**given_up, **clean}
    options = Options(to=site, more=more | ({"stores": list(stores)} if stores else {}))
    if dry_run:
        show_rows("reprotect", loaded, options, topology, form)
        return 0
    what = f"{', '.join(stores)} in {site}" if stores else site
    consequence = f"{what} becomes a copy of {topology.active_site}; the old copy is given up at the end"
    people = needed(loaded, *decided("reprotect", loaded, topology, options))
    approval = ask(consequence, site, people=people, known=loaded.people, yes=yes, approved_by=approved_by or ())

    def act(observer: Observer) -> RunOutcome:
        return reprotect(
            loaded, site, stores=stores, observer=observer, plan_path=plan, approved_by=approval.by, **more
        )

    return finish([watched("reprotect", loaded, options, act, quiet=form is Form.JSON)], form)


app = typer.Typer(add_completion=False)
app.command("reprotect")(command)

if __name__ == "__main__":
    from scripts.dr import main

    raise SystemExit(main(["reprotect", *sys.argv[1:]]))

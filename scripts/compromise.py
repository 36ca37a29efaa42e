"""
`dr compromise --clean-before TIME`: somebody else had their hands in the active site. It is closed and left as it is,
and the service is built anew in a clean site, from the last state before that moment, with new credentials.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from model import load_plan
from scripts.core.errors import BadInput
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
    Yes,
    duration,
    known_site,
)
from scripts.people.output import Form
from scripts.runbooks.decided import decided
from scripts.runbooks.run import look, run
from scripts.runbooks.terminal import finish, show_rows, watched
from scripts.runs.runbook import Options, RunOutcome
from scripts.stacks import topology_files

if TYPE_CHECKING:
    from model import Plan
    from model.objectives import Objective
    from scripts.runs.rows import Observer

DISASTER = "compromise"


def objective_of(plan: Plan) -> Objective:
    """Raises BadInput where the plan has none."""
    found = next((each for each in plan.objectives if each.disaster == DISASTER and not each.component), None)
    if found is None:
        raise BadInput(f"the plan of {plan.system} has no objective for a compromise", f"add one for {DISASTER}")
    return found


def options_for(
    plan: Plan,
    clean_before: str,
    *,
    to: str = "",
    compromised: Sequence[str] = (),
    lost: Sequence[str] = (),
    accept_data_loss: timedelta | None = None,
    approved_by: tuple[str, ...] = (),
    **more: Any,
) -> Options:
    """
    What it is run with. Without `to` the site that the plan's objective names; without `compromised` every other site,
    but not a cold witness: nothing runs there, and with the lease in doubt nobody could take over at all.

    Raises BadInput.
    """
    objective, at = objective_of(plan), past_moment(clean_before, "--clean-before")
    known = [site.name for site in plan.sites]
    site = to or objective.recover_at
    if not to and site not in known:
        raise BadInput(
            "the plan recovers from a compromise where it was",
            "`dr contain` does that; or name a clean site: --to SITE",
        )
    known_site(plan, site)
    trusted = {site} | {each.name for each in plan.sites if each.kind == "cold" and each.name == plan.fencing.witness}
    closed = [*compromised] or [name for name in known if name not in trusted]
    for option, named in (("--compromised", closed), ("--lost", lost)):
        for name in named:
            if known_site(plan, name, option) == site:
                raise BadInput(f"{option}: {name} cannot be given up and take over", "leave one of them out, or --to")
    chosen = {
        "disaster": DISASTER,
        "clean_before": at.isoformat(),
        "isolated": [name for name in known if name in closed],
        "lost": [name for name in known if name in lost],
        **{key: value for key, value in more.items() if value},
    }
    return Options(to=site, accept_data_loss=accept_data_loss, approved_by=approved_by, more=chosen)


def compromise(
    plan: Plan, clean_before: str, *, observer: Observer | None = None, plan_path: str = "", **asked: Any
) -> RunOutcome:
    """
    Leave the active site. `clean_before` is the moment (ISO 8601) up to which its data can be trusted; `asked` as for
    `options_for`, and: commander, incident, fault_at, detected_at.

    Raises BadInput, Refused, Locked.
    """
    return run("compromise", plan, options_for(plan, clean_before, **asked), observer=observer, plan_path=plan_path)


def command(
    *,
    clean_before: Annotated[
        str, typer.Option(help="the moment up to which the data is trusted, such as 2026-01-31T12:00:00+00:00")
    ],
    to: Annotated[str, typer.Option(help="the clean site (default: the one that the plan's objective names)")] = "",
    compromised: Annotated[
        list[str] | None, typer.Option(help="a site that is closed; may be repeated (default: every other site)")
    ] = None,
    lost: Annotated[
        list[str] | None, typer.Option(help="a site that is not to be asked anything; may be repeated")
    ] = None,
    plan: PlanName = DEFAULT_PLAN,
    accept_data_loss: Annotated[str, typer.Option(help="how much may be given up, such as 15m")] = "",
    incident: Incident = "",
    commander: Commander = "",
    approved_by: ApprovedBy = None,
    yes: Yes = False,
    dry_run: DryRun = False,
    form: Format = Form.TABLE,
) -> int:
    """Close what was compromised, keep it as evidence, and build the service anew in a clean site."""
    loaded = load_plan(plan)
    topology = topology_files.read_topology(loaded, project_dir())
    asked: dict[str, Any] = {
        "to": to, "compromised": compromised or (), "lost": lost or (), "incident": incident, "commander": commander,
        "accept_data_loss": duration(accept_data_loss, "--accept-data-loss"),
    }  # fmt: skip
    options = options_for(loaded, clean_before, **asked)
    if dry_run:
        show_rows("compromise", loaded, options, topology, form)
        return 0
    closed = ", ".join(options.more["isolated"])
    verb = "is" if len(options.more["isolated"]) == 1 else "are"
    consequence = (
        f"{closed} {verb} closed; {options.to} is built as of {options.more['clean_before']}, later writes are lost"
    )
    if not yes and at_a_terminal():
        consequence = "; ".join([consequence, *look("compromise", loaded, options)])
    people = needed(loaded, *decided("compromise", loaded, topology, options))
    approval = ask(consequence, options.to, people=people, known=loaded.people, yes=yes, approved_by=approved_by or ())

    def act(observer: Observer) -> RunOutcome:
        return compromise(loaded, clean_before, observer=observer, plan_path=plan, approved_by=approval.by, **asked)

    return finish([watched("compromise", loaded, options, act, quiet=form is Form.JSON)], form)


app = typer.Typer(add_completion=False)
app.command("compromise")(command)

if __name__ == "__main__":
    from scripts.dr import main

    raise SystemExit(main(["compromise", *sys.argv[1:]]))

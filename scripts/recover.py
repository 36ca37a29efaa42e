"""`dr recover SERVICE`: climbs the ladder for a service that fails in a site that is well, until a rung helps."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from scripts.clouds.access import Clouds
from scripts.core.home import project_dir
from scripts.people.approvals import ask, needed
from scripts.people.options import (
    DEFAULT_PLAN,
    ApprovedBy,
    DryRun,
    Format,
    PlanName,
    Yes,
    duration,
    plan_of,
    site_or_active,
)
from scripts.people.output import Form
from scripts.probes.service_health import why_not_well
from scripts.runbooks.decided import decided
from scripts.runbooks.run import run
from scripts.runbooks.tables import table
from scripts.runbooks.terminal import finish, show_rows, watched
from scripts.runs.runbook import Options, Result, RunOutcome
from scripts.runs.targets import known_service
from scripts.stacks import topology_files

if TYPE_CHECKING:
    from model import Plan
    from scripts.runs.rows import Observer

DISASTER = "application_failure"


def recover(
    plan: Plan,
    service: str,
    *,
    site: str = "",
    begin: str = "",
    end: str = "",
    observer: Observer | None = None,
    plan_path: str = "",
    run_id: str = "",
    approved_by: tuple[str, ...] = (),
    **more: Any,
) -> RunOutcome:
    """
    Climb the ladder for `service` at `site` (the active one), from the rung `begin` on, to `end`. `more`:
    well_within_seconds of each rung, fault_at, detected_at. One that is well gives an outcome that is done, unless
    `begin` names a rung: that one is climbed whatever is seen.

    Raises BadInput, Refused, Locked. What no rung helped is in the outcome: StillFailing.
    """
    site = site_or_active(plan, site)
    rungs = {"from": begin, "to": end}
    options = _options(known_service(plan, service), rungs, site, more, approved_by)
    table("recover", plan, options)  # a rung that there is not is refused first
    if not begin and (said := _already(plan, site, service)):
        return RunOutcome("", "done", {"recover": Result("already", said)})
    return run("recover", plan, options, observer=observer, plan_path=plan_path, run_id=run_id)


def _options(
    service: str, rungs: dict[str, str], site: str, more: dict[str, Any], approved_by: tuple[str, ...] = ()
) -> Options:  # fmt: skip
    told = {"service": service, "disaster": DISASTER, **{key: rung for key, rung in rungs.items() if rung}, **more}
    return Options(to=site, approved_by=approved_by, more=told)


def _already(plan: Plan, site: str, service: str) -> str:
    """That there is nothing to recover; empty where there is."""
    clouds = Clouds(plan)
    try:
        return "" if why_not_well(plan, clouds, site, service) else f"{service} in {site} is well"
    finally:
        clouds.close()


def command(
    *,
    service: Annotated[str, typer.Argument(help="one of the plan's services")],
    site: Annotated[str, typer.Option(help="where (default: the active site)")] = "",
    begin: Annotated[
        str, typer.Option("--from", help="begin with this rung: restart, rollback, scale, replace, recreate")
    ] = "",
    within: Annotated[str, typer.Option(help="how long a rung may take to help, such as 2m")] = "",
    plan: PlanName = DEFAULT_PLAN,
    approved_by: ApprovedBy = None,
    yes: Yes = False,
    dry_run: DryRun = False,
    form: Format = Form.TABLE,
) -> int:
    """Restart a failing service, roll it back, run more of it, make it anew, until one helps. 9: none did."""
    loaded = plan_of(plan)
    known_service(loaded, service)
    site, topology = site_or_active(loaded, site), topology_files.read_topology(loaded, project_dir())
    bound = duration(within, "--within")
    more: dict[str, Any] = {"well_within_seconds": bound.total_seconds()} if bound else {}
    options = _options(service, {"from": begin}, site, more)
    table("recover", loaded, options)
    if dry_run:
        show_rows("recover", loaded, options, topology, form)
        return 0
    consequence = (
        f"{service} in {site} is restarted, then rolled back, run in more copies, replaced and made anew, "
        "until one of these helps"
    )
    people = needed(loaded, *decided("recover", loaded, topology, options))
    approval = ask(consequence, service, people=people, known=loaded.people, yes=yes, approved_by=approved_by or ())

    def act(observer: Observer) -> RunOutcome:
        return recover(
            loaded, service, site=site, begin=begin, observer=observer, plan_path=plan, approved_by=approval.by, **more
        )

    return finish([watched("recover", loaded, options, act, quiet=form is Form.JSON)], form)


app = typer.Typer(add_completion=False)
app.command("recover")(command)

if __name__ == "__main__":
    from scripts.dr import main

    raise SystemExit(main(["recover", *sys.argv[1:]]))

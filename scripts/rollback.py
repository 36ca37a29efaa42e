"""`dr rollback SERVICE`: an earlier version of a service runs again, watched until it is well."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from scripts.clouds.access import Clouds
from scripts.clouds.protocol import ServiceFeature, need
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
from scripts.people.output import Form, out, table, write_json
from scripts.probes.versions import version_named, wanted_of
from scripts.runbooks.decided import decided
from scripts.runbooks.run import look, run
from scripts.runbooks.terminal import finish, show_rows, watched
from scripts.runs.findings import StackDeclares
from scripts.runs.runbook import Options, Result, RunOutcome
from scripts.runs.targets import known_service
from scripts.stacks import topology_files

if TYPE_CHECKING:
    from model import Plan
    from scripts.clouds.protocol import ServiceVersion
    from scripts.runs.rows import Observer


def versions_of(plan: Plan, site: str, service: str) -> list[ServiceVersion]:
    """What can be run again, newest first. Raises Refused where its kind keeps no versions, CloudFailed."""
    clouds = Clouds(plan)
    try:
        managed = clouds.at(site).service(service)
        need(service, "go back to an earlier version", able=ServiceFeature.ROLL_BACK in managed.features)
        return managed.versions()
    finally:
        clouds.close()


def rollback(
    plan: Plan,
    service: str,
    *,
    to: str = "",
    site: str = "",
    observer: Observer | None = None,
    plan_path: str = "",
    run_id: str = "",
    approved_by: tuple[str, ...] = (),
    **more: Any,
) -> RunOutcome:
    """
    Run version `to` of a service again at `site` (the active one), without it the version before the wanted one.
    `more`: well_within_seconds. One that is wanted already gives an outcome that is done.

    Raises BadInput, Refused, Locked, CloudFailed.
    """
    site = site_or_active(plan, site)
    options = _options(known_service(plan, service), to, site, more, approved_by)
    if to and (said := _already(plan, site, service, to)):
        return RunOutcome("", "done", {"rollback": Result("already", said)})
    return run("rollback", plan, options, observer=observer, plan_path=plan_path, run_id=run_id)


def _options(
    service: str, to: str, site: str, more: dict[str, Any], approved_by: tuple[str, ...] = ()
) -> Options:  # fmt: skip
    told = {"service": service, **({"version": to} if to else {}), **more}
    return Options(to=site, approved_by=approved_by, more=told)


def _already(plan: Plan, site: str, service: str, to: str) -> str:
    """That the version is the wanted one; empty when it is another."""
    versions = versions_of(plan, site, service)
    chosen, wanted = version_named(versions, to), wanted_of(versions)
    same = chosen is not None and wanted is not None and chosen.content == wanted.content
    return f"{service} in {site} is to run version {to}" if same else ""


def command(
    *,
    service: Annotated[str, typer.Argument(help="one of the plan's services")],
    to: Annotated[
        str, typer.Option(help="a version that `--list` shows, or its artefact (default: the one before)")
    ] = "",
    site: Annotated[str, typer.Option(help="where (default: the active site)")] = "",
    show: Annotated[bool, typer.Option("--list", help="the versions that are kept; changes nothing")] = False,
    within: Annotated[str, typer.Option(help="how long it may take to be well, such as 5m")] = "",
    plan: PlanName = DEFAULT_PLAN,
    approved_by: ApprovedBy = None,
    yes: Yes = False,
    dry_run: DryRun = False,
    form: Format = Form.TABLE,
) -> int:
    """Run the version before, or a named one, of a service again. Ends with 9 when it is not well in its time."""
    loaded = plan_of(plan)
    known_service(loaded, service)
    site = site_or_active(loaded, site)
    if show:
        _show(versions_of(loaded, site, service), service, site, form)
        return 0
    bound = duration(within, "--within")
    more: dict[str, Any] = {"well_within_seconds": bound.total_seconds()} if bound else {}
    options = _options(service, to, site, more)
    if to and (said := _already(loaded, site, service, to)):
        return finish([RunOutcome("", "done", {"rollback": Result("already", said)})], form)
    topology = topology_files.read_topology(loaded, project_dir())
    if dry_run:
        show_rows("rollback", loaded, options, topology, form)
        return 0
    consequence = "; ".join(look("rollback", loaded, options))
    people = needed(loaded, *decided("rollback", loaded, topology, options))
    approval = ask(consequence, service, people=people, known=loaded.people, yes=yes, approved_by=approved_by or ())
    options = replace(options, approved_by=approval.by)

    def act(observer: Observer) -> RunOutcome:
        return run("rollback", loaded, options, observer=observer, plan_path=plan)

    outcome = watched("rollback", loaded, options, act, quiet=form is Form.JSON)
    if form is Form.TABLE:
        for said in (each.said for each in outcome.results.values() if each.found(StackDeclares) is not None):
            out().print(said, markup=False)
    return finish([outcome], form)


def _show(versions: list[ServiceVersion], service: str, site: str, form: Form) -> None:
    if form is Form.JSON:
        write_json({"service": service, "site": site, "versions": versions})
        return
    rows = [
        [each.name, each.artefact, f"{each.made_at:%Y-%m-%d %H:%M:%S}", each.content, "yes" if each.is_wanted else ""]
        for each in versions
    ]
    title = f"Versions of {service} in {site}"
    out().print(table(title, ("version", "artefact", "made (UTC)", "content", "wanted"), rows))


app = typer.Typer(add_completion=False)
app.command("rollback")(command)

if __name__ == "__main__":
    from scripts.dr import main

    raise SystemExit(main(["rollback", *sys.argv[1:]]))

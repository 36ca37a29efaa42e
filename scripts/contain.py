"""
`dr contain`: somebody has keys, passwords or sessions of a site that goes on. They are made worthless where they are,
whoever is inside is put out, and the application's own records are asked what was done.

`--block` keeps addresses out at every front door, and `--unblock` lets them in again, which is all that it does.
`--assess` asks the records alone. `--clean-before` takes the data back afterwards, as `dr restore --to-time` does.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from model import load_plan
from scripts.acts.audits import assess
from scripts.acts.firewalls import addresses, change_everywhere, need_firewall
from scripts.clouds.access import Clouds
from scripts.compromise import DISASTER, objective_of
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
)
from scripts.people.output import Form, out, table, write_json
from scripts.probes.acceptance import Place
from scripts.restore import options_for as options_of_restore
from scripts.restore import protect_again, restore
from scripts.runbooks.decided import decided
from scripts.runbooks.run import look, run
from scripts.runbooks.terminal import finish, show_rows, watched
from scripts.runs import run_records
from scripts.runs.own_run import own_run
from scripts.runs.runbook import Options, RunOutcome
from scripts.stacks import topology_files
from scripts.steps.assess_breach import DAY

if TYPE_CHECKING:
    from model import Plan
    from model.topology import Topology
    from scripts.runs.rows import Observer


def window(since: str, until: str) -> tuple[datetime, datetime]:
    """The window that the records are asked about: by default the 24 hours until now. Raises BadInput."""
    end = past_moment(until, "--until") if until else datetime.now(UTC)
    begin = past_moment(since, "--since") if since else end - DAY
    if begin >= end:
        raise BadInput(f"the window ends at {end.isoformat()}, before it begins", "--since is the earlier moment")
    return begin, end


def options_for(
    plan: Plan,
    topology: Topology,
    since: str = "",
    until: str = "",
    *,
    approved_by: tuple[str, ...] = (),
    **more: Any,
) -> Options:
    """What it is run with, at the active site. Raises BadInput."""
    objective_of(plan)
    begin, end = window(since, until)
    told = {"since": begin.isoformat(), "until": end.isoformat()} if since or until else {}
    more["block"] = addresses(more.get("block") or (), "--block")
    chosen = {"disaster": DISASTER, "contained": True, **told, **{key: value for key, value in more.items() if value}}
    return Options(to=topology.active_site, approved_by=approved_by, more=chosen)


def contain(
    plan: Plan, since: str = "", until: str = "", *, observer: Observer | None = None, plan_path: str = "", **asked: Any
) -> RunOutcome:
    """
    Contain a breach of the active site. `since` and `until` (ISO 8601): the window that the plan's `audit` is asked
    about. `asked`: approved_by, commander, incident, fault_at, detected_at, block (addresses and networks).

    Raises BadInput, Refused, Locked.
    """
    topology = topology_files.read_topology(plan, project_dir())
    options = options_for(plan, topology, since, until, **asked)
    return run("contain", plan, options, observer=observer, plan_path=plan_path)


def command(
    *,
    since: Annotated[str, typer.Option(help="ask the records from this moment on (default: 24 hours ago)")] = "",
    until: Annotated[str, typer.Option(help="... until this one (default: now)")] = "",
    only_assess: Annotated[bool, typer.Option("--assess", help="only ask the records; nothing is changed")] = False,
    clean_before: Annotated[
        str, typer.Option(help="take the data back as well, to this moment before it was changed")
    ] = "",
    block: Annotated[list[str] | None, typer.Option(help="an address or a network to keep out; once for each")] = None,
    unblock: Annotated[list[str] | None, typer.Option(help="only let this one in again; once for each")] = None,
    plan: PlanName = DEFAULT_PLAN,
    incident: Incident = "",
    commander: Commander = "",
    approved_by: ApprovedBy = None,
    yes: Yes = False,
    dry_run: DryRun = False,
    form: Format = Form.TABLE,
) -> int:
    """Make stolen keys, passwords and sessions worthless where the service runs, and ask what was done with them."""
    loaded = load_plan(plan)
    topology = topology_files.read_topology(loaded, project_dir())
    if only_assess:
        return _assess(loaded, topology, *window(since, until), form)
    if unblock:
        return _unblock(loaded, topology, addresses(unblock, "--unblock"), form)
    who: dict[str, Any] = {"incident": incident, "commander": commander}
    options = options_for(loaded, topology, since, until, block=block, **who)
    back = options_of_restore(loaded, topology, clean_before, None, **who) if clean_before else None
    if dry_run:
        show_rows("contain", loaded, options, topology, form)
        return 0
    kept_out = options.more.get("block")
    consequence = f"{', '.join(kept_out)} is answered by no front door any more; " if kept_out else ""
    consequence += f"every login of {options.to} is renewed, and agent and services start anew"
    if back is not None:
        consequence += f"; then its data goes back to {back.more['to_time']}, and later writes are given up"
    if not yes and at_a_terminal():
        consequence = "; ".join([consequence, *look("contain", loaded, options)])
    people = needed(
        loaded,
        *decided("contain", loaded, topology, options),
        *(decided("restore", loaded, topology, back) if back is not None else ()),
    )
    approval = ask(consequence, options.to, people=people, known=loaded.people, yes=yes, approved_by=approved_by or ())

    def act(observer: Observer) -> RunOutcome:
        asked = {"approved_by": approval.by, "block": block, **who}
        return contain(loaded, since, until, observer=observer, plan_path=plan, **asked)

    outcomes = [watched("contain", loaded, options, act, quiet=form is Form.JSON)]
    if back is not None and outcomes[0].status == "done":

        def take_back(observer: Observer) -> RunOutcome:
            return restore(loaded, clean_before, approved_by=approval.by, observer=observer, plan_path=plan, **who)

        outcomes.append(watched("restore", loaded, back, take_back, quiet=form is Form.JSON))
        if outcomes[-1].status == "done":
            outcomes += protect_again(loaded, plan, quiet=form is Form.JSON)
    return finish(outcomes, form)


def _unblock(plan: Plan, topology: Topology, chosen: list[str], form: Form) -> int:
    """Raises Refused for a plan without a firewall; CloudFailed."""
    need_firewall(plan)
    site, named = topology.active_site, ", ".join(chosen)
    with own_run(plan, "contain", "unblock", f"Let {named} in again", {"site": site, "addresses": chosen}) as own:
        not_told = change_everywhere(plan, own.clouds, site, remove=chosen)
        still = own.clouds.at(site).firewall().blocked()
        own.said = f"{named} is let in again"
        if not_told:
            own.said += f", but not by {', '.join(not_told)}, which could not be told"
    if form is Form.JSON:
        write_json({"unblocked": chosen, "blocked": still, "not_told": not_told})
    else:
        out().print(f"{own.said}; still kept out: {', '.join(still) or 'nobody'}", markup=False)
    return 1 if not_told else 0


def _assess(plan: Plan, topology: Topology, since: datetime, until: datetime, form: Form) -> int:
    """Raises BadInput where the plan asks nothing."""
    if not plan.audit:
        raise BadInput(f"the plan of {plan.system} has no queries for an assessment", "name some under audit")
    clouds, site = Clouds(plan), topology.active_site
    try:
        name = run_records.new_run_id("assess")
        found = assess(plan, clouds, Place(site, topology.incarnations(site)), (since, until), name)
    finally:
        clouds.close()
    if form is Form.JSON:
        window = {"since": since.isoformat(), "until": until.isoformat()}
        write_json({**window, "folder": str(found.folder), "rows": found.rows, "said": found.said})
    else:
        title = f"What the records of {plan.system} say, {since.isoformat()} to {until.isoformat()}"
        out().print(table(title, ("query", "found"), [[name, said] for name, said in found.said.items()]))
        out().print(f"the rows are in {found.folder}", markup=False)
    return 0 if len(found.rows) == len(plan.audit) else 1


app = typer.Typer(add_completion=False)
app.command("contain")(command)

if __name__ == "__main__":
    from scripts.dr import main

    raise SystemExit(main(["contain", *sys.argv[1:]]))

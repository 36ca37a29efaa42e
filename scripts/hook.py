"""`dr hook NAME`: runs one of the plan's hooks once, by hand, where its service runs."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from scripts.acts.job_names import job_name
from scripts.clouds.access import Clouds
from scripts.clouds.protocol import ServiceFeature, need
from scripts.core.errors import BadInput, CheckFailed
from scripts.core.home import project_dir
from scripts.people.approvals import ask
from scripts.people.options import DEFAULT_PLAN, DryRun, Format, PlanName, Yes, known_site, plan_of
from scripts.people.output import Form, facts, out, write_json
from scripts.runs.journal import Journal
from scripts.runs.run_records import new_run_id
from scripts.stacks import topology_files

if TYPE_CHECKING:
    from model import Plan


def hook(
    *,
    name: Annotated[str, typer.Argument(help="one of the plan's hooks")],
    plan: PlanName = DEFAULT_PLAN,
    site: Annotated[str, typer.Option(help="where (default: the active site)")] = "",
    yes: Yes = False,
    dry_run: DryRun = False,
    form: Format = Form.TABLE,
) -> int:
    """Run a hook of the plan once. Ends with 1 when it does not end well in its time."""
    loaded = plan_of(plan)
    if name not in loaded.hooks:
        raise BadInput(f"{name!r} is no hook of {loaded.system}", f"there is {', '.join(loaded.hooks) or 'none'}")
    site = known_site(loaded, site or topology_files.read_topology(loaded, project_dir()).active_site)
    chosen = loaded.hooks[name]
    said = {"hook": name, "site": site, "service": chosen.service, "command": " ".join(chosen.command)}
    if not dry_run:
        ask(f"the hook {name} runs in {site}, as {chosen.service}", site, yes=yes)
        said |= run_by_hand(loaded, name, site)
    if form is Form.JSON:
        write_json(said)
    else:
        out().print(facts(said))
    return 0


def run_by_hand(plan: Plan, name: str, site: str) -> dict[str, str]:
    """Run it now, journalled as a run of its own; gives its run, its job and what it wrote. Raises CheckFailed."""
    chosen, run, clouds = plan.hooks[name], new_run_id("hook"), Clouds(plan)
    seconds = chosen.timeout.total_seconds()
    service = clouds.at(site).service(chosen.service)
    need(chosen.service, "run a command once", able=ServiceFeature.RUN_ONCE in service.features)
    journal, job = Journal.of(run), job_name(run, name)
    status, sentence = "failed", f"The hook {name} in {site}"
    evidence = {"system": plan.system, "hook": name, "site": site, "job": job}
    journal.write("run", "hook", sentence, status="begun", evidence=evidence)
    try:
        ran = service.run_once(job, chosen.command, seconds, login=chosen.login)
        reason = ran.why_not_done(seconds)
        status, sentence = ("failed", f"{sentence} did not do its work: {reason}") if reason else ("done", sentence)
    finally:
        journal.write("end", "hook", sentence, status=status)
        journal.close()
        clouds.close()
    if reason:
        raise CheckFailed(sentence, f"look at the job {job} in {service.where}, and run it again when it is mended")
    return {"run": run, "job": job, "said": ran.said}


app = typer.Typer(add_completion=False)
app.command("hook")(hook)

if __name__ == "__main__":
    from scripts.dr import main

    raise SystemExit(main(["hook", *sys.argv[1:]]))

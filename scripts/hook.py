"""`dr hook NAME`: runs one of the plan's hooks once, by hand, where its service runs."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from scripts.acts.hooks import run_hook_at
from scripts.core.errors import BadInput, CheckFailed
from scripts.core.home import project_dir
from scripts.people.approvals import ask, needed, require
from scripts.people.options import DEFAULT_PLAN, ApprovedBy, DryRun, Format, PlanName, Yes, known_site, plan_of
from scripts.people.output import Form, facts, out, write_json
from scripts.runs.own_run import own_run
from scripts.stacks import topology_files

if TYPE_CHECKING:
    from collections.abc import Sequence

    from model import Plan


def hook(
    *,
    name: Annotated[str, typer.Argument(help="one of the plan's hooks")],
    plan: PlanName = DEFAULT_PLAN,
    site: Annotated[str, typer.Option(help="where (default: the active site)")] = "",
    approved_by: ApprovedBy = None,
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
        approval = ask(
            f"the hook {name} runs in {site}, as {chosen.service}", site, people=needed(loaded, "run_hook"),
            known=loaded.people, yes=yes, approved_by=approved_by or (),
        )  # fmt: skip
        said |= run_by_hand(loaded, name, site, approval.by)
    if form is Form.JSON:
        write_json(said)
    else:
        out().print(facts(said))
    return 0


def run_by_hand(plan: Plan, name: str, site: str, by: Sequence[str] = ()) -> dict[str, str]:
    """
    Run it now, as a run of its own; gives its run, its job and what it wrote. `by` are those who agreed.

    Raises ApprovalMissing, Refused, CheckFailed.
    """
    require(plan, "run_hook", approved_by=by)
    sentence = f"The hook {name} in {site}"
    with own_run(plan, "hook", "hook", sentence, {"hook": name, "site": site, "by": list(by)}) as own:
        ended = run_hook_at(own.clouds.at(site), plan, name, own.run)
        if ended.why_not:
            raise CheckFailed(
                f"{sentence} did not do its work: {ended.why_not}",
                f"look at the job {ended.job} in {ended.where}, and run it again when it is mended",
            )
    return {"run": own.run, "job": ended.job, "said": ended.said}


app = typer.Typer(add_completion=False)
app.command("hook")(hook)

if __name__ == "__main__":
    from scripts.dr import main

    raise SystemExit(main(["hook", *sys.argv[1:]]))

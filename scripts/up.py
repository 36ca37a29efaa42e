"""`dr up`: makes the stacks of a plan as declared, side by side where they do not depend on each other."""

from __future__ import annotations

import sys
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated

import typer

from scripts.people.options import DEFAULT_PLAN, ApprovedBy, DryRun, Format, PlanName, Yes, plan_of
from scripts.people.output import Form, err, out, table, write_json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from model import Plan
    from scripts.stacks.changes import Changes
    from scripts.stacks.stacks import Stacks

Names = Annotated[list[str] | None, typer.Argument(metavar="[STACK]...", help="stacks of the plan; all without a name")]
All = Annotated[bool, typer.Option("--all", help="every stack of the plan")]


def up(
    names: Names = None,
    *,
    everything: All = False,
    plan: PlanName = DEFAULT_PLAN,
    approved_by: ApprovedBy = None,
    yes: Yes = False,
    dry_run: DryRun = False,
    form: Format = Form.TABLE,
) -> None:
    """Make stacks as declared, and record what each site's stack tells the others."""
    stacks, chosen = _opened(plan, names, everything=everything)
    if dry_run:
        from model.site_records import awaited, records_from_config  # noqa: PLC0415
        from scripts.core.errors import Refused  # noqa: PLC0415
        from scripts.stacks import topology_files  # noqa: PLC0415

        bare = [stack for stack in chosen if not topology_files.settings_path(stacks.project, stack).exists()]
        if bare:
            raise Refused(
                f"{', '.join(bare)} of {stacks.plan.system}: no settings file yet, so nothing can be shown",
                "`dr up` writes it; `dr plan check` says what the plan can reach",
            )
        records = records_from_config(topology_files.read_records(stacks.plan, stacks.project))
        after = {stack: first for stack in chosen if (first := awaited(stacks.plan, stack, records))}
        _show({stack: stacks.preview(stack) for stack in chosen if stack not in after}, form, after)
        return
    from scripts.people import approvals  # noqa: PLC0415

    consequence = f"{', '.join(chosen)} of {stacks.plan.system} will be made as declared"
    approval = approvals.ask(
        consequence, stacks.plan.system, people=approvals.needed(stacks.plan, "change_stacks"),
        known=stacks.plan.people, yes=yes, approved_by=approved_by or (),
    )  # fmt: skip
    _show(carry_out(stacks, chosen, plan, approval.by), form)


def carry_out(stacks: Stacks, chosen: Sequence[str], plan_path: str, by: tuple[str, ...]) -> dict[str, Changes]:
    """
    Make these stacks as declared, and open a service that was just made. `by` are those who agreed.

    Raises ApprovalMissing, Locked, EngineFailed, and what an opening ends with.
    """
    from scripts.people.approvals import require  # noqa: PLC0415
    from scripts.runs.lock import run_lock  # noqa: PLC0415
    from scripts.stacks import provision, topology_files  # noqa: PLC0415

    require(stacks.plan, "change_stacks", approved_by=by)
    with run_lock(stacks.plan.system, f"dr up {' '.join(chosen)}"):
        stacks.engine()  # refused before anything is written where there is none
        topology_files.write_plan(stacks.plan, stacks.project, plan_path)
        done = provision.provision(stacks, chosen, _say)
    if list(chosen) == list(stacks.plan.stacks):
        _open(stacks.plan, plan_path, by)
    return done


def _open(plan: Plan, path: str, by: tuple[str, ...]) -> None:
    """A system that was just made takes no writes until the first writer lease is given: once, and only the first."""
    from scripts.clouds.access import Clouds  # noqa: PLC0415
    from scripts.core.home import project_dir  # noqa: PLC0415
    from scripts.runbooks.run import run  # noqa: PLC0415
    from scripts.runs.runbook import Options  # noqa: PLC0415
    from scripts.stacks import topology_files  # noqa: PLC0415

    clouds = Clouds(plan)
    try:
        if clouds.witness().read() is not None:
            return
    finally:
        clouds.close()
    site = topology_files.read_topology(plan, project_dir()).active_site
    _say(site, "opening for writes ...")
    outcome = run("open", plan, Options(to=site, approved_by=by), plan_path=path)
    if outcome.error is not None:
        raise outcome.error
    _say(site, "open for writes")


def _opened(name: str, names: Sequence[str] | None, *, everything: bool) -> tuple[Stacks, list[str]]:
    if names and everything:
        raise typer.BadParameter("name stacks, or say --all, not both")
    from scripts.stacks.provision import chosen, refuse_what_is_not_built  # noqa: PLC0415
    from scripts.stacks.stacks import Stacks  # noqa: PLC0415

    plan: Plan = plan_of(name)
    wanted = chosen(plan, names or ())
    refuse_what_is_not_built(plan)
    return Stacks(plan), wanted


def _say(stack: str, said: str) -> None:
    err().print(f"{stack:>10}  {said}", markup=False)


def _show(done: dict[str, Changes], form: Form, after: Mapping[str, Sequence[str]] = MappingProxyType({})) -> None:
    """`after`: stacks that cannot be shown before others are up, and which those are."""
    if form is Form.JSON:
        shown = {stack: changes.to_json() for stack, changes in done.items()}
        write_json(shown | {stack: {"stack": stack, "after": first} for stack, first in after.items()})
        return
    rows = []
    for stack, changes in done.items():
        counts = ", ".join(f"{number} {op}" for op, number in changes.counts.items())
        rows.append((stack, counts or "nothing to do", str(len(changes.destructive))))
    rows += [(stack, f"to be seen when {', '.join(first)} is up", "-") for stack, first in after.items()]
    out().print(table("Stacks", ("stack", "steps", "deletes and replaces"), rows))


if __name__ == "__main__":
    from scripts.dr import main

    raise SystemExit(main(["up", *sys.argv[1:]]))

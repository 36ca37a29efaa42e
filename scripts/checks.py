"""`dr checks`: asks what the user of a plan wants to see true, at the active site as it is now."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from model.acceptance import MOMENTS
from scripts.clouds.access import Clouds
from scripts.core.errors import BadInput, CheckFailed
from scripts.core.home import project_dir
from scripts.people.options import DEFAULT_PLAN, Format, PlanName, known_site, plan_of
from scripts.people.output import Form, out, seconds, table, write_json
from scripts.probes.acceptance import Outcome, Place, ask_all
from scripts.stacks import topology_files

if TYPE_CHECKING:
    from collections.abc import Sequence

    from model import Plan
    from model.acceptance import Check


def chosen(plan: Plan, moment: str, names: Sequence[str]) -> list[Check]:
    """The checks of a moment (all of them without one), or those that are named. Raises BadInput."""
    if moment and moment not in MOMENTS:
        raise BadInput(f"--moment: {moment!r} is no moment of a check", f"there is {', '.join(MOMENTS)}")
    known = [each.name for each in plan.checks]
    for name in names:
        if name not in known:
            raise BadInput(f"{name!r} is no check of {plan.system}", f"there is {', '.join(known) or 'none'}")
    return [
        each for each in plan.checks
        if (not moment or moment in each.at) and (not names or each.name in names)
    ]  # fmt: skip


def ask(plan: Plan, checks: Sequence[Check], site: str = "") -> list[Outcome]:
    """Ask them at a site (the active one) as it is now. Raises BadInput for a site that holds no store."""
    topology = topology_files.read_topology(plan, project_dir())
    site = known_site(plan, site or topology.active_site)
    held = topology.incarnations(site)
    if not held and plan.incarnated_stores:
        raise BadInput(f"{site} holds no store of {plan.system} now", "`dr status` shows what each site holds")
    clouds = Clouds(plan)
    try:
        return ask_all(plan, clouds, checks, Place(site, held, is_served=site == topology.active_site))
    finally:
        clouds.close()


def checks(
    *,
    names: Annotated[list[str] | None, typer.Argument(help="only these")] = None,
    plan: PlanName = DEFAULT_PLAN,
    moment: Annotated[str, typer.Option(help=f"only those of a moment: {', '.join(MOMENTS)}")] = "",
    site: Annotated[str, typer.Option(help="where to ask (default: the active site)")] = "",
    form: Format = Form.TABLE,
) -> int:
    """Ask what the plan wants to see true. Ends with 1 when a check fails."""
    loaded = plan_of(plan)
    outcomes = ask(loaded, chosen(loaded, moment, names or ()), site)
    if form is Form.JSON:
        write_json({"system": loaded.system, "checks": [asdict(each) for each in outcomes]})
    elif not outcomes:
        out().print(f"The plan of {loaded.system} has no check for that.")
    else:
        rows = [
            [each.name, each.kind, "passed" if each.passed else "FAILED", seconds(each.seconds), each.said]
            for each in outcomes
        ]
        out().print(table(f"Checks of {loaded.system}", ("check", "kind", "verdict", "took", "said"), rows))
    if failed := [each.name for each in outcomes if not each.passed]:
        raise CheckFailed(
            f"{len(failed)} of {len(outcomes)} checks failed: {', '.join(failed)}", "see what is said of each"
        )
    return 0


app = typer.Typer(add_completion=False)
app.command("checks")(checks)

if __name__ == "__main__":
    from scripts.dr import main

    raise SystemExit(main(["checks", *sys.argv[1:]]))

"""
`dr destroy`: delete what stacks hold.

What holds data or is guarded is told before anything is deleted, all of it at once, and goes only for a stack that was
named in --delete-data. What nobody can delete yet (objects under a compliance lock, a vault locked for good) stops it
even then. A stack without both needs no such word.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from scripts.core.errors import BadInput, EngineFailed, Refused
from scripts.people.options import DEFAULT_PLAN, ApprovedBy, DryRun, Format, PlanName, Yes, plan_of
from scripts.people.output import Form, err, out, table, write_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from model import Plan
    from scripts.clouds.protocol import Holding
    from scripts.runs.journal import Journal
    from scripts.stacks.changes import Changes
    from scripts.stacks.stacks import Stacks

Names = Annotated[list[str] | None, typer.Argument(metavar="[STACK]...", help="stacks of the plan")]
All = Annotated[bool, typer.Option("--all", help="every stack of the plan")]
DeleteData = Annotated[
    list[str] | None,
    typer.Option(
        "--delete-data",
        metavar="STACK",
        help="take this stack's protection off and delete its data, for good; once for each stack",
    ),
]

# Inputs that, where they are false, make a deletion stop at data, or leave it behind.
KEEPS = ("forceDestroy", "deleteAutomatedBackups")


@dataclass(frozen=True)
class Held:
    """One stack before it is destroyed: the URNs of its resources, those that need the operator's word, and why."""

    stack: str
    urns: tuple[str, ...]
    guarded: tuple[str, ...]
    holdings: tuple[Holding, ...]


def destroy(
    names: Names = None,
    *,
    everything: All = False,
    delete_data: DeleteData = None,
    plan: PlanName = DEFAULT_PLAN,
    approved_by: ApprovedBy = None,
    yes: Yes = False,
    dry_run: DryRun = False,
    form: Format = Form.TABLE,
) -> None:
    """Delete what stacks hold. Name the stacks, or say --all; what holds data needs --delete-data STACK as well."""
    if bool(names) == everything:
        raise BadInput("name the stacks to delete, or say --all", "`dr destroy --dry-run --all` shows what they hold")
    from scripts.stacks.provision import chosen  # noqa: PLC0415
    from scripts.stacks.stacks import Stacks  # noqa: PLC0415

    loaded = plan_of(plan)
    stacks, wanted = Stacks(loaded), chosen(loaded, names or ())
    given_up = chosen(loaded, delete_data) if delete_data else []
    if strangers := [stack for stack in given_up if stack not in wanted]:
        raise BadInput(
            f"--delete-data {strangers[0]}: that stack is not among those to destroy", f"they are {', '.join(wanted)}"
        )
    stacks.engine()
    found = survey(stacks, wanted)
    if dry_run:
        show_held(found, given_up, form)
        return
    refuse_to_leave_half_a_service(loaded, found)
    refuse_what_stands_in_the_way(found, given_up)
    from scripts.people import approvals  # noqa: PLC0415
    from scripts.runs.lock import run_lock  # noqa: PLC0415

    people = approvals.needed(loaded, *_decided(given_up))
    approval = approvals.ask(
        consequence(loaded, found, given_up), f"delete {loaded.system}", people=people, known=loaded.people, yes=yes,
        approved_by=approved_by or (),
    )  # fmt: skip
    with run_lock(loaded.system, f"dr destroy {' '.join(wanted)}"):
        done = carry_out(stacks, found, given_up, approval.by)
    _show_done(done, form)


def survey(stacks: Stacks, wanted: Sequence[str]) -> list[Held]:
    """What each stack holds now; changes nothing. Raises EngineFailed, CloudFailed."""
    from scripts.clouds.access import Clouds  # noqa: PLC0415  (not for --help)
    from scripts.packs.state_resources import resources_of  # noqa: PLC0415
    from scripts.probes.holdings import holdings  # noqa: PLC0415

    clouds, found = Clouds(stacks.plan), []
    for stack in wanted:
        resources = resources_of(stacks.export(stack), f"stack {stack}")
        guarded = [it for it in resources if it.protect or any(it.inputs.get(key) is False for key in KEEPS)]
        found.append(
            Held(
                stack,
                tuple(it.urn for it in resources),
                tuple(it.urn for it in guarded),
                tuple(holdings(stacks.plan, stack, resources, clouds)),
            )
        )
    return found


def refuse_to_leave_half_a_service(plan: Plan, found: Sequence[Held]) -> None:
    """Raises Refused where the only site that takes writes would go and others that belong to the service stay."""
    from scripts.core.home import project_dir  # noqa: PLC0415
    from scripts.stacks import topology_files  # noqa: PLC0415

    active = topology_files.read_topology(plan, project_dir()).active_site
    wanted = {held.stack for held in found if held.urns}
    serving = [plan.traffic.stack, *(site.stack for site in plan.sites if site.kind != "cold")]
    left = [stack for stack in plan.stacks if stack in serving and stack not in {held.stack for held in found}]
    if plan.site(active).stack in wanted and left:
        raise Refused(
            f"{active} is active: without {plan.site(active).stack} {plan.system} stops serving, and {', '.join(left)} "
            "would stay",
            "move the service first (`dr failover --planned --to SITE`), or take all of it down: `dr destroy --all`",
        )


def refuse_what_stands_in_the_way(found: Sequence[Held], given_up: Sequence[str]) -> None:
    """Raises Refused for what nobody can delete, and for what nobody has given up, having told all of it."""
    stuck = [each for held in found for each in held.holdings if each.stuck]
    if stuck:
        _tell(STUCK, stuck)
        locked = {each.stack for each in stuck}
        others = [held.stack for held in found if held.stack not in locked]
        ends = [each.until for each in stuck]
        known = [end for end in ends if end is not None]
        when = f"until {max(known):%Y-%m-%d %H:%M} UTC" if len(known) == len(ends) else "and no end of it is known"
        command = f"`{_command(others, given_up)}` leaves {', '.join(sorted(locked))} out" if others else "wait for it"
        raise Refused(f"{_some(stuck)} cannot be deleted by anybody {when}", command)
    left = [each for held in found for each in held.holdings if held.stack not in given_up]
    if left:
        _tell("In the way", left)
        names = list(dict.fromkeys(each.stack for each in left))
        raise Refused(
            f"{', '.join(names)}: {_some(left)} in the way, nothing was deleted",
            f"`{_command([held.stack for held in found], [*given_up, *names])}` deletes it, data included, for good",
        )


def _some(holdings: Sequence[Holding]) -> str:
    """The first few by name, and how many there are besides."""
    shown = "; ".join(str(each) for each in holdings[:3])
    return shown if len(holdings) <= 3 else f"{shown}; and {len(holdings) - 3} more"


def _command(stacks: Sequence[str], given_up: Sequence[str]) -> str:
    words = [*stacks, *(f"--delete-data {stack}" for stack in stacks if stack in given_up)]
    return f"dr destroy {' '.join(words)}"


def consequence(plan: Plan, found: Sequence[Held], given_up: Sequence[str]) -> str:
    """What the operator agrees to, in one sentence."""
    from scripts.core.home import project_dir  # noqa: PLC0415
    from scripts.stacks import topology_files  # noqa: PLC0415

    wanted = [held.stack for held in found]
    said = f"Everything in {', '.join(wanted)} of {plan.system} will be deleted"
    if given_up:
        said += f", with all data of {', '.join(given_up)}, for good"
    active = topology_files.read_topology(plan, project_dir()).active_site
    if {plan.site(active).stack, plan.site(plan.fencing.witness).stack, plan.traffic.stack} & set(wanted):
        said += f"; {plan.system} stops serving"
    return said


def carry_out(stacks: Stacks, found: Sequence[Held], given_up: Sequence[str], by: Sequence[str]) -> dict[str, Changes]:
    """
    Destroy these stacks, journalled; it can be repeated, and what is gone stays gone.

    Raises ApprovalMissing where too few have agreed, else the first error.
    """
    from scripts.people.approvals import require  # noqa: PLC0415
    from scripts.runs.own_run import own_run  # noqa: PLC0415

    plan, wanted = stacks.plan, ", ".join(held.stack for held in found)
    require(plan, *_decided(given_up), approved_by=by)
    evidence = {"stacks": [held.stack for held in found], "by": by}
    with own_run(plan, "destroy", "destroy", f"Destroy {wanted}", evidence) as own:
        stacks.journal = own.journal
        _note_overrides(own.journal, found, given_up, by)
        done = _carry_out(stacks, found, given_up)
        own.said = f"{wanted} hold nothing any more"
    return done


def _decided(given_up: Sequence[str]) -> tuple[str, ...]:
    return ("change_stacks", "delete_data") if given_up else ("change_stacks",)


def _note_overrides(journal: Journal, found: Sequence[Held], given_up: Sequence[str], by: Sequence[str]) -> None:
    for held in found:
        if held.stack in given_up and held.holdings:
            journal.write(
                "decision",
                "delete_data",
                f"The operator gives up what {held.stack} holds: {_some(held.holdings)}",
                status="overridden",
                evidence={"stack": held.stack, "by": by, "holdings": [str(each) for each in held.holdings]},
            )


def _carry_out(stacks: Stacks, found: Sequence[Held], given_up: Sequence[str]) -> dict[str, Changes]:
    from model import Topology  # noqa: PLC0415
    from scripts.clouds.access import Clouds  # noqa: PLC0415
    from scripts.probes.holdings import delete_left_behind  # noqa: PLC0415
    from scripts.stacks import provision, topology_files  # noqa: PLC0415

    plan, journal = stacks.plan, stacks.journal
    guarded = {held.stack: held.guarded for held in found if held.stack in given_up}
    done = provision.take_down(stacks, [held.stack for held in found], _say, given_up=guarded)
    clouds = Clouds(plan)
    for stack in given_up:
        gone = delete_left_behind(plan, stack, clouds)
        if gone and journal is not None:
            journal.note("left_behind", f"Deleted what {stack} left behind", holdings=[str(each) for each in gone])
    if _nothing_left(stacks):
        # Nothing is left that the next incarnation could be mistaken for: the system may begin anew.
        stacks.write_topology(Topology.initial(plan))
        topology_files.write_config(stacks.project, plan.stacks, {"dr:records": {}})
    return done


def _nothing_left(stacks: Stacks) -> bool:
    """Is every stack of the plan empty? One whose state is in a lost region may hold something."""
    try:
        return all(not stacks.export(stack)["deployment"].get("resources") for stack in stacks.plan.stacks)
    except EngineFailed as error:
        err().print(f"{error.message}: what it holds is taken for still there", markup=False)
        return False


def _say(stack: str, said: str) -> None:
    err().print(f"{stack:>10}  {said}", markup=False)


def _rows(holdings: Sequence[Holding]) -> list[tuple[str, ...]]:
    return [(each.stack, each.kind, each.name, each.holds, ", ".join(_guards(each))) for each in holdings]


def _guards(holding: Holding) -> list[str]:
    until = f" until {holding.until:%Y-%m-%d}" if holding.until else ""
    return [*holding.guards, *([f"{holding.stuck}{until}"] if holding.stuck else [])]


STUCK = "Nobody can delete this yet"
NEEDS_WORD = "Only with --delete-data STACK"
COLUMNS = ("stack", "kind", "name", "holds", "guarded by")


def _tell(title: str, holdings: Sequence[Holding]) -> None:
    err().print(table(title, COLUMNS, _rows(holdings)))


def show_held(found: Sequence[Held], given_up: Sequence[str], form: Form) -> None:
    """What --dry-run shows: what would go, what is given up for good, what is not, and what nobody can delete yet."""
    if form is Form.JSON:
        write_json(
            {
                held.stack: {
                    "resources": held.urns, "holdings": held.holdings, "given_up": held.stack in given_up
                }
                for held in found
            }
        )  # fmt: skip
        return
    out().print(table("Would be deleted", ("stack", "resources"), [(it.stack, str(len(it.urns))) for it in found]))
    holdings = [each for held in found for each in held.holdings]
    stuck = [each for each in holdings if each.stuck]
    gone = [each for each in holdings if not each.stuck and each.stack in given_up]
    left = [each for each in holdings if not each.stuck and each.stack not in given_up]
    for title, those in ((STUCK, stuck), ("Given up with --delete-data, for good", gone), (NEEDS_WORD, left)):
        if those:
            out().print(table(title, COLUMNS, _rows(those)))


def _show_done(done: dict[str, Changes], form: Form) -> None:
    if form is Form.JSON:
        write_json({stack: changes.to_json() for stack, changes in done.items()})
        return
    rows: list[tuple[Any, ...]] = [(stack, str(changes.counts.get("delete", 0))) for stack, changes in done.items()]
    out().print(table("Deleted", ("stack", "resources"), rows))


if __name__ == "__main__":
    from scripts.dr import main

    raise SystemExit(main(["destroy", *sys.argv[1:]]))

"""
`dr lease show`: the writer lease as the witness keeps it, and what was there before.
`dr lease repair`: a valid one in place of one that was spoiled, by whoever could write there.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from scripts.people.options import DEFAULT_PLAN, ApprovedBy, DryRun, Format, PlanName, Yes, plan_of
from scripts.people.output import Form, out, table, write_json

if TYPE_CHECKING:
    from model import Plan
    from model.topology import Topology
    from scripts.acts.lease_repair import Found
    from scripts.clouds.protocol import ObjectStore
    from scripts.fencing.lease import Lease
    from scripts.people.approvals import Approval

app = typer.Typer(add_completion=False)

SAID = {
    "good": "as the settings say",
    "spoiled": "spoiled: no program believes it, and writes stop when the last renewal runs out",
    "missing": "missing",
    "other": "valid, and not what the settings say",
}


@app.command()
def show(plan: PlanName = DEFAULT_PLAN, form: Format = Form.TABLE) -> None:
    """Show the writer lease, and the versions that were there before."""
    from scripts.acts.lease_repair import look  # noqa: PLC0415 (the SDK of a cloud is no need of --help)

    loaded, topology, store = _opened(plan)
    found = look(store, loaded, topology)
    if form is Form.JSON:
        write_json(_as_json(found))
        return
    where = f"{loaded.fencing.witness}: {store.name}"
    rows = [("now", *_row(found.lease, found.why_not))]
    rows += [(f"{each.changed_at:%Y-%m-%d %H:%M:%S}", *_row(each.lease, each.why_not)) for each in found.earlier]
    out().print(table(f"Writer lease in {where}", ("written", "site", "epoch", "runs for", "why it is none"), rows))
    out().print(f"It is {SAID[found.verdict]}: {topology.active_site}, epoch {topology.epoch}", markup=False)
    if found.verdict in {"spoiled", "missing"}:
        out().print("`dr lease repair` writes a valid one.", markup=False)


@app.command()
def repair(
    *,
    plan: PlanName = DEFAULT_PLAN,
    evidence: Annotated[
        str, typer.Option(help="how you know that the settings are right, where the versions do not say so")
    ] = "",
    approved_by: ApprovedBy = None,
    yes: Yes = False,
    dry_run: DryRun = False,
    form: Format = Form.TABLE,
) -> None:
    """Write the lease that the settings name in place of one that was spoiled; earlier versions are kept."""
    from scripts.acts.lease_repair import look, why_evidence  # noqa: PLC0415
    from scripts.people.approvals import ask, needed  # noqa: PLC0415

    loaded, topology, store = _opened(plan)
    found = look(store, loaded, topology)
    if found.verdict == "good":
        _say(f"the writer lease is {topology.active_site}'s, epoch {topology.epoch}: nothing to repair", form)
        return
    reason = why_evidence(found, topology)
    consequence = f"{topology.active_site} gets the writer lease of {loaded.system} in epoch {topology.epoch}"
    consequence += f", though {reason}" if reason else ""
    if dry_run:
        _say(consequence, form)
        return
    people = needed(loaded, "repair_lease")
    approval = ask(
        consequence, topology.active_site, people=people, known=loaded.people, yes=yes, approved_by=approved_by or ()
    )
    lease = carry_out(loaded, topology, store, found, evidence=evidence, approval=approval)
    _say(f"{lease.site} holds the writer lease, epoch {lease.epoch}; what was there is kept as a version", form)


def carry_out(
    plan: Plan, topology: Topology, store: ObjectStore, found: Found, *, evidence: str, approval: Approval
) -> Lease:
    """
    Repair under the lock of the system, journalled. Raises what the repair itself does, Locked, and ApprovalMissing.
    """
    from scripts.acts.lease_repair import repair as write_anew  # noqa: PLC0415
    from scripts.acts.lease_repair import why_evidence  # noqa: PLC0415
    from scripts.people.approvals import require  # noqa: PLC0415
    from scripts.runs.lock import run_lock  # noqa: PLC0415
    from scripts.runs.own_run import own_run  # noqa: PLC0415

    require(plan, "repair_lease", approved_by=approval.by)
    wanted = f"{topology.active_site}, epoch {topology.epoch}"
    with (
        run_lock(plan.system, "dr lease repair"),
        own_run(plan, "lease", "repair_lease", f"Give the writer lease to {wanted}", {}) as own,
    ):
        reason = why_evidence(found, topology)
        told = {"found": _as_json(found), "evidence": evidence, "reason": reason or "", "by": approval.by}
        sentence = f"The record is {SAID[found.verdict]}" + (f"; the operator says: {evidence}" if evidence else "")
        own.journal.write("decision", "repair_lease", sentence, status="overridden" if reason else "", evidence=told)
        lease = write_anew(store, plan, topology, found, evidence=evidence)
        own.said = f"{wanted}: the writer lease is valid again"
    return lease


def _opened(name: str) -> tuple[Plan, Topology, ObjectStore]:
    from scripts.clouds.access import Clouds  # noqa: PLC0415
    from scripts.core.home import project_dir  # noqa: PLC0415
    from scripts.stacks import topology_files  # noqa: PLC0415

    plan = plan_of(name)
    return plan, topology_files.read_topology(plan, project_dir()), Clouds(plan).at(plan.fencing.witness).objects()


def _row(lease: Lease | None, why_not: str) -> tuple[str, str, str, str]:
    if lease is None:
        return "-", "-", "-", why_not
    return lease.site, str(lease.epoch), f"{lease.ttl_seconds:g} s", ""


def _as_json(found: Found) -> dict[str, Any]:
    def told(lease: Lease | None, why_not: str) -> dict[str, Any]:
        return {"why_not": why_not} if lease is None else {"site": lease.site, "epoch": lease.epoch}

    earlier = [
        {"version": each.version, "written": each.changed_at, **told(each.lease, each.why_not)}
        for each in found.earlier
    ]
    return {"verdict": found.verdict, "present": told(found.lease, found.why_not), "earlier": earlier}


def _say(text: str, form: Form) -> None:
    if form is Form.JSON:
        write_json({"said": text})
    else:
        out().print(text, markup=False)


if __name__ == "__main__":
    from scripts.dr import main

    raise SystemExit(main(["lease", *sys.argv[1:]]))

"""Say so, once: the clock of the run starts here, and everybody who must know is told."""

from __future__ import annotations

from scripts.runs.runbook import Context, Result
from scripts.runs.targets import disaster, is_planned, objective, target


def declare_disaster(context: Context) -> Result:
    more = context.options.more
    by = str(more.get("commander") or "the operator")
    if is_planned(context):
        said = f"planned switch to {target(context)}, asked for by {by}"
        return Result("done", said, {"planned": True, "commander": by, "incident": more.get("incident")})
    goal = objective(context)
    site = target(context)
    here = "is contained" if context.options.more.get("contained") else "is taken back"
    what = f"{site} {here}" if site == context.topology.active_site else f"{site} takes over"
    said = f"{by} declares {disaster(context)}: {what}"
    evidence = {
        "disaster": disaster(context), "commander": by, "incident": more.get("incident"),
        "rpo_seconds": goal.rpo.total_seconds(), "rto_seconds": goal.rto.total_seconds(),
        "overrides": sorted(context.options.overrides), "approved_by": list(context.options.approved_by),
        "approved_by_means": "names as the operator gave them: an attestation, not a proof of identity",
    }  # fmt: skip
    context.journal.write("decision", "declare", said, phase="declare", status="declared", evidence=evidence)
    return Result("done", said, evidence)

"""Whether those who agreed to a run still count when it is taken up again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from scripts.clouds.access import Clouds
from scripts.core.errors import BadInput, Refused
from scripts.people import names
from scripts.people.approvals import needed, require
from scripts.runbooks.decided import decided
from scripts.runs import run_records
from scripts.runs.anchors import compare
from scripts.runs.journal import path_of, read
from scripts.runs.plain import plain

if TYPE_CHECKING:
    from model import Plan
    from scripts.runs.run_records import RunRecord
    from scripts.runs.runbook import Options


def agreed_anew(record: RunRecord, plan: Plan, approved_by: Sequence[str] = ()) -> Options:
    """
    What a run goes on with. Its record says who agreed to what, and others may have written there: it counts as far as
    the journal says that the run began with it, the sites' anchors do not contradict, and the plan of today still
    knows the people. `approved_by` are those who agree now; the operator is one of them.

    Raises Refused for a record that is not what the run began with, ApprovalMissing, BadInput.
    """
    options = record.options_given()
    recorded = options.approved_by if _began_as_recorded(record, plan) else ()
    everybody = (*(each for each in recorded if _counts(each, plan)), *approved_by)
    decisions = decided(record.runbook, plan, record.topology_before(), options)
    require(plan, *decisions, approved_by=everybody)
    if needed(plan, *decisions) > 1:
        _refuse_a_journal_written_anew(record, plan)
    return replace(options, approved_by=everybody)


def _counts(name: object, plan: Plan) -> bool:
    """Is it a name, and of the plan's people where it lists any?"""
    try:
        return isinstance(name, str) and bool(names.listed([name], plan.people))
    except BadInput:
        return False


def _began_as_recorded(record: RunRecord, plan: Plan) -> bool:
    """Does the journal say that it began with this? False where it was killed before it said so: nothing was done."""
    path = path_of(record.run)
    entries = read(path, live=True) if path.exists() else iter(())
    begun = next((each for each in entries if (each.kind, each.status) == ("run", "begun")), None)
    if begun is None:
        return False
    said, kept = begun.evidence, plain({"options": record.options, "topology": record.topology, "plan": record.plan})
    changed = [key for key, value in kept.items() if said.get(key) != value]
    changed += [key for key, value in {"runbook": begun.name, "system": said.get("system")}.items()
                if value != getattr(record, key)]  # fmt: skip
    if changed or plan.system != record.system:
        raise Refused(
            f"the record of {record.run} is not what its journal says that it began with: "
            f"{', '.join(changed or ['system'])} differ",
            f"somebody changed one of them: look at {run_records.path_of(record.run)} and its journal",
        )
    return True


def _refuse_a_journal_written_anew(record: RunRecord, plan: Plan) -> None:
    clouds = Clouds(plan, frozenset(record.options_given().more.get("lost", ())))
    try:
        found = compare(plan, clouds, record.run, list(read(path_of(record.run), live=True)))
    finally:
        clouds.close()
    if found.changed:
        raise Refused(
            f"the journal of {record.run} is not the one that was anchored: {found.changed}",
            f"`dr journal verify {record.run}` says more; whoever agreed has to look at it",
        )

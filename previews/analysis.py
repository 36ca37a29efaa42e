"""From files to a report: what is read, compared and put beside it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from previews import costs, drills
from previews.changes import recovery_changes
from previews.findings import sort_findings
from previews.judges import judges
from previews.losses import losses
from previews.meanings import RELEVANT_TYPES
from previews.plan_goals import WITHOUT_PLAN, Goals, goals_of
from previews.posture import TableRow, postures, table
from previews.previewed import Finding, StackPreview
from previews.reading import check_base, check_stacks, read_previews
from previews.report import Extras, Report, build_report
from previews.sources import read_text
from scripts.core.errors import BadInput

if TYPE_CHECKING:
    from model import Plan


_MOST_NAMES = 6


@dataclass(frozen=True, slots=True)
class Request:
    """
    What `dr preview` is given. `files` and `states` map stacks to files; `base` maps stacks to previews of the branch
    to merge into; `plan` and `base_plan` are files or names of plans; `changed` lists the files of
    the change, one a line.
    """

    files: Mapping[str, Path]
    states: Mapping[str, Path] = field(default_factory=dict)
    base: Mapping[str, Path] = field(default_factory=dict)
    plan: str = ""
    base_plan: str = ""
    project: str = ""
    prices: Path | None = None
    drill_files: Sequence[Path] = ()
    past_drills: Path | None = None
    changed: Path | None = None


def analyse(request: Request) -> Report:
    """The report. Raises BadInput (2) for files that cannot be read rightly."""
    prices = costs.load_prices(request.prices) if request.prices else None
    keep = RELEVANT_TYPES | prices.types() if prices else RELEVANT_TYPES
    plan = read_plan(request.plan) if request.plan else None
    base_plan = read_plan(request.base_plan) if request.base_plan else plan
    new, old = (goals_of(each) if each else WITHOUT_PLAN for each in (plan, base_plan))
    previews = read_previews(request.files, request.states, keep)
    check_stacks(previews, new.sites)
    base = _base_findings(request.base, previews)
    changes = recovery_changes(previews)
    rows, notes = _posture_rows(previews, old, new)
    if plan and base_plan:
        from previews.plan_rows import plan_rows  # noqa: PLC0415 - without a plan no runbooks are reckoned along

        rows += plan_rows(base_plan, plan)
    if prices:
        sides = [[r for p in previews for r in side(p)] for side in (StackPreview.before, StackPreview.after)]
        row = costs.cost_row(costs.bill(sides[0], prices), costs.bill(sides[1], prices), prices)
        rows += [row] if row else []
    if (row := _rules_row(previews, base)) is not None:
        rows.append(row)
    past = drills.past_drills(request.past_drills, new.system) if request.past_drills else []
    if (row := drills.stale_row(past, changes, losses(previews))) is not None:
        rows.append(row)
    extras = Extras(
        table=rows,
        sites=new.sites or _all_stacks(previews),
        base_findings=base,
        drills=[measured for path in request.drill_files for measured in drills.read_drill(path)],
        notes=notes,
        judges=judges(read_text(request.changed).splitlines()) if request.changed else (),
    )
    return build_report(request.project or _name_of(previews, new.system), previews, changes, extras)


def _name_of(previews: Sequence[StackPreview], system: str) -> str:
    """The project that the URNs name, and the system of the plan: each project of a repository has its own comment."""
    projects = sorted({project for preview in previews for _, project in preview.places()})
    return "/".join(dict.fromkeys([*projects, *([system] if system else [])])) or "project"


def read_plan(source: str) -> Plan:
    """The plan of a file or name. Raises BadInput with its mistakes."""
    from model import PlanError, load_plan  # noqa: PLC0415 - a project without a plan needs no models

    try:
        return load_plan(source)
    except PlanError as error:
        raise BadInput("; ".join(str(error).splitlines()[:5]), error.hint) from None


def _all_stacks(previews: Sequence[StackPreview]) -> dict[str, str]:
    return {preview.stack: preview.stack for preview in previews}


def _base_findings(base: Mapping[str, Path], previews: Sequence[StackPreview]) -> list[Finding] | None:
    """The findings of the branch to merge into, under today's URNs; None where they are not all known."""
    if not base:
        return None
    earlier = read_previews(base, {})
    check_base(previews, earlier)
    if any(preview.failures or not preview.has_policies for preview in earlier):
        return None  # what it did not report may still have been there
    renamed = {
        (preview.stack, step.old.own_urn): step.urn
        for preview in previews
        for step in preview.steps
        if step.old is not None and step.old.own_urn not in {"", step.urn}
    }
    findings = [finding for preview in earlier for finding in preview.findings]
    return [replace(each, urn=renamed.get((each.stack, each.urn), each.urn)) for each in findings]


def _posture_rows(previews: Sequence[StackPreview], old: Goals, new: Goals) -> tuple[list[TableRow], list[str]]:
    """The rows, or why there are none: a forecast over a part of the stores would be a wrong one."""
    missing = [stack for stack in new.sites if stack not in {preview.stack for preview in previews}]
    if missing:
        return [], [f"No forecast: there is no preview of the stacks {_some(missing)}, which hold sites of the plan."]
    partial = [preview.stack for preview in previews if not preview.complete]
    if partial:
        return [], [f"No forecast: the previews of {_some(partial)} do not show every resource."]
    before, after = postures(previews, new)
    return table(before, after, old, new), []


def _some(names: Sequence[str]) -> str:
    more = len(names) - _MOST_NAMES
    return ", ".join(names[:_MOST_NAMES]) + (f" and {more} more" if more > 0 else "")


def _rules_row(previews: Sequence[StackPreview], base: Sequence[Finding] | None) -> TableRow | None:
    """How many rules are broken on each side; None where no preview carries policy results."""
    if not any(preview.has_policies for preview in previews):
        return None
    found = sort_findings(previews, base)
    if not found.broken and not base:
        return None
    now = _broken(finding for preview in previews for finding in preview.findings)
    if base is not None:
        then = str(_broken(base))
    else:
        then = f"{len(found.old)} to {len(found.old) + len(found.unsure)}" if found.unsure else str(len(found.old))
    rules = ", ".join(sorted({finding.policy for finding in found.new})[:4])
    return TableRow("Rules broken", "findings", then, str(now), None, where=rules)


def _broken(findings: Iterable[Finding]) -> int:
    return len({finding.identity for finding in findings if finding.is_broken})

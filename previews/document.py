"""The report as sections of rows: the one order and wording that every format shares."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from previews.headline import Line, headline
from previews.losses import Loss
from previews.previewed import Finding
from previews.report import Report, StepLine
from previews.spans import MARKS, Cell, Code, Mark, Part, Value
from previews.units import show

_MOST_STACKS = 6


@dataclass(frozen=True, slots=True)
class Section:
    """A table. `most` is how many rows a renderer with little room shows; the first rows matter most."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    most: int
    folded: bool = False


@dataclass(frozen=True, slots=True)
class Document:
    """Headline lines (mark, words), then sections, then remarks."""

    title: Cell
    headline: tuple[Line, ...]
    sections: tuple[Section, ...]
    remarks: tuple[Cell, ...]


def compose(report: Report) -> Document:
    """The document of a report. Sections without rows are left out."""
    sections = (
        _unread(report),
        _losses(report),
        _table(report, moved=True),
        _drills(report),
        _changes(report),
        _one_sided(report),
        _findings("New policy findings", report.findings.new),
        _findings("Policy findings that may be new", report.findings.unsure),
        _findings("Policy findings from before", report.findings.old, folded=True),
        _findings("Waived policy findings", report.findings.waived, folded=True),
        _findings("Policy findings on what is not known before the update", report.findings.unknown, folded=True),
        _table(report, moved=False),
        _steps(report),
    )
    title: Cell = ("Recovery preview of ", Code(report.project))
    return Document(title, tuple(headline(report)), tuple(s for s in sections if s.rows), tuple(_remarks(report)))


def _unread(report: Report) -> Section:
    rows = tuple(
        ((Mark.STOP,), (Code(line.stack),), (Code(said),))
        for line in report.stacks
        for said in (*line.failures, *line.doubts)
    )
    return Section("Previews that failed or may lack steps", ("", "Stack", "What it says"), rows, 60)


def _losses(report: Report) -> Section:
    rows: list[tuple[Cell, ...]] = [
        (
            (Mark.WEAKER if loss.destroys else Mark.JUDGE,),
            (Code(loss.op),),
            (f"{loss.noun} " if loss.listed else "", Code(loss.name), *_if_unlisted(loss)),
            (Code(loss.stack),),
            _values(loss.causes),
            (loss.protected,),
            (loss.retained,),
            (Value(loss.backed_up),),
        )
        for loss in report.losses
    ]
    rows += [
        (
            (Mark.WEAKER,),
            ("**promotion**",),
            (Code(change.name),),
            (Code(change.stack),),
            (Code(change.path), " removed: it stops following ", Code(change.before), " and starts to accept writes"),
            ("—",),
            ("—",),
            ("—",),
        )
        for change in report.weaker
        if change.note.startswith("PROMOTION")
    ]
    columns = ("", "Step", "Resource", "Stack", "Because of", "Protected", "Retained", "Backed up")
    return Section("Data to be deleted, replaced or promoted", columns, tuple(rows), 40)


def _if_unlisted(loss: Loss) -> Cell:
    return () if loss.listed else (" (", Code(loss.type), ")" if loss.known else "): not known whether it holds data")


def _table(report: Report, *, moved: bool) -> Section:
    rows = tuple(
        (
            (MARKS[row.direction] if row.direction else "",),
            (row.group,),
            (Value(row.label),),
            (Value(row.before),),
            (Value(row.after),),
            (row.note, " " if row.note and row.where else "", Code(row.where)),
        )
        for row in report.table
        if row.moved is moved
    )
    title = "Before and after" if moved else "What stays as it is"
    return Section(title, ("", "What", "Of", "Before", "After", ""), rows, 40, folded=not moved)


def _drills(report: Report) -> Section:
    forecasts = {(row.group, row.label): row.brief[1] for row in report.table}
    rows = tuple(
        (
            (Mark.STRONGER if drill.met else Mark.WEAKER if drill.met is False else Mark.JUDGE,),
            (Code(drill.scenario),),
            ("—" if drill.rto_seconds is None else show(drill.rto_seconds),),
            (Value(forecasts.get(("RTO (forecast)", drill.scenario.replace("_", " ")), "—")),),
            ("—" if drill.rpo_seconds is None else show(drill.rpo_seconds),),
            (Value(forecasts.get(("RPO (forecast)", drill.scenario.replace("_", " ")), "—")),),
            ("met" if drill.met else "missed" if drill.met is False else "not said",),
        )
        for drill in report.drills
    )
    return Section(
        "Drill of this change in the sandbox",
        ("", "Scenario", "RTO measured", "forecast", "RPO measured", "forecast", "Objectives"),
        rows,
        20,
    )


def _changes(report: Report) -> Section:
    rows = tuple(
        (
            (MARKS[change.direction],),
            (change.label, *((" of ", Code(change.item)) if change.item else ())),
            (Code(change.name),),
            (Code(change.stack),),
            (Value(change.before),) if change.before else ("—",),
            (Value(change.after),) if change.after else ("—",),
            (change.note,),
        )
        for change in (*report.weaker, *report.judge, *report.stronger)
    )
    columns = ("", "What", "Resource", "Stack", "Before", "After", "")
    return Section("What changes for recovery", columns, rows, 60)


def _one_sided(report: Report) -> Section:
    rows = tuple(
        (
            (Code(row.stack),),
            (Code(row.name), " (", Code(row.type), ")"),
            (row.effect, *((": ", *_list(row.changed)) if row.changed else ())),
            (Code(row.other),),
        )
        for row in report.one_sided
    )
    return Section("Changed in one site only", ("Stack", "Resource", "Change", "Not in"), rows, 30)


def _findings(title: str, findings: Sequence[Finding], *, folded: bool = False) -> Section:
    rows = tuple(
        (
            (Code(finding.severity or "—"),),
            (Code(finding.level or "—"),),
            (Code(finding.policy),),
            (Code(finding.stack),),
            (Code(finding.name or "the stack"),),
            (Code(finding.message),),
        )
        for finding in findings
    )
    return Section(title, ("Severity", "Level", "Rule", "Stack", "Resource", "What is wrong"), rows, 40, folded=folded)


def _steps(report: Report) -> Section:
    rows = tuple(_step_row(step) for step in report.steps)
    return Section(f"All steps: {len(rows)}", ("Step", "Resource", "Type", "Stack", "Changed"), rows, 200, folded=True)


def _step_row(step: StepLine) -> tuple[Cell, ...]:
    op: Cell = (Code(step.op),) if step.known else (Mark.STOP, " ", Code(step.op))
    return (op, (Code(step.name),), (Code(step.type),), (Code(step.stack),), _list(step.changed))


def _list(items: Sequence[str]) -> Cell:
    cell: list[Part] = []
    for item in items:
        cell += [", " if cell else "", Code(item)]
    return tuple(cell)


def _values(items: Sequence[str]) -> Cell:
    return tuple(part for n, item in enumerate(items) for part in (", " if n else "", Value(item)))


def _remarks(report: Report) -> list[Cell]:
    """What is missing first, because a renderer with little room leaves out the last ones."""
    remarks: list[Cell] = [(Value(note),) for note in report.notes]
    digests = [line.stack for line in report.stacks if not line.has_policies and line.is_digest]
    if digests:
        remarks.append(
            (
                "Policy results are not in the preview of ",
                *_stacks(digests),
                ": a digest drops them, the event log has them",
            )
        )
    without = [line.stack for line in report.stacks if not line.has_policies and not line.is_digest]
    if without:
        remarks.append(("Policy results are not in the preview of ", *_stacks(without), ": no policy pack ran"))
    partial = [line.stack for line in report.stacks if not line.complete and not line.failures and not line.doubts]
    if partial:
        text = ": unchanged resources are not in this preview (use the event log, --show-sames or --state)"
        remarks.append((*_stacks(partial), text))
    for line in report.stacks:
        remarks += [(Code(line.stack), ": ", Value(doubt)) for doubt in line.doubts]
    for line in report.stacks:
        nothing = "failed" if line.failures else "nothing to do"
        counts = ", ".join(f"{count} {op}" for op, count in sorted(line.counts.items())) or nothing
        remarks.append((Code(line.stack), ": ", Value(counts)))
    return remarks


def _stacks(names: Sequence[str]) -> Cell:
    more = len(names) - _MOST_STACKS
    return (*_list(names[:_MOST_STACKS]), f" and {more} more" if more > 0 else "")

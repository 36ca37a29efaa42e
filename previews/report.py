"""The report on one pull request: everything that the renderers show, already ranked and made safe."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from previews.changes import Change, Direction
from previews.findings import Findings, sort_findings
from previews.losses import Loss, losses
from previews.posture import TableRow
from previews.previewed import Finding, StackPreview, Step
from previews.safety import Cleaner, safe_path
from previews.sides import OneSided, one_sided

_OP_RANK = {"replace": 0, "delete": 1, "delete-replaced": 1, "gone": 1, "update": 3, "import": 4, "create": 5}


@dataclass(frozen=True, slots=True)
class StackLine:
    """One stack of the report: its counts by operation, and what limits what can be said about it."""

    stack: str
    counts: Mapping[str, int]
    complete: bool
    has_policies: bool
    failures: tuple[str, ...]
    is_digest: bool = False
    doubts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StepLine:
    """An ordinary step: no values, only names."""

    stack: str
    op: str
    type: str
    name: str
    changed: tuple[str, ...]
    known: bool = True


@dataclass(frozen=True, slots=True)
class Measured:
    """What a drill of this very change measured; seconds, and None where it measured nothing."""

    scenario: str
    rto_seconds: float | None
    rpo_seconds: float | None
    met: bool | None
    negative_control: bool | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """The whole. `weaker`, `stronger` and `judge` are ranked; `steps` are the changing steps, riskiest first."""

    project: str
    stacks: tuple[StackLine, ...]
    weaker: tuple[Change, ...]
    stronger: tuple[Change, ...]
    judge: tuple[Change, ...]
    table: tuple[TableRow, ...]
    losses: tuple[Loss, ...]
    one_sided: tuple[OneSided, ...]
    findings: Findings
    steps: tuple[StepLine, ...]
    notes: tuple[str, ...] = ()
    drills: tuple[Measured, ...] = ()
    judges: tuple[str, ...] = ()
    """Files of the change that judge changes: rules, what renders reports, workflows."""

    @property
    def failed(self) -> bool:
        """Whether some preview did not come to its end."""
        return any(line.failures for line in self.stacks)

    @property
    def doubted(self) -> bool:
        """Whether it is not known of some preview that all of its steps are there."""
        return any(line.doubts for line in self.stacks)

    @property
    def unknown_steps(self) -> int:
        return sum(not step.known for step in self.steps)

    @property
    def is_weaker(self) -> bool:
        return bool(self.weaker) or any(row.direction is Direction.WEAKER for row in self.table)

    @property
    def quiet(self) -> bool:
        """Whether nothing in it concerns recovery, and nothing stayed unread."""
        alone = [row for row in self.one_sided if row.effect != "now equal"]
        touched = (self.weaker, self.stronger, self.judge, self.losses, self.findings.new, alone, self.judges)
        moved = any(row.direction is not None for row in self.table)
        if any(finding.level == "mandatory" for finding in self.findings.unsure):
            return False
        return not any(touched) and not moved and not (self.failed or self.doubted or self.unknown_steps)


@dataclass(frozen=True, slots=True)
class Extras:
    """What is known beside the previews: the plan's table, measured drills, old findings, remarks."""

    table: Sequence[TableRow] = ()
    sites: Mapping[str, str] = field(default_factory=dict)
    base_findings: Iterable[Finding] | None = None
    drills: Sequence[Measured] = ()
    notes: Sequence[str] = ()
    judges: Sequence[str] = ()


def build_report(project: str, previews: Sequence[StackPreview], changes: Sequence[Change], extras: Extras) -> Report:
    """
    The report, with every string that came from a preview made safe to show.

    `extras.sites` maps stack to site for the comparison between sites; `extras.base_findings` are those of the
    branch that the change is to be merged into, None where unknown.
    """
    report = Report(
        project=project,
        stacks=tuple(
            StackLine(
                p.stack,
                {op: count for op, count in p.counts.items() if count},
                p.complete,
                p.has_policies,
                tuple(p.failures),
                p.is_digest,
                tuple(p.doubts),
            )
            for p in previews
        ),
        weaker=tuple(change for change in changes if change.direction is Direction.WEAKER),
        stronger=tuple(change for change in changes if change.direction is Direction.STRONGER),
        judge=tuple(change for change in changes if change.direction is Direction.JUDGE),
        table=tuple(extras.table),
        losses=tuple(losses(previews)),
        one_sided=tuple(one_sided(previews, extras.sites)),
        findings=sort_findings(previews, extras.base_findings),
        steps=tuple(_step_lines(previews)),
        notes=tuple(extras.notes),
        drills=tuple(extras.drills),
        judges=tuple(extras.judges),
    )
    sensitive: set[str] = set().union(*(preview.sensitive for preview in previews))
    cleaner = Cleaner(sensitive)
    return cleaner.clean_all(report)


def _step_lines(previews: Sequence[StackPreview]) -> list[StepLine]:
    steps = [step for preview in previews for step in preview.steps if step.is_change]
    steps.sort(key=lambda step: (step.known, _OP_RANK.get(step.op, 2), step.stack, step.type, step.name))
    return [_step_line(step) for step in steps]


def _step_line(step: Step) -> StepLine:
    changed = tuple(dict.fromkeys(safe_path(path) for path in step.changed)) if step.op in {"update", "replace"} else ()
    return StepLine(step.stack, step.op, step.type, step.name, changed[:8], step.known)

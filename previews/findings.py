"""Policy findings of a change, new ones apart from old ones."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from previews.previewed import Finding, StackPreview

SEVERITIES = ("critical", "high", "medium", "low", "")
_LEVELS = ("mandatory", "remediate", "advisory", "")


@dataclass(frozen=True, slots=True)
class Findings:
    """
    Rules that are broken. `new`: this change breaks them. `old`: they were before. `unsure`: the source cannot tell (no
    preview of the base branch, and the resource is updated or the finding speaks of the whole stack).

    Rules that are not: `waived` until a day, and `unknown` before the update.
    """

    new: tuple[Finding, ...] = ()
    old: tuple[Finding, ...] = ()
    unsure: tuple[Finding, ...] = ()
    waived: tuple[Finding, ...] = ()
    unknown: tuple[Finding, ...] = ()

    @property
    def broken(self) -> int:
        return len(self.new) + len(self.old) + len(self.unsure)


def sort_findings(previews: Sequence[StackPreview], base: Iterable[Finding] | None) -> Findings:
    """
    With `base` (the findings of the branch to merge into) a finding is old when the same resource broke the same rule
    there; where it was waived, the waiver has ended and the finding is new. Without it: a finding on an unchanged
    resource is old, one on a created resource is new.
    """
    known = None if base is None else {finding.identity for finding in base if finding.is_broken}
    piles: dict[str, list[Finding]] = {"new": [], "old": [], "unsure": [], "waived": [], "unknown": []}
    for preview in previews:
        ops = {step.urn: step.op for step in preview.steps}
        for finding in dict.fromkeys(preview.findings):
            piles[_pile(finding, ops, known)].append(finding)
    return Findings(**{name: tuple(sorted(pile, key=finding_rank)) for name, pile in piles.items()})


def _pile(finding: Finding, ops: dict[str, str], known: set[tuple[str, str, str, str]] | None) -> str:
    if not finding.is_broken:
        return finding.kind
    if known is not None:
        return "old" if finding.identity in known else "new"
    op = ops.get(finding.urn)
    if finding.urn.endswith(f"::{finding.stack}") or ":pulumi:Stack::" in finding.urn or op is None:
        return "unsure"
    return {"same": "old", "create": "new", "import": "new"}.get(op, "unsure")


def finding_rank(finding: Finding) -> tuple[int, int, str, str, str]:
    severity = SEVERITIES.index(finding.severity) if finding.severity in SEVERITIES else len(SEVERITIES)
    level = _LEVELS.index(finding.level) if finding.level in _LEVELS else len(_LEVELS)
    return (level, severity, finding.policy, finding.stack, finding.urn)

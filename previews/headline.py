"""The first lines of a report: what a reviewer reads in ten seconds."""

from __future__ import annotations

from collections.abc import Sequence

from previews.changes import Change, Direction
from previews.losses import Loss
from previews.posture import TableRow
from previews.previewed import Finding
from previews.report import Report
from previews.spans import MARKS, Cell, Code, Mark, Part, Value

NOTHING = "No recovery-relevant change."
DRILLS = "Drills"
_MOST_GROUPS = 4
_MOST_ROWS = 3
_MOST_STACKS = 5

Line = tuple[Mark, Cell]


def headline(report: Report) -> list[Line]:
    """One line each: what cannot be judged, data at stake, weaker, stronger, to judge, rules, sites, drills."""
    if report.quiet:
        return [(Mark.QUIET, (NOTHING,))]
    lines = [*_judges(report), *_unread(report), *_at_stake(report), *_gone(report), *_unknown(report)]
    for direction, title, changes in (
        (Direction.WEAKER, "**Weaker:** ", report.weaker),
        (Direction.STRONGER, "**Stronger:** ", report.stronger),
        (Direction.JUDGE, "**To judge:** ", report.judge),
    ):
        rows = _row_words([row for row in report.table if row.direction is direction and row.group != DRILLS])
        between = ["; "] if rows and changes else []
        if rows or changes:
            lines.append((MARKS[direction], (title, *rows, *between, *_group_words(changes))))
    if report.findings.new:
        lines.append((Mark.WEAKER, (f"**Rules newly broken:** {_rules(report.findings.new)}",)))
    if report.findings.unsure:
        lines.append((Mark.JUDGE, (f"**Rules broken, perhaps newly:** {_rules(report.findings.unsure)}",)))
    lines += _sites(report)
    stale = [row.where for row in report.table if row.group == DRILLS and row.where]
    if stale:
        lines.append((Mark.JUDGE, ("**Drills made stale:** ", Value(stale[0]))))
    return lines or [(Mark.QUIET, ("Nothing gets weaker.",))]


def _judges(report: Report) -> list[Line]:
    """A change of its own judges is judged by those of before it: whoever merges it has to read them themselves."""
    if not report.judges:
        return []
    shown: list[Part] = [Value(", ".join(report.judges[:_MOST_STACKS]))]
    more = len(report.judges) - _MOST_STACKS
    rest = f" and {counted(more, 'more file')}" if more > 0 else ""
    said = "; this report was made by what stands on the branch to merge into, so read them yourself."
    return [(Mark.STOP, ("**Changes what judges changes:** ", *shown, rest, said))]


def _unread(report: Report) -> list[Line]:
    lines: list[Line] = []
    failed = [line for line in report.stacks if line.failures]
    for line in failed[:_MOST_STACKS]:
        only = " failed, and this report covers only what it reached: "
        lines.append((Mark.STOP, ("The preview of ", Code(line.stack), only, Code(line.failures[0]))))
    if len(failed) > _MOST_STACKS:
        lines.append((Mark.STOP, (f"{counted(len(failed) - _MOST_STACKS, 'more preview')} failed.",)))
    doubted = [line for line in report.stacks if line.doubts and not line.failures]
    said = " not all may be here: "
    lines += [(Mark.STOP, ("Of ", Code(line.stack), said, Code(line.doubts[0]))) for line in doubted[:_MOST_STACKS]]
    if len(doubted) > _MOST_STACKS:
        lines.append((Mark.STOP, (f"Of {counted(len(doubted) - _MOST_STACKS, 'more preview')} not all may be here.",)))
    if report.unknown_steps:
        steps = counted(report.unknown_steps, "step")
        lines.append((Mark.STOP, (f"{steps} with an operation that this version does not know.",)))
    return lines


def _at_stake(report: Report) -> list[Line]:
    destroyed = [loss for loss in report.losses if loss.destroys]
    if not destroyed:
        return []
    words: list[Part] = ["**Data at stake:** "]
    for number, loss in enumerate(destroyed[:_MOST_GROUPS]):
        words += [", " if number else "", Code(loss.name), f" ({loss.noun}, {loss.op}d)" if loss.listed else ""]
    return [(Mark.WEAKER, (*words, and_more(len(destroyed) - _MOST_GROUPS)))]


def _gone(report: Report) -> list[Line]:
    gone = [loss for loss in report.losses if loss.op == "gone"]
    return [(Mark.JUDGE, ("**Lost before this change:** ", *_named(gone)))] if gone else []


def _unknown(report: Report) -> list[Line]:
    unknown = [loss for loss in report.losses if not loss.known and loss.op != "gone" and loss.retained != "yes"]
    title = "**Deleted or replaced, and not known whether it holds data:** "
    return [(Mark.JUDGE, (title, *_named(unknown)))] if unknown else []


def _named(losses: Sequence[Loss]) -> list[Part]:
    words: list[Part] = []
    for number, loss in enumerate(losses[:_MOST_GROUPS]):
        words += [", " if number else "", Code(loss.name)]
        words += [f" ({loss.noun})"] if loss.listed else [" (", Code(loss.type), ")"]
        if loss.op == "gone":
            words.append(f": {loss.causes[0]}")
    return [*words, and_more(len(losses) - _MOST_GROUPS)]


def _rules(findings: Sequence[Finding]) -> str:
    mandatory = sum(finding.level == "mandatory" for finding in findings)
    return f"{len(findings)} ({mandatory} mandatory)" if mandatory else str(len(findings))


def _sites(report: Report) -> list[Line]:
    alone = [row for row in report.one_sided if row.effect != "now equal"]
    if not alone:
        return []
    names = list(dict.fromkeys(row.name for row in alone))
    title = f"**One site only:** {counted(len(alone), 'change')} on "
    return [(Mark.JUDGE, (title, Code(names[0]), and_more(len(names) - 1)))]


def _row_words(rows: Sequence[TableRow]) -> list[Part]:
    """`RTO regional outage 12 min → 31 min; ...`"""
    words: list[Part] = []
    for row in rows[:_MOST_ROWS]:
        start = row.group.removesuffix(" (forecast)")
        before, after = row.brief if any(row.brief) else (row.before, row.after)
        words += ["; " if words else "", f"{start} ", Value(row.label), " ", Value(before), " → ", Value(after)]
    return [*words, and_more(len(rows) - _MOST_ROWS)] if rows else []


def _group_words(changes: Sequence[Change]) -> list[Part]:
    """`backup retention 30 days → 7 days on a, b and 3 more; ...`: equal changes are said once."""
    groups: dict[tuple[str, str, str, str], list[Change]] = {}
    for change in changes:
        groups.setdefault((change.label, change.before, change.after, change.note), []).append(change)
    words: list[Part] = []
    for (label, before, after, note), group in list(groups.items())[:_MOST_GROUPS]:
        words += ["; " if words else "", "promotion: " if note.startswith("PROMOTION") else "", label]
        if before or after:
            words += [" ", Value(before), " → ", Value(after)]
        elif note:
            words.append(f" {note}")
        names = list(dict.fromkeys(change.name for change in group if change.name))
        if names:
            words += [" on ", Code(names[0])]
            words += [", ", Code(names[1])] if len(names) > 1 else []
            words.append(and_more(len(names) - 2))
    return [*words, and_more(len(groups) - _MOST_GROUPS)]


def counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def and_more(count: int) -> str:
    return f" and {count} more" if count > 0 else ""

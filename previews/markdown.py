"""
The comment as Markdown: for GitHub, and as a file for GitLab and Azure DevOps.

A comment on GitHub may have 65,536 characters. This one stays below by construction: whole rows are left out, from
the end of each section, and each section says how many.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

from previews.document import Document, Section
from previews.safety import shorten
from previews.spans import Cell, Code, Mark, Part, Value

_SIGNS = {Mark.QUIET: "✅", Mark.WEAKER: "🔴", Mark.STRONGER: "🟢", Mark.JUDGE: "🟡", Mark.STOP: "⛔"}
_WORDS = {Mark.QUIET: "ok", Mark.WEAKER: "weaker", Mark.STRONGER: "stronger", Mark.JUDGE: "judge", Mark.STOP: "stop"}
_LENGTHS = (1000, 120, 40)  # characters of a name or a message in the headline, as room allows
_SHORT_TEXT = 120
_ROOM = 100  # bytes for the words that say what was left out
LIMIT = 60_000  # bytes of UTF-8, so that it holds however a service counts
_STRUCTURE = re.compile(r"[^0-9A-Za-z ,=%/→…·-]")
_OWN_MARKUP = re.compile(r"\*\*(.+?)\*\*")


def marker(project: str) -> str:
    """
    The hidden line by which the comment is found again: one for each project. A name that is not made of letters,
    digits and a few signs is told from others that look like it by a part of its hash.
    """
    slug = re.sub(r"[^0-9A-Za-z_.]+", "-", project).strip("-")[:80] or "project"
    if slug != project:
        slug += f"-{hashlib.sha256(project.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"
    return f"<!-- dr-preview:{slug} -->"


def render(document: Document, project: str, limit: int = LIMIT) -> str:
    """
    The comment, at most `limit` bytes; its first line is the hidden marker.

    Each part has its share, so that none can push out another. What does not fit is left out by whole lines, remarks
    and rows from the end, where the least important stand, and each part says how many.
    """
    title = f"### {_cell(document.title, _SHORT_TEXT)}"
    head = [marker(project), title, "", *_headline(document, limit // 3)]
    tail = ["", _remarks(document, limit // 8), ""]
    frames = [_frame(section) for section in document.sections]
    left = limit - sum(_size(line) for line in (*head, *tail)) - sum(_size(line) for frame in frames for line in frame)
    rows = _rows(document, left)
    body: list[str] = []
    for section, (opening, closing, _), shown in zip(document.sections, frames, rows, strict=True):
        hidden = len(section.rows) - len(shown)
        body += [opening, *shown, _left_out(hidden) if hidden else "", closing]
    return "\n".join([*head, *body, *tail])


def _headline(document: Document, limit: int) -> list[str]:
    """All lines, with their names cut as short as it takes; else as many lines as fit."""
    lines: list[str] = []
    for longest in _LENGTHS:
        lines = [f"{_SIGNS[mark]} {_cell(words, longest)}  " for mark, words in document.headline]
        if sum(map(_size, lines)) <= limit:
            return lines
    shown = _fitting(lines, limit - _ROOM)
    return [*shown, f"… and {len(lines) - len(shown)} more lines, not shown  "]


def _remarks(document: Document, limit: int) -> str:
    remarks = [_cell(remark, _SHORT_TEXT) for remark in document.remarks]
    # A separator is longer than the line feed that a size counts.
    shown = _fitting([f"{remark} · " for remark in remarks], limit - _ROOM)
    texts = remarks[: len(shown)]
    if len(texts) < len(remarks):
        texts.append(f"… and {len(remarks) - len(texts)} more remarks, not shown")
    return f"<sub>{' · '.join(texts)}</sub>"


def _fitting(lines: Sequence[str], limit: int) -> list[str]:
    shown: list[str] = []
    for line in lines:
        limit -= _size(line)
        if limit < 0:
            break
        shown.append(line)
    return shown


def _rows(document: Document, left: int) -> list[list[str]]:
    """The rows of each section: first a share for every one, then the rest to the sections in their order."""
    lines = [[_row(cells) for cells in section.rows[: section.most]] for section in document.sections]
    share = max(left, 0) // (2 * max(len(lines), 1))
    shown = [_fitting(rows, share) for rows in lines]
    left -= sum(_size(row) for rows in shown for row in rows)
    for number, rows in enumerate(lines):
        more = _fitting(rows[len(shown[number]) :], left)
        left -= sum(map(_size, more))
        shown[number] += more
    return shown


def _row(cells: tuple[Cell, ...]) -> str:
    return "| " + " | ".join(_cell(cell) or " " for cell in cells) + " |"


def _frame(section: Section) -> tuple[str, str, str]:
    """What stands before and after the rows, and the line that says how many are left out, as long as it can be."""
    table = f"| {' | '.join(column or ' ' for column in section.columns)} |\n|{' --- |' * len(section.columns)}"
    more = _left_out(len(section.rows))
    if section.folded:
        return f"\n<details><summary>{section.title}</summary>\n\n{table}", "\n</details>\n", more
    return f"\n#### {section.title}\n\n{table}", "", more


def _left_out(rows: int) -> str:
    return f"\n… and {rows} more rows, not shown\n"


def _size(line: str) -> int:
    return len(line.encode()) + 1


def _cell(cell: Cell, longest: int = 1000) -> str:
    """The cell as Markdown, with texts from outside cut to `longest` characters."""
    return "".join(_part(part, longest) for part in cell).strip()


def _part(part: Part, longest: int) -> str:
    if isinstance(part, Mark):
        return _SIGNS[part]
    if isinstance(part, Value):
        part = part.part
    return _code(shorten(part.text, longest)) if isinstance(part, Code) else part


def _code(text: str) -> str:
    """
    Literal text. Each character with a meaning to Markdown or HTML is written as its number, which no parser takes
    for structure; inside <code> a service turns no @name, #1 or address into a link.
    """
    return f"<code>{_STRUCTURE.sub(_entity, text)}</code>" if text else ""


def _entity(match: re.Match[str]) -> str:
    char = match.group()
    return char if ord(char) > 127 else f"&#{ord(char)};"


def plain(cell: Cell) -> str:
    """The cell without markup."""
    return "".join(_plain(part) for part in cell).strip()


def _plain(part: Part) -> str:
    if isinstance(part, Mark):
        return _WORDS[part]
    return part.text if isinstance(part, (Code, Value)) else _OWN_MARKUP.sub(r"\1", part)

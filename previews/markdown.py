"""
The comment as Markdown: for GitHub, and as a file for GitLab and Azure DevOps.

A comment on GitHub may have 65,536 characters. This one stays below by construction: whole rows are left out, from
the end of each section, and each section says how many.
"""

from __future__ import annotations

import re

from previews.document import Document, Section
from previews.spans import Cell, Code, Mark, Part, Value

_SIGNS = {Mark.QUIET: "✅", Mark.WEAKER: "🔴", Mark.STRONGER: "🟢", Mark.JUDGE: "🟡", Mark.STOP: "⛔"}
_WORDS = {Mark.QUIET: "ok", Mark.WEAKER: "weaker", Mark.STRONGER: "stronger", Mark.JUDGE: "judge", Mark.STOP: "stop"}
LIMIT = 60_000  # bytes of UTF-8, so that it holds however a service counts
_STRUCTURE = re.compile(r"[^0-9A-Za-z ,=%/→…·-]")
_OWN_MARKUP = re.compile(r"\*\*(.+?)\*\*")


def marker(project: str) -> str:
    """The hidden line by which the comment is found again: one for each project, letters and digits only."""
    slug = re.sub(r"[^0-9A-Za-z_.]+", "-", project).strip("-")[:80] or "project"
    return f"<!-- dr-preview:{slug} -->"


def render(document: Document, project: str, limit: int = LIMIT) -> str:
    """The comment, at most `limit` bytes; its first line is the hidden marker."""
    head = [marker(project), f"### {_cell(document.title)}", ""]
    for mark, words in document.headline:
        head += [f"{_SIGNS[mark]} {_cell(words)}  "]
    tail = ["", "<sub>" + " · ".join(_cell(remark) for remark in document.remarks[:24]) + "</sub>", ""]
    frames = [_frame(section) for section in document.sections]
    left = limit - sum(_size(line) for line in (*head, *tail)) - sum(_size(line) for frame in frames for line in frame)
    body: list[str] = []
    for section, (opening, closing, more) in zip(document.sections, frames, strict=True):
        rows, left = _fill(section, left)
        hidden = len(section.rows) - len(rows)
        body += [opening, *rows, more.format(hidden) if hidden else "", closing]
    return "\n".join([*head, *body, *tail])


def _fill(section: Section, left: int) -> tuple[list[str], int]:
    rows: list[str] = []
    for cells in section.rows[: section.most]:
        row = "| " + " | ".join(_cell(cell) or " " for cell in cells) + " |"
        if _size(row) > left:
            break
        left -= _size(row)
        rows.append(row)
    return rows, left


def _frame(section: Section) -> tuple[str, str, str]:
    """What stands before and after the rows, and the line that says how many are left out (largest it can be)."""
    table = f"| {' | '.join(column or ' ' for column in section.columns)} |\n|{' --- |' * len(section.columns)}"
    more = "\n… and {:>9} more rows, not shown\n"
    if section.folded:
        return f"\n<details><summary>{section.title}</summary>\n\n{table}", "\n</details>\n", more
    return f"\n#### {section.title}\n\n{table}", "", more


def _size(line: str) -> int:
    return len(line.encode()) + 1


def _cell(cell: Cell) -> str:
    return "".join(_part(part) for part in cell).strip()


def _part(part: Part) -> str:
    if isinstance(part, Mark):
        return _SIGNS[part]
    if isinstance(part, Value):
        part = part.part
    return _code(part.text) if isinstance(part, Code) else part


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

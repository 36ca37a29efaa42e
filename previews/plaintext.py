"""The report for a terminal or a log."""

from __future__ import annotations

from previews.document import Document, Section
from previews.markdown import plain
from previews.safety import shorten


def render(document: Document) -> str:
    """All of the report as plain text without colours, tables as aligned columns."""
    lines = [plain(document.title), ""]
    lines += [f"{plain((mark,)):<8}  {plain(words)}" for mark, words in document.headline]
    for section in document.sections:
        lines += ["", section.title, *_table(section)]
    lines += ["", *(plain(remark) for remark in document.remarks)]
    return "\n".join(lines) + "\n"


def _table(section: Section) -> list[str]:
    rows = [[plain(cell) for cell in row] for row in section.rows[: section.most]]
    widths = [max(len(row[n]) for row in [list(section.columns), *rows]) for n in range(len(section.columns))]
    widths = [min(width, 90) for width in widths]
    lines = [
        "  ".join(shorten(text, 90).ljust(width) for text, width in zip(row, widths, strict=True))
        for row in [list(section.columns), *rows]
    ]
    hidden = len(section.rows) - len(rows)
    return [f"  {line.rstrip()}" for line in lines] + ([f"  … and {hidden} more"] if hidden else [])

"""The report as one HTML page without scripts and without anything from elsewhere."""

from __future__ import annotations

import re
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from previews.document import Document
from previews.markdown import plain
from previews.spans import Code, Mark, Part, Value

_BOLD = re.compile(r"\*\*(.+?)\*\*")


def render(document: Document) -> str:
    """The page. Everything is escaped by the template engine; only this project's own words may be bold."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["part"] = _part
    return environment.get_template("report.html.j2").render(document=document, title=plain(document.title))


_SIGNS = {Mark.QUIET: "✔", Mark.WEAKER: "▼", Mark.STRONGER: "▲", Mark.JUDGE: "◆", Mark.STOP: "✖"}


def _part(part: Part) -> Markup:
    if isinstance(part, Mark):
        return Markup('<span class="{0}" title="{0}">{1}</span>').format(part.value, _SIGNS[part])
    if isinstance(part, Value):
        part = part.part
    if isinstance(part, Code):
        return Markup("<code>{}</code>").format(part.text) if part.text else Markup("")
    return Markup(_BOLD.sub(r"<strong>\1</strong>", str(escape(part))))  # noqa: S704 - escaped in the same line

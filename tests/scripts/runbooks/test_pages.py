"""The pages that people read at night say what the tables do."""

import re

import pytest

from model import load_plan
from scripts.runbooks.pages import FOLDER, PLAN, pages, texts
from scripts.runbooks.tables import TABLES, table
from scripts.runs.runbook import Options

SAMIA = load_plan(PLAN)


def test_the_pages_are_those_of_the_tables() -> None:
    there = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.md")}
    assert there == texts(SAMIA), "`make docs` writes them anew"


def test_every_table_has_a_page() -> None:
    assert {page.name for page in pages(SAMIA)} == set(TABLES)


@pytest.mark.parametrize("page", pages(SAMIA), ids=lambda page: page.name)
def test_a_page_names_every_row_in_order_and_the_point_of_no_return_before_it(page: object) -> None:
    name, to = page.name, page.to  # type: ignore[attr-defined]
    text = texts(SAMIA)[f"{name}.md"]
    runbook = table(name, SAMIA, Options(to=to))
    places = [text.index(f"**{row.sentence}**") for row in runbook.rows]
    assert places == sorted(places)
    first = next((place for row, place in zip(runbook.rows, places, strict=True) if row.point_of_no_return), None)
    assert (first is not None) == ("Point of no return" in text)
    if first is not None:
        assert text.index("Point of no return") < first


def test_every_link_leads_to_a_page() -> None:
    for name, text in texts(SAMIA).items():
        for target in re.findall(r"\]\(([^)]+)\)", text):
            assert (FOLDER / target).exists(), f"{name} links to {target}"


def test_every_plan_has_pages() -> None:
    """Also one without a cold site."""
    plan = load_plan("minimal")
    assert set(texts(plan)) >= {f"{name}.md" for name in TABLES}

"""`dr status` tells what an operator has to know, and nothing that is as it should be."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from scripts.probes.overview import DatabaseStatus, Overview, SiteStatus
from scripts.status import show


def overview(*databases: DatabaseStatus) -> Overview:
    sites = [SiteStatus("secondary", "eu-west-1", "warm", databases=list(databases))]
    return Overview("samia", "primary", 1, datetime.now(UTC), sites, None, [])


@pytest.mark.parametrize(
    ("database", "told"),
    [
        (DatabaseStatus("core", "core-1", "refused", "a read-only transaction", 0.1), False),
        (DatabaseStatus("core", "core-1", "refused", "the writer lease ended", None), True),
        (DatabaseStatus("core", "core-1", "silent", "no answer", None), True),
    ],
    ids=["a copy that follows", "a primary that may not write", "silent"],
)
def test_a_refusal_is_told_where_it_is_news(
    capsys: pytest.CaptureFixture[str], database: DatabaseStatus, *, told: bool
) -> None:
    show(overview(database))
    assert (f"secondary: core-1: {database.said}" in capsys.readouterr().out) is told

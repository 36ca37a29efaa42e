"""`dr status` tells what an operator has to know, and nothing that is as it should be."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from scripts.probes.caches import CacheStatus
from scripts.probes.overview import DatabaseStatus, Overview, SiteStatus
from scripts.runs.run_records import RunRecord
from scripts.status import show, ways_out


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


def test_what_the_guard_does_not_guard_is_named_with_the_reason(capsys: pytest.CaptureFixture[str]) -> None:
    many = [f"table t{number}: it belongs to another" for number in range(12)]
    show(overview(DatabaseStatus("core", "core-1", "accepted", unguarded=many)))
    said = capsys.readouterr().out
    assert "secondary: core-1 is not guarded here: table t0: it belongs to another" in said
    assert "and 2 more" in said


@pytest.mark.parametrize(
    ("cache", "told"),
    [
        (CacheStatus("cache", 1, "", 60.4), "cache answers, with 1 key; the newest export is 60 s old"),
        (CacheStatus("cache", None, "does not answer: x"), "cache does not answer: x; no export lies here"),
    ],
)
def test_what_a_cache_holds_is_told(capsys: pytest.CaptureFixture[str], cache: CacheStatus, told: str) -> None:
    found = overview()
    found.sites[0].caches.append(cache)
    show(found)
    assert f"secondary: {told}\n" in capsys.readouterr().out


def active(writes: str) -> Overview:
    found = overview()
    found.sites.append(SiteStatus("primary", "eu-north-1", "active", databases=[DatabaseStatus("c", "c-1", writes)]))
    return found


def broken(runbook: str) -> RunRecord:
    return RunRecord("run-1", runbook, "samia", "samia", {}, {}, "2026-01-31T12:00:00+00:00", status="failed")


@pytest.mark.parametrize(
    ("writes", "run", "ways"),
    [
        ("accepted", None, []),
        ("refused", None, ["dr failover --to primary"]),
        ("refused", broken("switchover"), ["dr resume run-1", "dr failover --to primary"]),
        ("refused", broken("restore"), ["dr resume run-1"]),
        ("silent", None, ["dr failover --to secondary"]),
        ("silent", broken("failover"), ["dr resume run-1"]),
    ],
)
def test_a_site_that_takes_no_writes_comes_with_the_command_that_helps(
    writes: str, run: RunRecord | None, ways: list[str]
) -> None:
    said = " ".join(ways_out(active(writes), run))
    assert [
        way for way in ("dr resume run-1", "dr failover --to primary", "dr failover --to secondary") if way in said
    ] == ways

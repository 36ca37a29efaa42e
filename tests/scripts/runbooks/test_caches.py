"""Which tables have a row for the caches of a plan, and where it stands."""

from pathlib import Path

from model import load_plan
from scripts.runbooks.activate_cold import activate_cold
from scripts.runbooks.failover import failover
from scripts.runbooks.restore import restore
from scripts.runbooks.switchover import switchover
from scripts.runs.runbook import Row

WITH_A_CACHE = load_plan(str(Path(__file__).parents[2] / "plans" / "azure.yaml"))
WITHOUT = load_plan("samia")


def rows(found: tuple[Row, ...]) -> list[str]:
    return [each.step_name for each in found]


def test_a_move_begins_the_caches_anew_beside_the_promotion() -> None:
    for table in (failover, switchover):
        (row,) = [each for each in table(WITH_A_CACHE).rows if each.step_name == "begin_caches"]
        assert row.wave == "takeover", "it takes no time of its own"
        assert "begin_caches" not in rows(table(WITHOUT).rows)


def test_no_service_reads_from_a_cache_what_a_restore_gave_up() -> None:
    found = rows(restore(WITH_A_CACHE).rows)
    assert found.index("restore_in_place") < found.index("empty_caches") < found.index("grant_lease")
    cold = rows(activate_cold(WITH_A_CACHE).rows)
    assert cold.index("build_site") < cold.index("begin_caches") < cold.index("grant_lease")
    assert "empty_caches" not in rows(restore(WITHOUT).rows)

"""The weekly look at the backups: restored beside what runs, a damaged one found out, and nothing left behind."""

import pytest

from scripts.drills import backups
from scripts.drills.small_world import settle
from scripts.drills.stage import Stage
from scripts.runs.journal import read
from scripts.verify_backups import verify_all

pytestmark = [pytest.mark.drill, pytest.mark.timeout(900)]


def test_the_newest_backups_are_restored_and_a_damaged_one_is_found_out(made: Stage) -> None:
    settle(made)
    before = {each["identifier"] for each in made.world.status()["databases"]}
    assert backups.verify(made).ok
    checks = {entry.name: entry for entry in read(made.journal.path) if entry.phase == "check"}
    assert checks["a backup can be restored"].status == "passed"
    assert checks["a damaged backup fails"].evidence["negative_control"] is True
    assert {each["identifier"] for each in made.world.status()["databases"]} == before
    # The damage was of the test alone.
    assert backups.verify(made).ok

    clouds = made.clouds()
    own = verify_all(made.plan, clouds, made.active, None)
    clouds.close()
    assert own, "the active site's own backups are looked into as well"
    assert [each.said for each in own if not each.good] == []

"""The weekly look at the backups: restored beside what runs, a damaged one found out, and nothing left behind."""

import pytest

from scripts.backup import back_up
from scripts.clouds.access import Clouds
from scripts.clouds.protocol import RestorePoint
from scripts.core.errors import Refused
from scripts.drills import backups
from scripts.drills.stage import Stage
from scripts.probes.points import known_points
from scripts.probes.verifications import known_verifications, without_bad
from scripts.restoring import look, named, newest
from scripts.runs.journal import read
from scripts.verify_backups import verify_all, verify_points

pytestmark = [pytest.mark.drill, pytest.mark.timeout(1800)]


def test_the_newest_backups_are_restored_and_a_damaged_one_is_found_out(made: Stage) -> None:
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


def test_a_backup_by_hand_is_proven_and_one_that_is_found_bad_is_offered_no_more(made: Stage) -> None:
    plan, topology, site = made.plan, made.topology, made.active
    clouds = made.clouds()
    (taken,) = back_up(plan, topology, clouds, site, ["core"])
    assert (taken.verified, taken.said) == (True, "restored and readable")
    there = look(plan, topology, site)
    ours = next(each for each in there if each.point.name == taken.backup)
    assert ours.why_not is None
    assert ours.verified is not None
    assert ours.verified.good
    assert named(there, taken.backup, site).to_backup == taken.backup

    made.world.break_("backup", region=plan.site(site).region, name=taken.backup)
    try:
        (verdict,) = verify_points(plan, clouds, site, [ours.point])
    finally:
        made.world.heal("backup")
    assert not verdict.good
    assert taken.backup not in _offered(clouds, site)
    there = known_points(plan, topology, clouds, [site])
    assert newest(there).to_backup != taken.backup
    with pytest.raises(Refused, match=f"{taken.backup} cannot be restored: it was verified and is bad"):
        named(there, taken.backup, site)

    (verdict,) = verify_points(plan, clouds, site, [ours.point])
    assert verdict.good, "the damage was of the test alone"
    assert taken.backup in _offered(clouds, site)
    clouds.close()


def _offered(clouds: Clouds, site: str) -> set[str]:
    """What a recovery may choose from."""
    points: list[RestorePoint] = clouds.at(site).restore_points("core")
    return {point.name for point in without_bad(points, known_verifications(clouds, site))}

"""A database as the Resource Manager shows it, is asked to promote, to fail over, to be restored, and to go."""

from datetime import UTC, datetime
from typing import Any

import pytest

from scripts.clouds.protocol import Phase, PointKind
from scripts.core.errors import CloudFailed, Refused
from scripts.core.waiting import wait_until
from tests.scripts.clouds.azure.conftest import Azure

PRIMARY: dict[str, Any] = {
    "location": "northeurope",
    "sku": {"tier": "GeneralPurpose", "name": "Standard_D2ds_v5"},
    "properties": {
        "createMode": "Default",
        "version": "16",
        "administratorLogin": "owner",
        "administratorLoginPassword": "correct horse",
        "storage": {"storageSizeGB": 128},
        "backup": {"backupRetentionDays": 14, "geoRedundantBackup": "Enabled"},
        "highAvailability": {"mode": "ZoneRedundant"},
    },
}


@pytest.fixture
def pair(azure: Azure) -> Azure:
    """A primary with its standby, and a replica of it in the paired region."""
    for site in ("primary", "secondary"):
        azure.lay_network(site)
    azure.arm.put(azure.server("primary"), PRIMARY, wait=60)
    replica = {
        "location": "westeurope",
        "sku": PRIMARY["sku"],
        "properties": {"createMode": "Replica", "sourceServerResourceId": azure.server("primary")},
    }
    azure.arm.put(azure.server("secondary"), replica, wait=60)
    return azure


def test_there_is_none_before_it_is_made(azure: Azure) -> None:
    assert azure.driver.at("primary").store("core", 1).state() is None


def test_a_primary_and_its_replica_say_what_they_are(pair: Azure) -> None:
    one, other = (pair.driver.at(site).store("core", 1) for site in ("primary", "secondary"))
    state = one.state()
    assert state is not None
    assert (state.phase, state.said, state.follows, state.port) == (Phase.AVAILABLE, "Ready", None, 5432)
    assert state.host == "azure-small-primary-core-1.postgres.database.azure.com"
    copy = other.state()
    assert copy is not None
    assert copy.follows == "azure-small-primary-core-1"


@pytest.mark.parametrize("lost", [False, True], ids=["planned", "forced"])
def test_a_replica_is_promoted_once(pair: Azure, lost: bool) -> None:
    driver = pair.driver
    if lost:
        pair.fabric.network.control_down.add("northeurope")
        driver = pair.lose("primary")
    managed = driver.at("secondary").store("core", 1)
    managed.promote()
    state = managed.state()
    assert state is not None
    assert (state.follows, state.phase) == (None, Phase.AVAILABLE)
    managed.promote()  # a step that is repeated finds it done
    assert pair.fabric.databases.states["westeurope", "azure-small-secondary-core-1"].role == "primary"


def test_a_planned_promotion_of_a_pair_that_is_not_ready_says_so(pair: Azure) -> None:
    pair.fabric.network.control_down.add("northeurope")
    with pytest.raises(CloudFailed, match=r"promoting azure-small-secondary-core-1: PrimaryNotReady"):
        pair.driver.at("secondary").store("core", 1).promote()


def test_it_fails_over_to_a_standby_that_is_in_step(pair: Azure) -> None:
    one, other = (pair.driver.at(site).store("core", 1) for site in ("primary", "secondary"))
    assert one.why_no_standby() is None
    one.fail_over_in_region()
    assert other.why_no_standby() == "azure-small-secondary-core-1 has no standby"
    with pytest.raises(CloudFailed, match="HighAvailabilityNotEnabled"):
        other.fail_over_in_region()


def test_it_is_restored_beside_itself_to_a_moment(pair: Azure) -> None:
    there = pair.driver.at("primary")
    (point,) = [it for it in there.restore_points("core") if it.kind is PointKind.CONTINUOUS]
    assert (point.source, point.size_gb, point.site) == ("azure-small-primary-core-1", 128, "primary")
    scratch = there.scratch("core", "azure-small-scratch-core-1")
    scratch.restore(point, {"dr:for": "a test"})
    wait_until(lambda: (it := scratch.state()) is not None and it.phase is Phase.AVAILABLE, seconds=30, what="it")
    assert ("northeurope", scratch.identifier) in pair.fabric.databases.restored
    scratch.restore(point, {})  # already there
    scratch.delete()
    wait_until(lambda: scratch.state() is None, seconds=30, what="it to be gone")
    scratch.delete()


def test_a_backup_by_hand_is_listed_with_its_moment(pair: Azure) -> None:
    there = pair.driver.at("primary")
    there.store("core", 1).snapshot("by-hand-1", {})

    def found() -> list[str]:
        return [it.name for it in there.restore_points("core") if it.kind is PointKind.SNAPSHOT]

    wait_until(lambda: found() == ["by-hand-1"], seconds=30, what="the backup")
    there.store("core", 1).snapshot("by-hand-1", {})
    (kept,) = [it for it in there.restore_points("core") if it.name == "by-hand-1"]
    assert kept.until is not None
    assert kept.until <= datetime.now(UTC)


@pytest.mark.parametrize("lost", [False, True], ids=["in-peace", "when-its-region-is-lost"])
def test_the_paired_region_knows_the_geo_redundant_backup(pair: Azure, lost: bool) -> None:
    driver = pair.driver
    if lost:
        pair.fabric.network.control_down.add("northeurope")
        driver = pair.lose("primary")
    points = driver.at("secondary").restore_points("core")
    assert [(it.name, it.source) for it in points] == [("azure-small-primary-core-1-geo", "azure-small-primary-core-1")]
    assert driver.at("tertiary").restore_points("core") == []
    restored = driver.at("secondary").scratch("core", "azure-small-secondary-core-2")
    restored.restore(points[0], {})
    wait_until(lambda: (it := restored.state()) is not None and it.phase is Phase.AVAILABLE, seconds=30, what="it")


def test_a_backup_is_sent_to_the_pair_alone(pair: Azure) -> None:
    managed = pair.driver.at("primary").store("core", 1)
    managed.send_snapshot("any", "secondary", {})
    with pytest.raises(Refused, match="cannot be sent to swedencentral"):
        managed.send_snapshot("any", "tertiary", {})


def test_a_promoted_one_says_that_its_backups_go_nowhere(pair: Azure) -> None:
    """Geo-redundant backup is had when a server is made, and a replica never has it."""
    one, other = (pair.driver.at(site).store("core", 1) for site in ("primary", "secondary"))
    assert one.why_not_sent("secondary") is None
    assert one.why_not_sent("tertiary") == "backups of northeurope go to westeurope"
    other.promote()
    reason = other.why_not_sent("primary")
    assert reason is not None
    assert "was promoted and sends none" in reason


def test_a_password_is_forgotten(pair: Azure) -> None:
    pair.driver.at("primary").store("core", 1).forget_password()
    kept = pair.fabric.databases.passwords["northeurope", "azure-small-primary-core-1"]
    assert kept != "correct horse"


def test_what_follows_it_is_let_go_before_it_is_given_up(pair: Azure) -> None:
    primary, secondary = (pair.driver.at(site).store("core", 1) for site in ("primary", "secondary"))
    with pytest.raises(CloudFailed, match="ServerHasReplicas"):
        primary.delete()
    for _ in range(2):
        primary.release_followers()
    state = secondary.state()
    assert state is not None
    assert state.follows is None
    primary.delete()
    wait_until(lambda: primary.state() is None, seconds=60, what="the primary to be gone")
    assert primary.final_snapshot() is None


def test_a_lock_keeps_it_until_it_is_discarded(azure: Azure) -> None:
    azure.arm.put(azure.server("primary"), PRIMARY, wait=60)
    lock = f"{azure.server('primary')}/providers/Microsoft.Authorization/locks/keep"
    azure.arm.put(lock, {"properties": {"level": "CanNotDelete"}})
    managed = azure.driver.at("primary").store("core", 1)
    with pytest.raises(CloudFailed, match="ScopeLocked") as refused:
        managed.delete()
    assert "az lock list" in refused.value.hint
    managed.discard()
    wait_until(lambda: managed.state() is None, seconds=30, what="it to be gone")


def test_a_lost_site_is_not_asked(pair: Azure) -> None:
    with pytest.raises(Refused, match="northeurope is asked"):
        pair.lose("primary").at("primary").store("core", 1).state()


def test_no_secret_shows_in_an_error(azure: Azure) -> None:
    small = {"tier": "Burstable", "name": "Standard_B2s"}
    secret = {**PRIMARY["properties"], "administratorLoginPassword": "tell-nobody"}
    with pytest.raises(CloudFailed) as refused:
        azure.arm.put(azure.server("primary"), {**PRIMARY, "sku": small, "properties": secret}, wait=60)
    assert "tell-nobody" not in f"{refused.value}{refused.value.hint}{refused.value.__cause__!r}"

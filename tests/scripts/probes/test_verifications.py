"""What was found in backups is kept in their site's bucket, and of what is gone nothing is kept."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from model import names
from sandbox.authority import Authority
from sandbox.clouds.planes import start_control_planes
from scripts.acts.verifications import write_down
from scripts.clouds.access import Clouds
from scripts.clouds.aws.session import Session
from scripts.probes.verifications import KEY, Verification, known_verifications, verifications
from tests.sandbox.clouds.stand_in import PLAN, RecordedFabric, RecordedNames, ports

SITE = "tertiary"
NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


@pytest.fixture
def clouds(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Clouds]:
    planes = start_control_planes(
        RecordedFabric(), RecordedNames(), PLAN, ports(), tmp_path_factory.mktemp("planes"), authority=Authority("test")
    )
    region = PLAN.site(SITE).region
    for name, value in planes.env(region).items():
        monkeypatch.setenv(name, value)
    bucket = names.recovery_bucket(PLAN, SITE)
    where = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    Session().client("s3", region, slow=True).create_bucket(Bucket=bucket, **where)
    yield Clouds(PLAN)
    planes.stop()


def found(name: str, *, good: bool) -> Verification:
    return Verification(name, good, "said", NOON, NOON)


def test_they_are_added_to_what_is_known_and_gone_with_their_backup(clouds: Clouds) -> None:
    assert verifications(clouds, SITE) == {}
    write_down(clouds, SITE, [found("one", good=True), found("two", good=False)], ["one", "two"])
    write_down(clouds, SITE, [found("two", good=True), found("three", good=True)], ["two", "three"])
    assert verifications(clouds, SITE) == {name: found(name, good=True) for name in ("two", "three")}
    clouds.at(SITE).objects().write(KEY, b"not ours")
    assert verifications(clouds, SITE) == {}
    assert known_verifications(Clouds(PLAN, frozenset({SITE})), SITE) == {}

"""An export in a site's objects: found out when it is not whole, and brought back beside what is there."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from model import names
from sandbox.authority import Authority
from sandbox.clouds.planes import start_control_planes
from scripts.acts import exports
from scripts.acts.exports import Export, manifest
from scripts.clouds.access import Clouds
from scripts.clouds.aws.session import Session
from scripts.clouds.protocol import ObjectStore
from scripts.core.errors import BadInput, CloudFailed, Refused
from scripts.core.net import Login
from scripts.engines.postgres.dumps import PROGRAMS, drop_database
from scripts.engines.postgres.engine import Postgres
from scripts.engines.postgres.session import Database
from scripts.export import export_store
from scripts.import_dump import import_store
from tests.sandbox.clouds.stand_in import PLAN, RecordedFabric, RecordedNames, ports
from tests.scratch_database import BIN

pytestmark = pytest.mark.thorough

SITE = "tertiary"
BOUND = timedelta(minutes=5)


@pytest.fixture(scope="module")
def objects(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ObjectStore]:
    folder = tmp_path_factory.mktemp("planes")
    planes = start_control_planes(RecordedFabric(), RecordedNames(), PLAN, ports(), folder, authority=Authority("test"))
    region, bucket = PLAN.site(SITE).region, names.recovery_bucket(PLAN, SITE)
    where = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in planes.env(region).items():
            patch.setenv(name, value)
        patch.setenv(PROGRAMS, str(BIN))
        patch.setattr(exports, "PART_BYTES", 5000)  # several parts of a small dump
        Session().client("s3", region, slow=True).create_bucket(Bucket=bucket, **where)
        yield Clouds(PLAN).at(SITE).objects()
    planes.stop()


@pytest.fixture
def made(objects: ObjectStore, managed: Database) -> Export:
    managed.script("INSERT INTO orders SELECT n::text, md5(n::text) FROM generate_series(1, 2000) n")
    about = {"name": managed.login.database, "system": "samia", "store": "core", "site": SITE}
    return export_store(objects, Postgres.at(managed.login), about, BOUND)


def beside(login: Login) -> str:
    return f"{login.database}_beside"


def exists(login: Login, name: str) -> bool:
    with Database(login) as database:
        return bool(database.rows("SELECT 1 FROM pg_database WHERE datname = %(name)s", {"name": name}))


def test_it_is_brought_back_beside_the_one_that_runs(objects: ObjectStore, made: Export, managed: Database) -> None:
    assert len(made.parts) > 2
    found = manifest(objects, made.name)
    assert found == made
    login = managed.login
    with pytest.raises(Refused, match=r"holds 1 tables, public\.orders among them"):
        import_store(PLAN, objects, Postgres.at(login), found, BOUND)
    try:
        import_store(PLAN, objects, Postgres.at(login), found, BOUND, into=beside(login))
        with Database(Login(login.host, login.port, beside(login), login.user, login.password)) as back:
            assert back.rows("SELECT count(*), max(note) FROM orders") == managed.rows(
                "SELECT count(*), max(note) FROM orders"
            )
        with pytest.raises(Refused, match="has a database"):
            import_store(PLAN, objects, Postgres.at(login), found, BOUND, into=beside(login))
    finally:
        drop_database(login, beside(login))


@pytest.mark.parametrize(("damage", "said"), [("gone", "is not there"), ("other", "is not what was stored")])
def test_a_part_that_is_damaged_is_found_out_before_anything_is_changed(
    objects: ObjectStore, made: Export, managed: Database, damage: str, said: str
) -> None:
    if damage == "gone":
        objects.delete(made.parts[1].key)
    else:
        objects.write(made.parts[1].key, b"x" * made.parts[1].size)
    with pytest.raises(CloudFailed, match=f"part 2 of .* {said}"):
        import_store(PLAN, objects, Postgres.at(managed.login), made, BOUND, into=beside(managed.login))
    assert not exists(managed.login, beside(managed.login))


def test_an_import_that_fails_leaves_no_database(objects: ObjectStore, made: Export, managed: Database) -> None:
    wrong = Export(**{**vars(made), "rows": {"public.orders": 1}})
    with pytest.raises(Exception, match="does not hold what was exported"):
        import_store(PLAN, objects, Postgres.at(managed.login), wrong, BOUND, into=beside(managed.login))
    assert not exists(managed.login, beside(managed.login))


def test_a_name_is_given_once_and_one_that_is_not_there_is_named(
    objects: ObjectStore, made: Export, managed: Database
) -> None:
    about = {"name": made.name, "system": "samia", "store": "core", "site": SITE}
    with pytest.raises(BadInput, match="already"):
        export_store(objects, Postgres.at(managed.login), about, BOUND)
    with pytest.raises(BadInput, match="holds no export nothing"):
        manifest(objects, "nothing")
    with pytest.raises(BadInput, match="no name of an export"):
        manifest(objects, "../lease")
    objects.write(f"exports/{made.name}/manifest.json", b"{}")
    with pytest.raises(CloudFailed, match="cannot be read"):
        manifest(objects, made.name)


@pytest.mark.parametrize(
    "body", [b"5", b"[]", b"null", b"[" * 100_000, b'{"parts": [], "at": "2026-01-02", "rows": [1]}', b"\xff", b"{}"]
)
def test_a_manifest_that_somebody_spoiled_is_one_error(objects: ObjectStore, body: bytes) -> None:
    objects.write("exports/spoiled/manifest.json", body)
    with pytest.raises(CloudFailed, match=r"the manifest of spoiled in .* cannot be read"):
        manifest(objects, "spoiled")

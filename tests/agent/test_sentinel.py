"""The sentinel on a real database and a real object store: it renews what is its own, and touches nothing else."""

import json
from collections.abc import Iterator
from contextlib import closing
from urllib.request import urlopen

import psycopg
import pytest

from agent.sentinel import CLAIM, Sentinel, Settings, serve_health
from scripts.acts.leases import NOBODY
from scripts.clouds.aws.objects import Bucket
from scripts.core.errors import BadInput
from scripts.engines.postgres import guard
from scripts.engines.postgres.session import Database
from scripts.fencing.lease import BETWEEN, KEY, Lease, WitnessLease
from tests.asserts.waiting import wait_until
from tests.scratch_bucket import bucket, object_store
from tests.scratch_database import connect

pytestmark = pytest.mark.drill
WITNESS, OWN = "minimal-tertiary-recovery", "minimal-primary-recovery"


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with object_store() as opened:
        yield opened


@pytest.fixture(scope="module")
def lease_bucket(endpoint: str) -> Iterator[Bucket]:
    with bucket(WITNESS) as made:
        yield made


@pytest.fixture(scope="module")
def own(endpoint: str) -> Iterator[Bucket]:
    with bucket(OWN) as made:
        yield made


@pytest.fixture
def witness(lease_bucket: Bucket) -> WitnessLease:
    lease_bucket.delete(KEY)
    return WitnessLease(lease_bucket, "minimal")


def environment(database: Database, **changes: str) -> dict[str, str]:
    login = database.login
    return {
        "DR_SYSTEM": "minimal", "DR_SITE": "primary", "DR_CLOUD": "aws", "DR_REGION": "us-east-1",
        "DR_WITNESS_CLOUD": "aws", "DR_WITNESS_REGION": "us-east-1",
        "DR_WITNESS_BUCKET": WITNESS, "DR_RECOVERY_BUCKET": OWN, "DR_LEASE_TTL_MS": "3000", "DR_LEASE_RENEW_MS": "500",
        "DR_STORES": "core", "DR_STORE_CORE_HOST": login.host, "DR_STORE_CORE_PORT": str(login.port),
        "DR_STORE_CORE_NAME": login.database, "DR_STORE_CORE_USER": login.user,
        "DR_STORE_CORE_PASSWORD": login.password, "DR_STORE_CORE_SERVICES": "shop", **changes,
    }  # fmt: skip


@pytest.fixture
def sentinel(lease_bucket: Bucket, own: Bucket, database: Database) -> Sentinel:
    return Sentinel(Settings.of(environment(database)), lease_bucket, own)


def writable(database: Database) -> bool:
    return bool(database.rows("SELECT dr_guard.why_not_write() IS NULL")[0][0])


@pytest.mark.parametrize("spoiled", [b"garbage", Lease("minimal", "primary", 1, 10**15, "00").to_bytes()])
def test_a_spoiled_lease_is_not_renewed_until_it_is_repaired(
    sentinel: Sentinel, witness: WitnessLease, lease_bucket: Bucket, spoiled: bytes
) -> None:
    witness.create(Lease.new("minimal", "primary", 1, 3000))
    sentinel.round()
    assert sentinel.holds
    lease_bucket.write(KEY, spoiled)
    for _ in range(3):
        sentinel.round()
    assert not sentinel.holds
    assert "is not a writer lease" in sentinel.said
    lease_bucket.write(KEY, Lease.new("minimal", "primary", 1, 3000).to_bytes())
    sentinel.round()
    assert sentinel.holds


def test_it_renews_its_own_lease_and_opens_its_database(
    sentinel: Sentinel, witness: WitnessLease, database: Database
) -> None:
    first = witness.create(Lease.new("minimal", "primary", 1, 3000))
    assert 0 <= sentinel.round() <= 0.5
    renewed = witness.read()
    assert renewed is not None
    assert renewed.etag != first.etag
    assert (renewed.lease.site, renewed.lease.epoch) == ("primary", 1)
    assert writable(database)
    held = guard.read(database)
    clock = guard.clock(database)
    assert held is not None
    assert clock is not None
    assert (held.valid_until - clock).total_seconds() <= 3 * 0.8, "the database ends before the witness counts"


def test_without_a_lease_it_does_nothing(sentinel: Sentinel, witness: WitnessLease, database: Database) -> None:
    assert sentinel.round() == 0.5
    assert witness.read() is None
    assert database.rows("SELECT to_regclass('dr_guard.writer_lease')")[0][0] is None


def test_a_lease_of_another_site_is_left_alone_and_the_claim_taken_back(
    sentinel: Sentinel, witness: WitnessLease, own: Bucket, database: Database
) -> None:
    seen = witness.create(Lease.new("minimal", "primary", 1, 3000))
    sentinel.round()
    own.write(CLAIM, b"{}")
    current = witness.read()
    assert current is not None
    taken = witness.replace(current, Lease.new("minimal", "secondary", 2, 3000))
    sentinel.round()  # its renewal fails
    sentinel.round()  # it looks again
    found = witness.read()
    assert found is not None
    assert found.etag == taken.etag != seen.etag
    assert own.read(CLAIM) is None
    held = guard.read(database)
    assert held is not None
    assert held.epoch == 1


def test_while_the_service_moves_it_touches_neither_claim_nor_database(
    sentinel: Sentinel, witness: WitnessLease, own: Bucket, database: Database
) -> None:
    """Nobody knows yet which site will be opened: the old one goes on where it was when the lease is its own again."""
    witness.create(Lease.new("minimal", "primary", 1, 3000))
    sentinel.round()
    own.write(CLAIM, b"{}")
    seen = witness.read()
    assert seen is not None
    witness.replace(seen, Lease.new("minimal", BETWEEN, 2, 3000))
    database.rows("SELECT setval('dr_guard.valid_until', 1)")
    for _ in range(2):  # one renewal fails, one looks again
        sentinel.round()
    assert not sentinel.holds
    assert own.read(CLAIM) is not None
    assert guard.closed_since(database) is None
    seen = witness.read()
    assert seen is not None
    assert seen.lease.site == BETWEEN
    witness.replace(seen, Lease.new("minimal", "primary", 1, 3000))
    sentinel.round()
    assert sentinel.holds
    assert writable(database)
    own.delete(CLAIM)


def test_a_copy_that_was_left_behind_stays_closed_while_the_lease_moves_to_the_next_epoch(
    sentinel: Sentinel, witness: WitnessLease, database: Database
) -> None:
    """The sentinel may renew at any moment of a restore: between the two, and before anybody has looked again."""
    witness.create(Lease.new("minimal", "primary", 1, 3000))
    sentinel.round()
    assert guard.revoke(database, NOBODY, 2)
    sentinel.round()
    assert not writable(database)
    seen = witness.read()
    assert seen is not None
    witness.replace(seen, Lease.new("minimal", "primary", 2, 3000))
    for _ in range(3):  # one renewal fails, one looks again, one goes through
        sentinel.round()
        assert not writable(database)
    assert sentinel.said == "renewed the writer lease, epoch 2"
    assert guard.revoke(database, NOBODY, 2), "the step that closes it can be repeated"


def test_a_lease_is_not_renewed_for_a_database_that_does_not_answer(
    lease_bucket: Bucket, own: Bucket, witness: WitnessLease, database: Database
) -> None:
    made = witness.create(Lease.new("minimal", "primary", 1, 3000))
    blind = Sentinel(Settings.of(environment(database, DR_STORE_CORE_PORT="9")), lease_bucket, own)
    assert blind.round() < 0.5
    found = witness.read()
    assert found is not None
    assert found.etag == made.etag


def test_a_renewal_waits_for_nothing_that_the_service_holds(
    sentinel: Sentinel, witness: WitnessLease, database: Database
) -> None:
    """A table of another role, one that is being loaded, and one that is locked: the lease is renewed all the same."""
    database.script("""
        DROP ROLE IF EXISTS stranger; CREATE ROLE stranger; CREATE TABLE theirs (id int); CREATE TABLE load (id int);
        ALTER TABLE theirs OWNER TO stranger
    """)
    witness.create(Lease.new("minimal", "primary", 1, 3000))
    with closing(connect(database)) as service:
        service.execute("BEGIN")
        service.execute("INSERT INTO load VALUES (1)")
        service.execute("LOCK TABLE orders")
        sentinel.round()
        assert sentinel.holds, sentinel.said
        sentinel.guard_tables()
        named = {each.name: each.reason for keeper in sentinel.keepers for each in keeper.unguarded}
        assert set(named) == {"public.load", "public.orders"}, "a superuser may guard what belongs to others"
        sentinel.round()
        assert sentinel.holds, sentinel.said
        service.execute("COMMIT")
    assert writable(database)


def test_a_database_whose_lease_went_elsewhere_is_closed(
    sentinel: Sentinel, witness: WitnessLease, database: Database
) -> None:
    seen = witness.create(Lease.new("minimal", "primary", 1, 3000))
    sentinel.round()
    current = witness.read()
    assert current is not None
    witness.replace(current, Lease.new("minimal", "secondary", 2, 3000))
    assert seen.etag != current.etag
    wait_until(lambda: sentinel.round() and not writable(database), timeout=10, what="the lease to be over")
    sentinel.round()
    with closing(connect(database)) as service, pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        service.execute("SELECT lo_create(0)")


def test_it_says_on_its_page_what_is_not_guarded(
    witness: WitnessLease, lease_bucket: Bucket, own: Bucket, managed: Database, database: Database
) -> None:
    database.script("CREATE TABLE theirs (id int)")
    mine = Sentinel(Settings.of(environment(managed)), lease_bucket, own)
    witness.create(Lease.new("minimal", "primary", 1, 3000))
    mine.round()
    mine.guard_tables()
    server = serve_health(mine, "127.0.0.1", 0)
    with urlopen(f"http://127.0.0.1:{server.server_port}/health") as answer:
        page = json.load(answer)
    server.shutdown()
    assert page["said"] == "renewed the writer lease, epoch 1"
    (found,) = [each for each in page["unguarded"] if each["name"] == "public.theirs"]
    assert found["database"] == managed.login.database
    assert "GRANT TRIGGER ON public.theirs" in found["reason"]


def test_what_its_environment_lacks_is_named() -> None:
    with pytest.raises(BadInput, match="DR_SYSTEM, DR_SITE"):
        Settings.of({})

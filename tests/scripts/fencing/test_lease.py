"""The writer lease on a real object store that knows conditional writes: who may take it, and when."""

import json
import os
from collections.abc import Iterator
from unittest.mock import patch

import pytest

from scripts.clouds.aws.objects import Bucket
from scripts.clouds.aws.session import Session
from scripts.clouds.protocol import ConditionFailed
from scripts.core.errors import NotFenced
from scripts.fencing.lease import (
    KEY,
    Lease,
    LeaseSpoiled,
    Seen,
    WitnessLease,
    wait_until_expired,
    why_not_expired,
)
from tests.scratch_bucket import bucket, object_store

BUCKET, REGION = "minimal-tertiary-recovery", "us-east-1"


@pytest.fixture(scope="module")
def store() -> Iterator[Bucket]:
    with object_store(), bucket(BUCKET, REGION) as made:
        yield made


@pytest.fixture
def witness(store: Bucket) -> WitnessLease:
    store.delete(KEY)
    return WitnessLease(store, "minimal")


def lease(site: str = "primary", epoch: int = 1, ttl_ms: int = 3000) -> Lease:
    return Lease.new("minimal", site, epoch, ttl_ms)


def test_there_is_one_first_lease(witness: WitnessLease) -> None:
    assert witness.read() is None
    witness.create(lease())
    with pytest.raises(ConditionFailed):
        witness.create(lease("secondary"))


def test_who_saw_an_older_lease_cannot_write(witness: WitnessLease) -> None:
    first = witness.create(lease())
    taken = witness.replace(first, lease("secondary", 2))
    with pytest.raises(ConditionFailed):
        witness.replace(first, lease())
    found = witness.read()
    assert found is not None
    assert (found.lease, found.etag) == (taken.lease, taken.etag)


def test_a_fresh_lease_has_not_expired(witness: WitnessLease) -> None:
    seen = witness.create(lease())
    assert "may run" in (why_not_expired(seen, seen) or "")


def test_a_lease_that_stands_still_for_its_ttl_has_expired(witness: WitnessLease) -> None:
    made = witness.create(lease(ttl_ms=300))
    found = wait_until_expired(witness, poll_seconds=0.05)
    assert found is not None
    assert found.etag == made.etag
    assert found.at - made.at >= 0.3 or found.age_seconds >= 0.3


def test_a_lease_that_is_renewed_meanwhile_is_alive(witness: WitnessLease) -> None:
    witness.create(lease(ttl_ms=60_000))

    def renews(_seconds: float) -> None:
        seen = witness.read()
        assert seen is not None
        witness.replace(seen, lease(ttl_ms=60_000))

    with pytest.raises(NotFenced, match="renewed its writer lease"):
        wait_until_expired(witness, pause=renews)


def test_a_witness_that_does_not_answer_is_no_evidence() -> None:
    with patch.dict(
        os.environ, {"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}
    ):
        silent = WitnessLease(Bucket(Session(), REGION, BUCKET), "minimal")
        with pytest.raises(NotFenced, match="witness does not answer"):
            wait_until_expired(silent)


@pytest.mark.parametrize(("age", "expired"), [(1.9, False), (2.9, False), (3.0, True), (60.0, True)])
def test_the_witness_own_clock_decides(witness: WitnessLease, age: float, *, expired: bool) -> None:
    made = witness.create(lease())
    old = Seen(made.lease, made.etag, made.at, age, made.changed_at)
    assert (why_not_expired(old, old) is None) is expired


GOOD = {"system": "minimal", "site": "primary", "epoch": 1, "ttl_ms": 3000, "nonce": "00"}


@pytest.mark.parametrize(
    "body",
    [
        b"", b"[]", b"{}", b"null", b'{"system": "x"}', b"\xff\xfe", b"[" * 100_000, b'{"a":' * 10_000,
        *(json.dumps(GOOD | changed).encode() for changed in (
            {"system": "other"}, {"site": ""}, {"site": "a\x1b[2Jb"}, {"site": "x" * 101}, {"site": None},
            {"epoch": "1"}, {"epoch": True}, {"epoch": 0}, {"epoch": -1}, {"epoch": 10**12}, {"epoch": 1.5},
            {"ttl_ms": 10**15}, {"ttl_ms": 300_001}, {"ttl_ms": 0}, {"ttl_ms": -1}, {"ttl_ms": float("inf")},
            {"nonce": 5}, {"more": 1},
        )),
    ],
)  # fmt: skip
def test_what_is_no_lease_is_said_so_and_stops_nobody_for_longer(
    store: Bucket, witness: WitnessLease, body: bytes
) -> None:
    store.write(KEY, body)
    with pytest.raises(LeaseSpoiled, match="is not a writer lease of minimal") as found:
        wait_until_expired(witness)
    assert "dr lease repair" in found.value.hint


def test_a_lease_of_the_longest_time_is_one(store: Bucket, witness: WitnessLease) -> None:
    store.write(KEY, json.dumps(GOOD | {"ttl_ms": 300_000}).encode())
    assert witness.read() is not None

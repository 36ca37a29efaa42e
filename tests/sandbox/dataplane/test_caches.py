"""A cache is a real server behind TLS: what opens it, what it keeps, and what can be brought into it."""

import itertools
from collections.abc import Callable, Iterator

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from sandbox.fabric import FabricError
from tests.sandbox.dataplane.conftest import NORTH, WEST, Lab

GB = 1 << 30
KEYS = ("open-sesame", "open-barley")
Client = Callable[..., "redis.Redis"]
_count = itertools.count(1)


@pytest.fixture
def cache(lab: Lab) -> Iterator[str]:
    """One that saves nothing by itself."""
    name, issued = f"cache-{next(_count)}", lab.world.authority.issue(["cache.test"])
    lab.world.fabric.caches.create(
        NORTH, name, memory_bytes=GB, keys=KEYS, save_seconds=None, certificate=issued.certificate + issued.key
    )
    yield name
    lab.world.fabric.caches.delete(NORTH, name)


@pytest.fixture
def client(lab: Lab) -> Iterator[Client]:
    """client(cache, key, view) -> a client that believes whatever the world's authority has signed."""
    made: list[redis.Redis] = []

    def connect(name: str, key: str = KEYS[0], view: str = NORTH) -> "redis.Redis":
        address = lab.world.fabric.locate("cache", NORTH, name, view)
        found = redis.Redis(
            host=str(address), port=lab.world.numbers.caches, password=key, ssl=True, ssl_check_hostname=False,
            ssl_ca_certs=str(lab.world.layout.authority), socket_timeout=5, socket_connect_timeout=2,
            retry=Retry(NoBackoff(), 0),
        )  # fmt: skip
        made.append(found)
        return found

    yield connect
    for each in made:
        each.close()


def test_it_speaks_tls_to_its_region_and_to_the_outside_alone(lab: Lab, cache: str, client: Client) -> None:
    client(cache).set("greeting", "hello")
    assert client(cache, KEYS[1], "outside").get("greeting") == b"hello"
    with pytest.raises(redis.ConnectionError):
        client(cache, view=WEST).ping()


def test_a_wrong_key_and_the_commands_of_the_service_are_refused(lab: Lab, cache: str, client: Client) -> None:
    with pytest.raises(redis.AuthenticationError):
        client(cache, "a guess").ping()
    with pytest.raises(redis.exceptions.NoPermissionError):
        client(cache).config_get("dir")
    lab.world.fabric.caches.set_keys(NORTH, cache, ("another",))
    with pytest.raises(redis.AuthenticationError):
        client(cache).ping()
    assert client(cache, "another").ping()


def test_what_is_brought_takes_the_place_of_all_that_it_held(lab: Lab, cache: str, client: Client) -> None:
    caches = lab.world.fabric.caches
    client(cache).mset({"one": "1", "two": "2"})
    kept = caches.export(NORTH, cache)
    caches.flush(NORTH, cache)
    client(cache).set("three", "3")
    caches.bring(NORTH, cache, kept)
    assert set(client(cache).scan_iter()) == {b"one", b"two"}


@pytest.mark.parametrize("spoil", [lambda rdb: rdb[:-12], lambda rdb: b"not one" + rdb], ids=["cut off", "no snapshot"])
def test_a_bad_snapshot_is_refused_and_leaves_what_it_held(
    lab: Lab, cache: str, client: Client, spoil: Callable[[bytes], bytes]
) -> None:
    caches = lab.world.fabric.caches
    client(cache).set("one", "1")
    kept = spoil(caches.export(NORTH, cache))
    client(cache).set("two", "2")
    with pytest.raises(FabricError):
        caches.bring(NORTH, cache, kept)
    assert set(client(cache).scan_iter()) == {b"one", b"two"}


def test_one_that_is_shut_answers_nobody(lab: Lab, cache: str, client: Client) -> None:
    caches = lab.world.fabric.caches
    caches.shut(NORTH, cache, shut=True)
    with pytest.raises((redis.ConnectionError, redis.TimeoutError)):
        client(cache).ping()
    caches.shut(NORTH, cache, shut=False)
    assert client(cache).ping()


def test_a_lost_region_takes_what_was_not_saved(lab: Lab, cache: str, client: Client) -> None:
    caches = lab.world.fabric.caches
    client(cache).set("one", "1")
    lab.world.break_("region", {"region": NORTH})
    try:
        with pytest.raises(redis.ConnectionError):
            client(cache).ping()
        with pytest.raises(FabricError):
            caches.export(NORTH, cache)
    finally:
        lab.world.heal("region", {"region": NORTH})
    assert client(cache).dbsize() == 0

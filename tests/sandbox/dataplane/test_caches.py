"""A cache is a real server behind TLS: what opens it, what it keeps, and what can be brought into it."""

import itertools
from collections.abc import Callable, Iterator

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from sandbox.dataplane.read_through import KEPT_SECONDS, caches
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
    for forbidden in ("CONFIG GET dir", "MIGRATE 127.0.0.1 1 key 0 10", "PSYNC ? -1", "SYNC", "REPLCONF capa eof"):
        with pytest.raises(redis.exceptions.NoPermissionError):
            client(cache).execute_command(*forbidden.split())  # type: ignore[no-untyped-call]
    lab.world.fabric.caches.set_keys(NORTH, cache, ("another",))
    with pytest.raises(redis.AuthenticationError):
        client(cache).ping()
    assert client(cache, "another").ping()


def test_what_is_brought_takes_the_place_of_all_that_it_held(lab: Lab, cache: str, client: Client) -> None:
    fabric = lab.world.fabric.caches
    client(cache).mset({"one": "1", "two": "2"})
    kept = fabric.export(NORTH, cache)
    fabric.flush(NORTH, cache)
    client(cache).set("three", "3")
    fabric.bring(NORTH, cache, kept)
    assert set(client(cache).scan_iter()) == {b"one", b"two"}


@pytest.mark.parametrize("spoil", [lambda rdb: rdb[:-12], lambda rdb: b"not one" + rdb], ids=["cut off", "no snapshot"])
def test_a_bad_snapshot_is_refused_and_leaves_what_it_held(
    lab: Lab, cache: str, client: Client, spoil: Callable[[bytes], bytes]
) -> None:
    fabric = lab.world.fabric.caches
    client(cache).set("one", "1")
    kept = spoil(fabric.export(NORTH, cache))
    client(cache).set("two", "2")
    with pytest.raises(FabricError):
        fabric.bring(NORTH, cache, kept)
    assert set(client(cache).scan_iter()) == {b"one", b"two"}


def test_one_that_is_shut_answers_nobody(lab: Lab, cache: str, client: Client) -> None:
    fabric = lab.world.fabric.caches
    fabric.shut(NORTH, cache, shut=True)
    with pytest.raises((redis.ConnectionError, redis.TimeoutError)):
        client(cache).ping()
    fabric.shut(NORTH, cache, shut=False)
    assert client(cache).ping()


def test_a_lost_region_takes_what_was_not_saved(lab: Lab, cache: str, client: Client) -> None:
    fabric = lab.world.fabric.caches
    client(cache).set("one", "1")
    lab.world.break_("region", {"region": NORTH})
    try:
        with pytest.raises(redis.ConnectionError):
            client(cache).ping()
        with pytest.raises(FabricError):
            fabric.export(NORTH, cache)
        fabric.shut(NORTH, cache, shut=False)  # a network elsewhere changed, and each cache is looked at anew
    finally:
        lab.world.heal("region", {"region": NORTH})
    assert client(cache).dbsize() == 0


@pytest.fixture
def found_by_name(lab: Lab, cache: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The environment of a process of its region, and the name in the certificate of the cache."""
    monkeypatch.setenv("DR_RESOLVER", f"{lab.world.addresses.resolver(NORTH)}:{lab.world.numbers.dns}")
    monkeypatch.setenv("SSL_CERT_FILE", str(lab.world.layout.authority))
    for name in ("cache.test", "another.test"):
        lab.world.names.add_cache(name, NORTH, cache)
    yield "cache.test"
    for name in ("cache.test", "another.test"):
        lab.world.names.remove(name)


def told(lab: Lab, host: str, key: str = KEYS[0]) -> dict[str, str]:
    """What a service is told of its stores."""
    port = str(lab.world.numbers.caches)
    of_cache = {"HOST": host, "PORT": port, "PASSWORD": key}
    of_core = {"HOST": "core.test", "PORT": "1", "USER": "dr_web_service", "PASSWORD": "x"}
    return {
        "DR_STORES": "core,cache,secrets",
        **{f"DR_STORE_CACHE_{part}": value for part, value in of_cache.items()},
        **{f"DR_STORE_CORE_{part}": value for part, value in of_core.items()},
    }


def test_a_service_keeps_what_it_read_in_its_cache_and_in_no_other_store(
    lab: Lab, found_by_name: str, client: Client, cache: str
) -> None:
    ((store, through),) = caches(told(lab, found_by_name)).items()
    assert store == "cache"
    assert (through.why_not_up(), through.count(), through.get("order:1")) == ("", 0, None)
    through.put("order:1", {"payload": "zwölf\r\n"})
    assert through.get("order:1") == {"payload": "zwölf\r\n"}
    assert through.count() == 1
    assert 0 < int(str(client(cache).ttl("order:1"))) <= KEPT_SECONDS


def test_a_cache_that_is_gone_costs_a_service_nothing_but_time(lab: Lab, found_by_name: str, cache: str) -> None:
    (through,) = caches(told(lab, found_by_name)).values()
    through.put("order:1", {"payload": "one"})
    lab.world.fabric.caches.shut(NORTH, cache, shut=True)
    assert "TimeoutError" in through.why_not_up()
    through.put("order:2", {"payload": "two"})
    assert (through.get("order:1"), through.count()) == (None, -1)
    lab.world.fabric.caches.shut(NORTH, cache, shut=False)
    assert through.why_not_up() == ""
    assert through.get("order:1") == {"payload": "one"}


@pytest.mark.parametrize(
    ("host", "key", "says"), [("another.test", KEYS[0], "SSLCertVerificationError"), ("cache.test", "x", "WRONGPASS")]
)
def test_a_service_believes_no_other_name_and_is_believed_with_no_other_key(
    *, lab: Lab, found_by_name: str, host: str, key: str, says: str
) -> None:
    (through,) = caches(told(lab, host, key)).values()
    assert says in through.why_not_up()

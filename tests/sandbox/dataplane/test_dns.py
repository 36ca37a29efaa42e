"""Names lead where the asker may go, and zones are asked each time."""

from collections.abc import Iterator

import dns.message
import dns.query
import dns.rcode
import pytest

from sandbox.clouds.names import Answer
from sandbox.dataplane.addresses import OUTSIDE, Addresses, reserve
from sandbox.dataplane.dns import NameServers, WorldNames
from sandbox.dataplane.resolve import NoAddress, addresses

WHERE = Addresses(["north", "west"])
UP = {OUTSIDE: True, "north": True, "west": True}


@pytest.fixture
def names() -> WorldNames:
    gateways = {view: WHERE.gateway(view) for view in WHERE.views()}

    def locate(kind: str, region: str, name: str, view: str) -> str | None:
        return None if name == "gone" else WHERE.place(region, 1 if kind == "database" else 2, view)

    made = WorldNames(gateways, locate, pace=1)
    made.add_domain("amazonaws.com")
    made.add_database("Core.north.rds.amazonaws.com.", "north", "core")
    made.add_database("gone.north.rds.amazonaws.com", "north", "gone")
    made.add_front_door("door.elb.amazonaws.com", "west", "door")
    return made


def test_each_asker_gets_an_address_of_its_own(names: WorldNames) -> None:
    name = "core.north.rds.amazonaws.com"
    assert names.resolve(name, "north") == ["127.11.1.1"]
    assert names.resolve(name, OUTSIDE) == ["127.11.2.1"]
    assert names.resolve(name, "west") == ["127.11.112.1"]
    assert names.resolve("gone.north.rds.amazonaws.com", OUTSIDE) == []
    names.remove(name)
    assert names.resolve(name, "north") == ["127.11.0.1"]  # a service's name again: the gateway's


def test_aliases_and_canonical_names_are_followed_in_the_askers_view(names: WorldNames) -> None:
    answers = {
        "api.example.com": Answer("ALIAS", ["standby.example.com"], 60),
        "standby.example.com": Answer("ALIAS", ["door.elb.amazonaws.com"], 60),
        "www.example.com": Answer("CNAME", ["api.example.com"], 30),
        "loop.example.com": Answer("ALIAS", ["loop.example.com"], 1),
        "empty.example.com": Answer("A", [], 1),
    }
    names.add_zone("example.com", lambda name, _kind: answers.get(name))
    assert names.resolve("api.example.com", "west") == ["127.12.1.2"]
    assert names.resolve("www.EXAMPLE.com.", OUTSIDE) == ["127.12.2.2"]
    assert names.resolve("loop.example.com", OUTSIDE) == []
    assert names.resolve("empty.example.com", OUTSIDE) == []
    assert names.records("nothing.example.com", "A", OUTSIDE)[1] == dns.rcode.NXDOMAIN
    names.remove_zone("example.com")
    assert names.records("api.example.com", "A", OUTSIDE)[1] == dns.rcode.NXDOMAIN


@pytest.fixture
def port(names: WorldNames) -> Iterator[int]:
    numbers, lock = reserve(2)
    servers = NameServers(names, {view: WHERE.resolver(view) for view in WHERE.views()}, numbers.dns, lambda v: UP[v])
    yield numbers.dns
    servers.stop()
    lock.close()


def test_servers_answer_by_their_address_over_udp_and_tcp(port: int, names: WorldNames) -> None:
    names.add_zone("broken.com", lambda _name, _kind: 1 / 0)  # type: ignore[arg-type,return-value]
    name = "core.north.rds.amazonaws.com"
    assert addresses(name, server=f"127.0.0.1:{port}") == (["127.11.2.1"], 5.0)
    assert addresses(name, server=f"127.12.0.53:{port}")[0] == ["127.11.112.1"]
    asked = dns.message.make_query(name, "A")
    assert dns.query.tcp(asked, "127.11.0.53", port=port, timeout=5).answer[0][0].to_text() == "127.11.1.1"
    failed = dns.query.udp(dns.message.make_query("x.broken.com", "A"), "127.0.0.1", port=port, timeout=5)
    assert failed.rcode() == dns.rcode.SERVFAIL
    with pytest.raises(NoAddress, match="NXDOMAIN"):
        addresses("nobody.example.org", server=f"127.0.0.1:{port}")


def test_a_dead_regions_server_says_nothing(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(UP, "west", False)
    with pytest.raises(NoAddress, match="does not answer"):
        addresses("core.north.rds.amazonaws.com", server=f"127.12.0.53:{port}", tries=1)

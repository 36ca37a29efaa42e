"""Route 53: what names answer, by checks that are really made."""

import http.server
import threading
import uuid
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.asserts.waiting import wait_until

Client = Callable[..., Any]


class Target(http.server.BaseHTTPRequestHandler):
    """Answers with what the test wants."""

    status = 200

    def do_GET(self) -> None:
        self.send_response(Target.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        pass


@pytest.fixture
def target() -> Iterator[int]:
    Target.status = 200
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Target)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()


@pytest.fixture
def zone(client: Client) -> tuple[Any, str, str]:
    """(client, zone id, zone name)"""
    route53 = client("route53", "us-east-1")
    name = f"z{uuid.uuid4().hex[:8]}.example"
    made = route53.create_hosted_zone(Name=name, CallerReference=str(uuid.uuid4()))
    return route53, made["HostedZone"]["Id"], name


def put(zone: tuple[Any, str, str], name: str, **record: Any) -> None:
    full = {"Name": f"{name}.{zone[2]}", "Type": "A", **record}
    if "AliasTarget" not in full:
        full.setdefault("TTL", 5)
    changes = [{"Action": "UPSERT", "ResourceRecordSet": full}]
    zone[0].change_resource_record_sets(HostedZoneId=zone[1], ChangeBatch={"Changes": changes})


def ask(world: SimpleNamespace, zone: tuple[Any, str, str], name: str) -> Any:
    return world.names.zones[zone[2]](f"{name}.{zone[2]}", "A")


def answers(world: SimpleNamespace, zone: tuple[Any, str, str], name: str) -> Callable[[], list[str]]:
    return lambda: list(ask(world, zone, name).values)


def check(zone: tuple[Any, str, str], **config: Any) -> str:
    made = zone[0].create_health_check(CallerReference=str(uuid.uuid4()), HealthCheckConfig=config)
    return str(made["HealthCheck"]["Id"])


def http_check(zone: tuple[Any, str, str], port: int, **config: Any) -> str:
    place = {"IPAddress": "127.0.0.1", "Port": port, "ResourcePath": "/"}
    return check(zone, Type="HTTP", RequestInterval=10, FailureThreshold=3, **place, **config)


def address(*values: str) -> list[dict[str, str]]:
    return [{"Value": value} for value in values]


def test_a_simple_record_and_an_alias_answer(zone: Any, world: SimpleNamespace) -> None:
    put(zone, "plain", ResourceRecords=address("127.0.0.5"))
    found = ask(world, zone, "plain")
    assert (found.kind, list(found.values)) == ("A", ["127.0.0.5"])
    assert found.ttl_seconds == pytest.approx(5 / 50)
    alias = {"DNSName": f"plain.{zone[2]}", "HostedZoneId": "Z", "EvaluateTargetHealth": False}
    put(zone, "alias", AliasTarget=alias)
    found = ask(world, zone, "alias")
    assert (found.kind, list(found.values)) == ("ALIAS", [f"plain.{zone[2]}"])
    assert ask(world, zone, "nothing") is None


def test_failover_follows_the_check_and_comes_back(zone: Any, world: SimpleNamespace, target: int) -> None:
    identity = http_check(zone, target)
    primary = {"SetIdentifier": "p", "Failover": "PRIMARY", "HealthCheckId": identity}
    put(zone, "api", ResourceRecords=address("127.0.0.1"), **primary)
    put(zone, "api", ResourceRecords=address("127.0.0.2"), SetIdentifier="s", Failover="SECONDARY")
    seen = answers(world, zone, "api")
    assert seen() == ["127.0.0.1"]
    Target.status = 503
    wait_until(lambda: seen() == ["127.0.0.2"], timeout=15, what="the failover")

    def report() -> Any:
        return zone[0].get_health_check_status(HealthCheckId=identity)["HealthCheckObservations"]

    wait_until(lambda: len(report()) > 1, timeout=15, what="more than one checker to have asked")
    assert any("503" in one["StatusReport"]["Status"] for one in report())
    Target.status = 200
    wait_until(lambda: seen() == ["127.0.0.1"], timeout=15, what="the way back")


def test_a_calculated_check_counts_inverted_children(zone: Any, world: SimpleNamespace, target: int) -> None:
    Target.status = 404
    claimed = http_check(zone, target, Inverted=True)
    keeps = check(zone, Type="CALCULATED", ChildHealthChecks=[claimed], HealthThreshold=1)
    primary = {"SetIdentifier": "p", "Failover": "PRIMARY", "HealthCheckId": keeps}
    put(zone, "chain", ResourceRecords=address("127.0.0.1"), **primary)
    put(zone, "chain", ResourceRecords=address("127.0.0.2"), SetIdentifier="s", Failover="SECONDARY")
    seen = answers(world, zone, "chain")
    wait_until(lambda: seen() == ["127.0.0.1"], timeout=15, what="no claim: the primary")
    Target.status = 200
    wait_until(lambda: seen() == ["127.0.0.2"], timeout=15, what="a claim: the secondary")
    with pytest.raises(ClientError, match="child"):
        zone[0].delete_health_check(HealthCheckId=claimed)


def test_inverting_and_disabling_act_at_once(zone: Any, world: SimpleNamespace, target: int) -> None:
    identity = http_check(zone, target)
    put(zone, "flip", ResourceRecords=address("127.0.0.1"), SetIdentifier="a", Weight=100, HealthCheckId=identity)
    put(zone, "flip", ResourceRecords=address("127.0.0.2"), SetIdentifier="b", Weight=0)
    seen = answers(world, zone, "flip")
    wait_until(lambda: seen() == ["127.0.0.1"], timeout=10, what="the heavy one")
    zone[0].update_health_check(HealthCheckId=identity, Inverted=True)
    assert seen() == ["127.0.0.2"]
    Target.status = 500
    zone[0].update_health_check(HealthCheckId=identity, Inverted=False, Disabled=True)
    assert seen() == ["127.0.0.1"]


def test_a_check_can_lie(zone: Any, world: SimpleNamespace, target: int) -> None:
    identity = http_check(zone, target)
    zone[0].change_tags_for_resource(
        ResourceType="healthcheck", ResourceId=identity, AddTags=[{"Key": "Name", "Value": "liar"}]
    )
    put(
        zone, "lie", ResourceRecords=address("127.0.0.1"), SetIdentifier="a", Failover="PRIMARY", HealthCheckId=identity
    )
    put(zone, "lie", ResourceRecords=address("127.0.0.2"), SetIdentifier="b", Failover="SECONDARY")
    world.fabric.network.lies["liar"] = False
    try:
        assert list(ask(world, zone, "lie").values) == ["127.0.0.2"]
    finally:
        world.fabric.network.lies.clear()
    assert list(ask(world, zone, "lie").values) == ["127.0.0.1"]


def test_two_primaries_of_one_name_are_refused(zone: Any) -> None:
    put(zone, "two", ResourceRecords=address("127.0.0.1"), SetIdentifier="a", Failover="PRIMARY")
    with pytest.raises(ClientError, match="cannot be duplicated"):
        put(zone, "two", ResourceRecords=address("127.0.0.2"), SetIdentifier="b", Failover="PRIMARY")

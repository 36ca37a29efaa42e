"""Pods are processes: probed, restarted, replaced, and led to by front doors and names."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from sandbox.clouds.names import Answer
from sandbox.dataplane.processes import start_time
from sandbox.fabric import InitSpec, Listener, PodSpec, PodState, Route
from sandbox.workload import Workload
from tests.asserts.waiting import wait_until
from tests.sandbox.dataplane.conftest import NORTH, PASSWORD, WEST, Lab

pytestmark = pytest.mark.drill
NAMESPACE = "samia"
NODE_PORT = 30080
ENDPOINT = "core.eu-north-1.rds.amazonaws.com"


class Cluster:
    """A service in front of a database, as the stacks would build it."""

    def __init__(self, lab: Lab, tmp_path: Path) -> None:
        self.lab, self._tmp = lab, tmp_path
        self.compute = lab.world.fabric.compute
        self.database = lab.primary(standby=True)
        lab.world.names.add_database(ENDPOINT, NORTH, self.database)
        doors = lab.world.fabric.front_doors
        doors.open(NORTH, "door", [Listener(80, (Route(node_port=NODE_PORT),))])
        self.address = doors.address(NORTH, "door", "outside")
        self.compute.expose(NORTH, NODE_PORT, NAMESPACE, ["booking"])
        lab.world.names.add_front_door("door.elb.amazonaws.com", NORTH, "door")
        lab.world.names.add_zone("example.com", lambda _name, _kind: Answer("ALIAS", ["door.elb.amazonaws.com"], 1))

    def spec(self, *, replicas: int = 2, **env: str) -> PodSpec:
        told = {
            "SERVICE": "booking",
            "DR_SITE": "primary",
            "DR_STORES": "core",
            "DR_STORE_CORE_HOST": ENDPOINT,
            "DR_STORE_CORE_PORT": str(self.lab.world.numbers.postgres),
            "DR_STORE_CORE_NAME": "core",
            "DR_STORE_CORE_USER": "app",
            "DR_STORE_CORE_PASSWORD": PASSWORD,
            **env,
        }
        return PodSpec(NAMESPACE, "booking", replicas, ("app",), told, init=[InitSpec(("migrate",), told)])

    def ready(self, count: int) -> list[PodState]:
        def look() -> list[PodState]:
            pods = self.compute.pods(NORTH, NAMESPACE)
            return pods if sum(pod.ready for pod in pods) == count == len(pods) else []

        found = wait_until(look, timeout=20, what=f"{count} ready pods")
        assert isinstance(found, list)
        return found

    def url(self, path: str) -> str:
        return f"http://{self.address}:{self.lab.world.numbers.http}{path}"

    def pids(self) -> dict[str, int]:
        return {pod["name"]: pod["pid"] for pod in self.lab.world.hosts[NORTH].call("pods")}

    def workload(self) -> Workload:
        return Workload(self.lab.world, "http://api.example.com", self._tmp / "ledger.jsonl")  # type: ignore[arg-type]


@pytest.fixture
def cluster(lab: Lab, tmp_path: Path) -> Iterator[Cluster]:
    made = Cluster(lab, tmp_path)
    yield made
    lab.world.heal(None, {})
    made.compute.remove(NORTH, NAMESPACE, "booking")
    lab.world.fabric.front_doors.close(NORTH, "door")
    wait_until(lambda: not made.compute.pods(NORTH, NAMESPACE), timeout=10, what="no pods")


def test_a_pod_that_crashes_is_started_again(cluster: Cluster) -> None:
    cluster.compute.apply(NORTH, cluster.spec())
    cluster.ready(2)
    name, pid = next(iter(cluster.pids().items()))
    os.kill(pid, signal.SIGKILL)

    def restarted() -> bool:
        again = {pod.name: pod for pod in cluster.compute.pods(NORTH, NAMESPACE)}
        return again[name].restarts == 1 and again[name].ready

    wait_until(restarted, timeout=20, what="the restart")


def test_a_changed_template_replaces_the_pods_and_scaling_keeps_them(cluster: Cluster) -> None:
    cluster.compute.apply(NORTH, cluster.spec(replicas=1))
    (old,) = cluster.ready(1)
    cluster.compute.apply(NORTH, cluster.spec(replicas=2))
    assert old.name in {pod.name for pod in cluster.ready(2)}
    cluster.compute.apply(NORTH, cluster.spec(replicas=2, DR_SITE="elsewhere"))
    wait_until(lambda: old.name not in cluster.pids(), timeout=20, what="the old pods to go")
    cluster.ready(2)
    assert httpx.get(cluster.url("/health")).json()["site"] == "elsewhere"
    names = set(cluster.pids())
    cluster.compute.restart(NORTH, NAMESPACE, "booking")
    wait_until(lambda: not names & set(cluster.pids()), timeout=20, what="the restarted pods")


@pytest.mark.parametrize(
    "command", [("no-such-thing",), ("manage", "wait", "1000")], ids=["not there", "serves nothing"]
)
def test_what_never_answers_never_gets_ready_and_the_pods_before_it_stay(
    cluster: Cluster, command: tuple[str, ...]
) -> None:
    cluster.compute.apply(NORTH, cluster.spec(replicas=1))
    (old,) = cluster.ready(1)
    cluster.compute.apply(NORTH, PodSpec(NAMESPACE, "booking", 1, command))

    def new() -> list[PodState]:
        return [pod for pod in cluster.compute.pods(NORTH, NAMESPACE) if pod.is_current]

    def has_run() -> bool:
        """What ends at once is seldom seen while it runs, and is started again."""
        return any(pod.restarts or cluster.pids().get(pod.name) for pod in new())

    wait_until(has_run, timeout=20, what="the new pod to run")
    if command == ("no-such-thing",):
        wait_until(lambda: new()[0].restarts >= 2, timeout=20, what="restarts")
    found = {pod.name: pod.ready for pod in cluster.compute.pods(NORTH, NAMESPACE)}
    assert found == {old.name: True, new()[0].name: False}


def test_a_pod_serves_nothing_before_what_comes_first_has_ended_well(cluster: Cluster) -> None:
    spec = cluster.spec(replicas=1)
    failing = InitSpec(("no-such-thing",))
    cluster.compute.apply(NORTH, PodSpec(NAMESPACE, "booking", 1, spec.command, spec.env, init=[failing]))
    wait_until(
        lambda: cluster.compute.pods(NORTH, NAMESPACE)[0].restarts >= 2, timeout=20, what="more than one attempt"
    )
    assert httpx.get(cluster.url("/health")).status_code in {502, 503}, "the door leads to nobody"
    assert not any(pod.ready for pod in cluster.compute.pods(NORTH, NAMESPACE))
    cluster.compute.apply(NORTH, spec)
    cluster.ready(1)
    assert httpx.get(cluster.url("/health")).status_code == 200


def test_orders_are_kept_and_shown_and_the_replica_refuses_them(cluster: Cluster) -> None:
    cluster.compute.apply(NORTH, cluster.spec())
    cluster.ready(2)
    made = httpx.post(cluster.url("/booking/orders"), json={"run": "t", "seq": 1, "payload": "a table for two"})
    assert made.status_code == 201
    assert made.json()["site"] == "primary"
    shown = httpx.get(cluster.url(f"/orders/{made.json()['id']}"))
    assert shown.json()["payload"] == "a table for two"
    assert httpx.get(cluster.url("/health/db")).json()["writable"] is True
    assert httpx.post(cluster.url("/orders"), content="not json").status_code == 400
    replica = cluster.lab.replica(cluster.database)
    cluster.lab.world.names.add_database("replica.rds.amazonaws.com", WEST, replica)
    cluster.compute.apply(NORTH, cluster.spec(DR_STORE_CORE_HOST="replica.rds.amazonaws.com"))

    def is_replica() -> bool:
        said = httpx.get(cluster.url("/health/db"))  # the door says 502 in words while the pods change
        return said.status_code == httpx.codes.OK and bool(said.json().get("replica"))

    wait_until(is_replica, timeout=20, what="the pods of the replica")
    refused = httpx.post(cluster.url("/orders"), json={})
    assert (refused.status_code, refused.json()["sqlstate"]) == (503, "25006")


def test_the_ledger_survives_a_standby_failover_and_counts_what_is_lost(cluster: Cluster) -> None:
    cluster.compute.apply(NORTH, cluster.spec())
    cluster.ready(2)
    workload = cluster.workload()
    workload.start()
    try:
        wait_until(lambda: len(workload.acknowledged()) > 50, timeout=20, what="acknowledged writes")
        cluster.lab.databases.fail_over_to_standby(NORTH, cluster.database)
        before = len(workload.acknowledged())
        wait_until(lambda: len(workload.acknowledged()) > before + 50, timeout=20, what="writes after the failover")
        outage = workload.outage()
        assert outage is not None
        assert outage.first_after is not None
        assert workload.refused()
    finally:
        workload.stop()
    databases = {"": cluster.lab.dsn(NORTH, cluster.database)}
    loss = workload.verify(databases)
    assert (loss.lost, loss.doubled) == (0, 0)
    victims = [entry["id"] for entry in workload.acknowledged()[-3:]]
    cluster.lab.execute(NORTH, cluster.database, f"DELETE FROM orders WHERE id = ANY ('{{{','.join(victims)}}}')")
    assert workload.verify(databases).lost == 3


def test_pods_die_with_their_region_and_come_back_with_it(cluster: Cluster) -> None:
    cluster.compute.apply(NORTH, cluster.spec())
    cluster.ready(2)
    old = cluster.pids()
    cluster.lab.world.break_("region", {"region": NORTH})
    assert not any(start_time(pid) for pid in old.values())
    with pytest.raises(httpx.TransportError):
        httpx.get(cluster.url("/health"))
    cluster.lab.world.heal("region", {})
    cluster.ready(2)
    assert httpx.get(cluster.url("/health/db")).status_code == 200

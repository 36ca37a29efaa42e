"""Services in Kubernetes: started, stopped, restarted by a rollout, and taken back to a revision that is still kept."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import kubernetes
import pytest

from sandbox.authority import Authority
from sandbox.clouds.planes import start_control_planes
from scripts.clouds.kubernetes.pods import Pods, PodService
from scripts.clouds.protocol import ServiceFeature
from scripts.core.errors import CloudFailed
from tests.sandbox.clouds.stand_in import PLAN, RecordedFabric, RecordedNames, ports

pytestmark = pytest.mark.thorough

REGION, CONTEXT, NAMESPACE = "eu-west-1", "samia-secondary", "samia"
LABELS = {"app.kubernetes.io/name": "auth"}
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SimpleNamespace]:
    """The control planes over a world of records, a namespace in the cluster, and its official client."""
    fabric = RecordedFabric()
    planes = start_control_planes(fabric, RecordedNames(), PLAN, ports(), tmp_path, authority=Authority("test"))
    try:
        kubeconfig = planes.env(REGION)["KUBECONFIG"]
        monkeypatch.setenv("KUBECONFIG", kubeconfig)
        configuration = kubernetes.client.Configuration()
        kubernetes.config.load_kube_config(kubeconfig, context=CONTEXT, client_configuration=configuration)
        api = kubernetes.client.ApiClient(configuration)
        kubernetes.client.CoreV1Api(api).create_namespace({"metadata": {"name": NAMESPACE}})
        yield SimpleNamespace(compute=fabric.compute, apps=kubernetes.client.AppsV1Api(api))
    finally:
        planes.stop()


@pytest.fixture
def auth(world: SimpleNamespace) -> PodService:
    world.apps.create_namespaced_deployment(NAMESPACE, deployment("samia/auth:1"))
    return Pods(CONTEXT, NAMESPACE).service("auth")


def deployment(image: str, *, history: int = 10) -> dict[str, Any]:
    container = {"name": "auth", "image": image, "command": ["app"], "env": [{"name": "IMAGE", "value": image}]}
    return {
        "metadata": {"name": "auth"},
        "spec": {
            "replicas": 2,
            "revisionHistoryLimit": history,
            "selector": {"matchLabels": LABELS},
            "template": {"metadata": {"labels": LABELS}, "spec": {"containers": [container]}},
        },
    }


def deploy(world: SimpleNamespace, image: str, *, history: int = 10) -> None:
    world.apps.patch_namespaced_deployment("auth", NAMESPACE, deployment(image, history=history))


def image_that_runs(world: SimpleNamespace) -> str:
    return str(world.compute.specs[REGION, NAMESPACE, "auth"].env["IMAGE"])


def test_it_is_stopped_and_started_again(auth: PodService, world: SimpleNamespace) -> None:
    assert ServiceFeature.START in auth.features
    auth.stop()
    stopped = auth.state()
    assert stopped is not None
    assert (stopped.wanted, stopped.ready, stopped.settled) == (0, 0, True)
    auth.start(3)
    started = auth.state()
    assert started is not None
    assert (started.wanted, started.ready, started.version) == (3, 3, stopped.version)
    assert world.compute.restarts == []


def test_a_restart_replaces_all_pods_once_for_one_moment(auth: PodService, world: SimpleNamespace) -> None:
    for _ in range(2):  # a step that is repeated asks for the same moment
        auth.restart(NOW)
        assert world.compute.restarts == [(REGION, NAMESPACE, "auth")]
    auth.restart(NOW + timedelta(seconds=1))
    assert len(world.compute.restarts) == 2
    assert image_that_runs(world) == "samia/auth:1"


def test_its_versions_are_what_it_ran_newest_first(auth: PodService, world: SimpleNamespace) -> None:
    deploy(world, "samia/auth:2")
    auth.stop()  # not a version of its own
    found = auth.versions()
    assert [(each.artefact, each.is_wanted) for each in found] == [("samia/auth:2", True), ("samia/auth:1", False)]
    state = auth.state()
    assert state is not None
    assert state.version == found[0].name
    assert all(each.made_at.tzinfo is not None for each in found)


def test_a_bad_version_is_taken_back(auth: PodService, world: SimpleNamespace) -> None:
    deploy(world, "samia/auth:2")
    good = auth.versions()[1]
    auth.roll_back(good.name)
    assert image_that_runs(world) == "samia/auth:1"
    after = auth.versions()
    assert [each.artefact for each in after] == ["samia/auth:1", "samia/auth:2"]
    assert after[0].is_wanted
    assert int(after[0].name) > int(good.name)
    restarts = len(world.compute.restarts)
    auth.roll_back(after[0].name)  # already wanted: nothing changes
    assert auth.versions() == after
    assert len(world.compute.restarts) == restarts
    labels = world.apps.read_namespaced_deployment("auth", NAMESPACE).spec.template.metadata.labels
    assert labels == LABELS


def test_a_version_that_is_not_kept_any_more_is_refused_with_those_that_are(
    auth: PodService, world: SimpleNamespace
) -> None:
    for number in (2, 3, 4):
        deploy(world, f"samia/auth:{number}", history=1)
    assert [each.artefact for each in auth.versions()] == ["samia/auth:4", "samia/auth:3"]
    with pytest.raises(CloudFailed, match="keeps no revision 1 of auth") as caught:
        auth.roll_back("1")
    assert caught.value.hint == "it keeps 4, 3"
    assert image_that_runs(world) == "samia/auth:4"


def test_a_change_that_was_not_rolled_out_is_not_settled(auth: PodService, world: SimpleNamespace) -> None:
    """Pods of the old version are still ready: being ready does not mean that the new one runs."""
    world.compute.lagging.add((REGION, NAMESPACE, "auth"))
    auth.restart(NOW)
    state = auth.state()
    assert state is not None
    assert (state.wanted, state.ready, state.settled) == (2, 2, False)


def test_what_is_not_deployed_has_no_state_and_no_versions(world: SimpleNamespace) -> None:
    gone = Pods(CONTEXT, NAMESPACE).service("nobody")
    assert gone.state() is None
    for ask in (gone.versions, lambda: gone.roll_back("1")):
        with pytest.raises(CloudFailed, match="has no Deployment nobody"):
            ask()


def test_the_revisions_of_a_deployment_go_with_it(auth: PodService, world: SimpleNamespace) -> None:
    deploy(world, "samia/auth:2")
    assert len(world.apps.list_namespaced_replica_set(NAMESPACE).items) == 2
    world.apps.delete_namespaced_deployment("auth", NAMESPACE)
    assert world.apps.list_namespaced_replica_set(NAMESPACE).items == []


def test_a_version_that_was_only_restarted_or_runs_again_keeps_its_content(
    auth: PodService, world: SimpleNamespace
) -> None:
    deploy(world, "samia/auth:2")
    new, old = auth.versions()
    assert new.content != old.content
    auth.restart(NOW)
    assert [each.content for each in auth.versions()] == [new.content, new.content, old.content]
    auth.roll_back(old.name)
    again = auth.versions()[0]
    assert (again.content, again.is_wanted) == (old.content, True)
    assert again.name != old.name


def test_the_last_lines_of_each_of_its_pods_are_read(auth: PodService, world: SimpleNamespace) -> None:
    assert ServiceFeature.LOGS in auth.features
    world.compute.written["auth-0"] = "one\ntwo\nthree\n"
    assert auth.logs(2) == {"auth-0": ("two", "three"), "auth-1": ()}

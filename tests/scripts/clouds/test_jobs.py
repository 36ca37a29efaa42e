"""A command that runs once where a service runs: a Job that serves nobody, is done once, and ends in its time."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import kubernetes
import pytest

from sandbox.authority import Authority
from sandbox.clouds.planes import start_control_planes
from scripts.clouds.kubernetes.jobs import job_of
from scripts.clouds.kubernetes.pods import Pods, PodService
from scripts.clouds.protocol import ServiceFeature
from scripts.core.errors import CloudFailed
from tests.sandbox.clouds.stand_in import PLAN, RecordedFabric, RecordedNames, ports

REGION, CONTEXT, NAMESPACE = "eu-west-1", "samia-secondary", "samia"
LABELS = {"app.kubernetes.io/name": "auth"}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimpleNamespace]:
    """The control planes over a world of records, one service in the cluster, and its official client."""
    fabric, folder = RecordedFabric(), tmp_path_factory.mktemp("planes")
    planes = start_control_planes(fabric, RecordedNames(), PLAN, ports(), folder, authority=Authority("test"))
    try:
        kubeconfig = planes.env(REGION)["KUBECONFIG"]
        configuration = kubernetes.client.Configuration()
        kubernetes.config.load_kube_config(kubeconfig, context=CONTEXT, client_configuration=configuration)
        api = kubernetes.client.ApiClient(configuration)
        core = kubernetes.client.CoreV1Api(api)
        core.create_namespace({"metadata": {"name": NAMESPACE}})
        core.create_namespaced_secret(
            NAMESPACE, {"metadata": {"name": "login"}, "stringData": {"DATABASE_PASSWORD": "x"}}
        )
        kubernetes.client.AppsV1Api(api).create_namespaced_deployment(NAMESPACE, DEPLOYMENT)
        batch = kubernetes.client.BatchV1Api(api)
        yield SimpleNamespace(compute=fabric.compute, core=core, batch=batch, kubeconfig=kubeconfig)
    finally:
        planes.stop()


DEPLOYMENT: dict[str, Any] = {
    "metadata": {"name": "auth"},
    "spec": {
        "selector": {"matchLabels": LABELS},
        "template": {
            "metadata": {"labels": LABELS},
            "spec": {
                "containers": [
                    {
                        "name": "auth", "image": "samia/auth:1", "command": ["app"],
                        "env": [{"name": "DR_SITE", "value": "secondary"}],
                        "envFrom": [{"secretRef": {"name": "login"}}],
                        "readinessProbe": {"httpGet": {"path": "/", "port": 8080}},
                    }
                ],
            },
        },
    },
}  # fmt: skip


@pytest.fixture
def auth(world: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> PodService:
    monkeypatch.setenv("KUBECONFIG", world.kubeconfig)
    assert ServiceFeature.RUN_ONCE in PodService.features
    return Pods(CONTEXT, NAMESPACE).service("auth")


def test_it_has_what_the_service_has(auth: PodService, world: SimpleNamespace) -> None:
    world.compute.ends["dr-migrate"] = (0, "ALTER TABLE\n")
    ran = auth.run_once("dr-migrate", ["manage", "sql", "x"], 30)
    assert (ran.exit_code, ran.said) == (0, "ALTER TABLE\n")
    spec = world.compute.started[-1]
    assert list(spec.command) == ["manage", "sql", "x"]
    assert spec.env == {"DR_SITE": "secondary", "DATABASE_PASSWORD": "x"}
    assert spec.seconds == 30


def test_it_may_have_what_migrations_have_instead(auth: PodService) -> None:
    migrating = {"name": "migrate", "image": "auth", "command": ["migrate"], "env": [{"name": "A", "value": "owner"}]}
    template = DEPLOYMENT["spec"]["template"]
    template = {**template, "spec": {**template["spec"], "initContainers": [migrating]}}
    spec = job_of(template, "x", ["y"], 1, login="migration")["spec"]["template"]["spec"]
    assert spec["containers"] == [{**migrating, "command": ["y"]}]
    assert "initContainers" not in spec
    with pytest.raises(CloudFailed, match=r"auth in .* has no migration whose login dr-x could have"):
        auth.run_once("dr-x", ["manage"], 5, login="migration")


def test_no_request_is_sent_to_its_pod(auth: PodService, world: SimpleNamespace) -> None:
    world.compute.ends["dr-quiet"] = (0, "")
    auth.run_once("dr-quiet", ["manage", "wait", "0"], 30)
    (pod,) = world.core.list_namespaced_pod(NAMESPACE, label_selector="job-name=dr-quiet").items
    assert not LABELS.items() & pod.metadata.labels.items()
    container = job_of(DEPLOYMENT["spec"]["template"], "x", ["y"], 1)["spec"]["template"]["spec"]["containers"][0]
    assert "readinessProbe" not in container


def test_one_that_succeeded_is_not_run_again(auth: PodService, world: SimpleNamespace) -> None:
    world.compute.ends["dr-once"] = (0, "done\n")
    for _ in range(2):
        assert auth.run_once("dr-once", ["manage"], 30).why_not_done(30) is None
    assert [each.name for each in world.compute.started].count("dr-once") == 1


def test_one_that_failed_says_so_and_is_run_anew(auth: PodService, world: SimpleNamespace) -> None:
    world.compute.ends["dr-again"] = (3, "no such column\n")
    assert auth.run_once("dr-again", ["manage"], 30).why_not_done(30) == "it ended with 3: no such column"
    world.compute.ends["dr-again"] = (0, "")
    assert auth.run_once("dr-again", ["manage"], 30).exit_code == 0
    assert [each.name for each in world.compute.started].count("dr-again") == 2


def test_one_that_hangs_is_ended(auth: PodService, world: SimpleNamespace) -> None:
    world.compute.ends["dr-hangs"] = (None, "")
    ran = auth.run_once("dr-hangs", ["manage"], 7)
    assert ran.exit_code is None
    assert "it was ended after 7 s" in str(ran.why_not_done(7))


def test_a_service_that_is_not_there_is_named(world: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", world.kubeconfig)
    with pytest.raises(CloudFailed, match="has no Deployment nobody"):
        Pods(CONTEXT, NAMESPACE).service("nobody").run_once("dr-x", ["manage"], 5)


@pytest.mark.parametrize(
    ("change", "said"),
    [({"backoffLimit": 6}, "runs a Job once"), ({"activeDeadlineSeconds": -1}, "greater than or equal to 0")],
)
def test_the_sandbox_refuses_a_job_that_it_would_not_run(
    world: SimpleNamespace, change: dict[str, Any], said: str
) -> None:
    job = job_of(DEPLOYMENT["spec"]["template"], "refused", ["manage"], 5)
    job["spec"] |= change
    with pytest.raises(kubernetes.client.ApiException) as refused:
        world.batch.create_namespaced_job(NAMESPACE, job)
    assert refused.value.status == 422
    assert said in refused.value.body
    assert "refused" not in {each.metadata.name for each in world.batch.list_namespaced_job(NAMESPACE).items}


def test_a_job_needs_a_policy_that_lets_it_end(world: SimpleNamespace) -> None:
    job = job_of(DEPLOYMENT["spec"]["template"], "refused", ["manage"], 5)
    del job["spec"]["template"]["spec"]["restartPolicy"]
    with pytest.raises(kubernetes.client.ApiException) as refused:
        world.batch.create_namespaced_job(NAMESPACE, job)
    assert "restartPolicy" in refused.value.body

"""The API server of a region, asked by the official client."""

import base64
import json
import shutil
import subprocess
import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import kubernetes
import pytest
from kubernetes.client.exceptions import ApiException

from tests.asserts.waiting import wait_until

REGION, CONTEXT = "eu-west-1", "samia-secondary"
LABELS = {"app.kubernetes.io/name": "auth"}


@pytest.fixture(scope="module")
def api(world: SimpleNamespace) -> Any:
    """An ApiClient by the kubeconfig that the world wrote."""
    configuration = kubernetes.client.Configuration()
    path = world.planes.env(REGION)["KUBECONFIG"]
    kubernetes.config.load_kube_config(path, context=CONTEXT, client_configuration=configuration)
    configuration.retries = False
    return kubernetes.client.ApiClient(configuration)


@pytest.fixture
def namespace(api: Any, request: pytest.FixtureRequest) -> str:
    name = f"n{abs(hash(request.node.name)) % 10**9}"
    kubernetes.client.CoreV1Api(api).create_namespace({"metadata": {"name": name}})
    return name


def deployment(name: str = "auth", replicas: int = 2, **container: Any) -> dict[str, Any]:
    one = {
        "name": name,
        "image": f"samia/{name}:1",
        "command": ["app"],
        "ports": [{"containerPort": 8080}],
        **container,
    }
    return {
        "metadata": {"name": name},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": LABELS},
            "template": {"metadata": {"labels": LABELS}, "spec": {"containers": [one]}},
        },
    }


def test_a_port_of_the_nodes_leads_to_the_pods_that_its_service_selects(
    api: Any, namespace: str, world: SimpleNamespace
) -> None:
    core, apps, exposed = (
        kubernetes.client.CoreV1Api(api),
        kubernetes.client.AppsV1Api(api),
        world.fabric.compute.exposed,
    )

    def service(name: str, selector: dict[str, str], port: int) -> dict[str, Any]:
        ports = [{"port": 80, "targetPort": 8080, "nodePort": port}]
        return {"metadata": {"name": name}, "spec": {"type": "NodePort", "selector": selector, "ports": ports}}

    core.create_namespaced_service(namespace, service("early", LABELS, 30101))
    assert exposed[REGION, 30101] == (namespace, ())
    apps.create_namespaced_deployment(namespace, deployment())
    assert exposed[REGION, 30101] == (namespace, ("auth",))
    core.create_namespaced_service(namespace, service("other", {"app.kubernetes.io/name": "pay"}, 30102))
    assert exposed[REGION, 30102] == (namespace, ())
    core.delete_namespaced_service("early", namespace)
    assert exposed[REGION, 30101][1] == ()
    core.create_namespaced_service(namespace, service("late", LABELS, 30103))
    assert exposed[REGION, 30103] == (namespace, ("auth",))
    apps.delete_namespaced_deployment("auth", namespace)
    assert exposed[REGION, 30103] == (namespace, ())


def refused(code: int, call: Callable[[], object]) -> dict[str, Any]:
    with pytest.raises(ApiException) as caught:
        call()
    assert caught.value.status == code, caught.value.body
    body: dict[str, Any] = json.loads(caught.value.body)
    assert body["kind"] == "Status"
    return body


def test_a_deployment_runs_with_what_its_references_say(api: Any, namespace: str, world: SimpleNamespace) -> None:
    core, apps = kubernetes.client.CoreV1Api(api), kubernetes.client.AppsV1Api(api)
    core.create_namespaced_config_map(namespace, {"metadata": {"name": "site"}, "data": {"DR_SITE": "secondary"}})
    core.create_namespaced_secret(namespace, {"metadata": {"name": "login"}, "stringData": {"PASSWORD": "quiet"}})
    kept = core.read_namespaced_secret("login", namespace)
    assert base64.b64decode(kept.data["PASSWORD"]) == b"quiet"
    sources = [{"configMapRef": {"name": "site"}}, {"secretRef": {"name": "login"}}]
    apps.create_namespaced_deployment(
        namespace, deployment(env=[{"name": "SERVICE", "value": "auth"}], envFrom=sources)
    )
    spec = world.fabric.compute.specs[REGION, namespace, "auth"]
    assert dict(spec.env) == {"DR_SITE": "secondary", "PASSWORD": "quiet", "SERVICE": "auth"}
    assert (list(spec.command), spec.replicas, spec.port) == (["app"], 2, 8080)
    found = apps.read_namespaced_deployment("auth", namespace)
    assert found.status.ready_replicas == 2
    assert found.status.observed_generation == found.metadata.generation == 1
    pods = core.list_namespaced_pod(namespace, label_selector="app.kubernetes.io/name=auth").items
    assert [pod.metadata.owner_references[0].name for pod in pods] == ["auth", "auth"]
    apps.delete_namespaced_deployment("auth", namespace)
    assert (REGION, namespace, "auth") not in world.fabric.compute.specs
    assert core.list_namespaced_pod(namespace).items == []


def test_scaling_changes_the_number_of_pods_and_a_new_template_restarts_them(
    api: Any, namespace: str, world: SimpleNamespace
) -> None:
    apps = kubernetes.client.AppsV1Api(api)
    apps.create_namespaced_deployment(namespace, deployment())
    apps.patch_namespaced_deployment_scale("auth", namespace, {"spec": {"replicas": 3}})
    assert world.fabric.compute.specs[REGION, namespace, "auth"].replicas == 3
    assert apps.read_namespaced_deployment_scale("auth", namespace).status.replicas == 3
    before = list(world.fabric.compute.restarts)
    annotations = {"spec": {"template": {"metadata": {"annotations": {"dr/revision": "2"}}}}}
    changed = apps.patch_namespaced_deployment("auth", namespace, annotations)
    assert world.fabric.compute.restarts == [*before, (REGION, namespace, "auth")]
    assert changed.metadata.generation == 3


def test_a_pod_whose_secret_is_missing_starts_when_it_comes(api: Any, namespace: str, world: SimpleNamespace) -> None:
    core, apps = kubernetes.client.CoreV1Api(api), kubernetes.client.AppsV1Api(api)
    reference = {"secretKeyRef": {"name": "late", "key": "PASSWORD"}}
    apps.create_namespaced_deployment(namespace, deployment(env=[{"name": "PASSWORD", "valueFrom": reference}]))
    assert (REGION, namespace, "auth") not in world.fabric.compute.specs
    said = [c.message for c in apps.read_namespaced_deployment("auth", namespace).status.conditions]
    assert any('secret "late" not found' in message for message in said)
    core.create_namespaced_secret(namespace, {"metadata": {"name": "late"}, "stringData": {"PASSWORD": "x"}})
    assert world.fabric.compute.specs[REGION, namespace, "auth"].env["PASSWORD"] == "x"


def test_a_template_that_cannot_be_started_counts_no_pod_as_updated(api: Any, namespace: str) -> None:
    apps = kubernetes.client.AppsV1Api(api)
    apps.create_namespaced_deployment(namespace, deployment())
    reference = {"secretKeyRef": {"name": "nowhere", "key": "PASSWORD"}}
    before = apps.read_namespaced_deployment("auth", namespace)
    assert before.status.updated_replicas == 2
    for env, updated in (({"valueFrom": reference}, None), ({"value": "known", "valueFrom": None}, 2)):
        container = {"name": "auth", "env": [{"name": "PASSWORD", **env}]}
        patch = {"spec": {"template": {"spec": {"containers": [container]}}}}
        apps.patch_namespaced_deployment("auth", namespace, patch)
        status = apps.read_namespaced_deployment("auth", namespace).status
        assert (status.updated_replicas, status.ready_replicas) == (updated, 2)


def test_an_update_of_an_old_version_is_a_conflict(api: Any, namespace: str) -> None:
    core = kubernetes.client.CoreV1Api(api)
    first = core.create_namespaced_config_map(namespace, {"metadata": {"name": "c"}, "data": {"a": "1"}})
    core.patch_namespaced_config_map("c", namespace, {"data": {"a": "2"}})
    first.data = {"a": "3"}
    assert refused(409, lambda: core.replace_namespaced_config_map("c", namespace, first))["reason"] == "Conflict"
    assert core.read_namespaced_config_map("c", namespace).data == {"a": "2"}


def test_refusals_are_status_objects_with_the_right_code(api: Any, namespace: str, world: SimpleNamespace) -> None:
    core, apps = kubernetes.client.CoreV1Api(api), kubernetes.client.AppsV1Api(api)
    assert refused(404, lambda: core.read_namespaced_config_map("no", namespace))["reason"] == "NotFound"
    body = {"metadata": {"name": "twice"}}
    core.create_namespaced_config_map(namespace, body)
    assert refused(409, lambda: core.create_namespaced_config_map(namespace, body))["reason"] == "AlreadyExists"
    refused(404, lambda: core.create_namespaced_config_map("nowhere", body))
    bad = deployment()
    bad["spec"]["template"]["metadata"]["labels"] = {"other": "label"}
    assert "selector" in refused(422, lambda: apps.create_namespaced_deployment(namespace, bad))["message"]
    apps.create_namespaced_deployment(namespace, deployment())
    other = {"spec": {"selector": {"matchLabels": {"changed": "yes"}}}}
    assert "immutable" in refused(422, lambda: apps.patch_namespaced_deployment("auth", namespace, other))["message"]
    stranger = kubernetes.client.Configuration()
    stranger.host, stranger.ssl_ca_cert = api.configuration.host, api.configuration.ssl_ca_cert
    refused(401, lambda: kubernetes.client.CoreV1Api(kubernetes.client.ApiClient(stranger)).list_namespace())


def test_a_watch_sees_what_happens_after_it_began(api: Any, namespace: str) -> None:
    core = kubernetes.client.CoreV1Api(api)
    since = core.list_namespaced_config_map(namespace).metadata.resource_version
    seen: list[tuple[str, str]] = []

    def follow() -> None:
        stream = kubernetes.watch.Watch()
        for event in stream.stream(
            core.list_namespaced_config_map, namespace, resource_version=since, timeout_seconds=10
        ):
            seen.append((event["type"], event["object"].metadata.name))
            if event["type"] == "DELETED":
                stream.stop()

    watcher = threading.Thread(target=follow)
    watcher.start()
    core.create_namespaced_config_map(namespace, {"metadata": {"name": "w"}})
    core.patch_namespaced_config_map("w", namespace, {"data": {"a": "1"}})
    core.delete_namespaced_config_map("w", namespace)
    watcher.join(15)
    assert seen == [("ADDED", "w"), ("MODIFIED", "w"), ("DELETED", "w")]


def test_the_four_patches(api: Any, namespace: str) -> None:
    apps = kubernetes.client.AppsV1Api(api)
    apps.create_namespaced_deployment(namespace, deployment(env=[{"name": "A", "value": "1"}]))
    path = f"/apis/apps/v1/namespaces/{namespace}/deployments/auth"

    def patch(kind: str, body: Any, query: tuple[tuple[str, str], ...] = ()) -> Any:
        return api.call_api(
            *api.param_serialize(
                "PATCH",
                path,
                query_params=list(query),
                header_params={"Content-Type": kind, "Accept": "application/json"},
                body=body,
                auth_settings=["BearerToken"],
            )
        )

    def environment() -> dict[str, str]:
        found = apps.read_namespaced_deployment("auth", namespace)
        return {entry.name: entry.value for entry in found.spec.template.spec.containers[0].env or []}

    one = {"name": "auth", "env": [{"name": "B", "value": "2"}]}
    apps.patch_namespaced_deployment("auth", namespace, {"spec": {"template": {"spec": {"containers": [one]}}}})
    assert environment() == {"A": "1", "B": "2"}
    operations = [{"op": "replace", "path": "/spec/template/spec/containers/0/env/0/value", "value": "9"}]
    apps.patch_namespaced_deployment("auth", namespace, operations)
    assert environment() == {"A": "9", "B": "2"}


def test_an_applied_field_that_is_given_up_goes(api: Any, namespace: str, world: SimpleNamespace) -> None:
    from sandbox.providers.kubernetes.cluster import Access, Cluster  # noqa: PLC0415 - a client that applies

    clusters = world.planes.context.one(_clusters())
    one = clusters.clusters[REGION]
    cluster = Cluster(Access(one.server, str(one.authority), one.token))
    path = f"/api/v1/namespaces/{namespace}/configmaps/applied"
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "applied"}}
    cluster.apply(path, {**body, "data": {"mine": "1", "also": "2"}})
    kubernetes.client.CoreV1Api(api).patch_namespaced_config_map("applied", namespace, {"data": {"theirs": "3"}})
    assert cluster.apply(path, {**body, "data": {"mine": "4"}})["data"] == {"mine": "4", "theirs": "3"}


def _clusters() -> Any:
    from sandbox.clouds.kubernetes.clusters import Clusters  # noqa: PLC0415 - loads cryptography

    return Clusters


def test_custom_resources_are_kept(api: Any, namespace: str) -> None:
    custom = kubernetes.client.CustomObjectsApi(api)
    schedule = {
        "apiVersion": "velero.io/v1",
        "kind": "Schedule",
        "metadata": {"name": "daily"},
        "spec": {"schedule": "0 1 * * *", "paused": False},
    }
    custom.create_namespaced_custom_object("velero.io", "v1", namespace, "schedules", schedule)
    found = custom.get_namespaced_custom_object("velero.io", "v1", namespace, "schedules", "daily")
    assert found["spec"]["schedule"] == "0 1 * * *"


def test_a_namespace_takes_its_deployments_along(api: Any, namespace: str, world: SimpleNamespace) -> None:
    kubernetes.client.AppsV1Api(api).create_namespaced_deployment(namespace, deployment())
    core = kubernetes.client.CoreV1Api(api)
    core.delete_namespace(namespace)
    assert (REGION, namespace, "auth") not in world.fabric.compute.specs
    refused(404, lambda: core.read_namespace(namespace))


def test_the_cluster_of_a_lost_region_does_not_answer(api: Any, world: SimpleNamespace) -> None:
    world.fabric.network.down.add(REGION)
    try:
        with pytest.raises(Exception, match=r"(?i)connection|reset|aborted"):
            kubernetes.client.CoreV1Api(api).list_namespace(_request_timeout=3)
    finally:
        world.fabric.network.down.clear()
    assert kubernetes.client.CoreV1Api(api).list_namespace().items


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="there is no kubectl on PATH")
def test_kubectl_reads_and_scales(api: Any, namespace: str, world: SimpleNamespace) -> None:
    kubernetes.client.AppsV1Api(api).create_namespaced_deployment(namespace, deployment())
    config = world.planes.env(REGION)["KUBECONFIG"]

    def kubectl(*arguments: str) -> str:
        run = ["kubectl", f"--kubeconfig={config}", f"--context={CONTEXT}", "-n", namespace, *arguments]
        done = subprocess.run(run, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert "auth" in kubectl("get", "deployments")
    kubectl("scale", "deployment/auth", "--replicas=4")
    assert world.fabric.compute.specs[REGION, namespace, "auth"].replicas == 4
    wait_until(lambda: kubectl("get", "pods", "-o", "name").count("pod/") == 4, timeout=10, what="four pods")

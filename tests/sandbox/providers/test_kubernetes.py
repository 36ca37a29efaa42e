"""The provider `kubernetes` as an engine meets it."""

from types import SimpleNamespace
from typing import Any

import grpc
import pytest
from google.protobuf import struct_pb2
from pulumi.runtime.proto import provider_pb2

from sandbox.providers.values import plain
from tests.sandbox.providers.conftest import Engine

NAMESPACE, CONFIG, SECRET = "kubernetes:core/v1:Namespace", "kubernetes:core/v1:ConfigMap", "kubernetes:core/v1:Secret"
DEPLOYMENT, SCHEDULE = "kubernetes:apps/v1:Deployment", "kubernetes:velero.io/v1:Schedule"
LABELS = {"app": "auth"}


@pytest.fixture(scope="module")
def namespace(kubernetes: Engine) -> str:
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "provided"}}
    kubernetes.create(NAMESPACE, "ns", body)
    return "provided"


def deployment(namespace: str, replicas: int = 2, **metadata: Any) -> dict[str, Any]:
    container = {"name": "auth", "image": "samia/auth:1", "ports": [{"containerPort": 8080}]}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "auth", "namespace": namespace, **metadata},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": LABELS},
            "template": {"metadata": {"labels": LABELS}, "spec": {"containers": [container]}},
        },
    }


def settings(kubernetes: Engine, **given: bool) -> None:
    values = struct_pb2.Struct()
    values.update(given)
    kubernetes.stub.Configure(provider_pb2.ConfigureRequest(args=values))


def test_a_deployment_is_awaited_scaled_and_removed(kubernetes: Engine, namespace: str, world: SimpleNamespace) -> None:
    declared = deployment(namespace)
    made = kubernetes.create(DEPLOYMENT, "d", declared)
    assert made.id == f"{namespace}/auth"
    assert plain(made.properties)["status"]["readyReplicas"] == 2
    changed = deployment(namespace, replicas=3)
    diff = kubernetes.diff(DEPLOYMENT, "d", declared, changed)
    assert (list(diff.replaces), list(diff.detailedDiff)) == ([], ["spec.replicas"])
    kubernetes.update(DEPLOYMENT, made, declared, changed)
    assert world.fabric.compute.specs["eu-west-1", namespace, "auth"].replicas == 3
    read = kubernetes.read(DEPLOYMENT, made.id, made.properties, declared)
    assert plain(read.inputs)["spec"]["replicas"] == 3
    kubernetes.delete(DEPLOYMENT, made, declared)
    assert ("eu-west-1", namespace, "auth") not in world.fabric.compute.specs
    assert not kubernetes.read(DEPLOYMENT, made.id, made.properties, declared).id


def test_another_selector_replaces_and_the_old_one_goes_first(kubernetes: Engine, namespace: str) -> None:
    other = deployment(namespace)
    other["spec"]["selector"] = {"matchLabels": {"app": "auth", "tier": "1"}}
    diff = kubernetes.diff(DEPLOYMENT, "d", deployment(namespace), other)
    assert list(diff.replaces) == ["spec"]
    assert diff.deleteBeforeReplace


@pytest.mark.parametrize(("token", "kind"), [(CONFIG, "ConfigMap"), (SECRET, "Secret")])
def test_content_replaces_unless_the_provider_was_told_that_it_may_change(
    kubernetes: Engine, namespace: str, token: str, kind: str
) -> None:
    before = {
        "apiVersion": "v1",
        "kind": kind,
        "metadata": {"name": "c", "namespace": namespace},
        "data": {"a": "MQ=="},
    }
    after = {**before, "data": {"a": "Mg=="}}
    settings(kubernetes)
    assert list(kubernetes.diff(token, "c", before, after).replaces) == ["data"]
    settings(kubernetes, enableConfigMapMutable=True, enableSecretMutable=True)
    assert list(kubernetes.diff(token, "c", before, after).replaces) == []


def test_what_is_there_already_is_not_taken_over(kubernetes: Engine, namespace: str) -> None:
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "mine", "namespace": namespace}}
    kubernetes.create(CONFIG, "a", body)
    with pytest.raises(grpc.RpcError, match="already exists"):
        kubernetes.create(CONFIG, "b", body)


def test_a_secret_stays_one(kubernetes: Engine, namespace: str) -> None:
    metadata = {"name": "login", "namespace": namespace}
    body = {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": {"P": "quiet"}}
    made = kubernetes.create(SECRET, "s", body, secrets=("stringData",))
    for part in ("data", "stringData"):
        assert "4dabf18193072939515e22adb298388d" in made.properties.fields[part].struct_value.fields
    assert plain(kubernetes.read(SECRET, made.id, made.properties, body).inputs)["stringData"] == {"P": "quiet"}


def test_a_name_is_made_up_where_none_is_given(kubernetes: Engine, namespace: str) -> None:
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"namespace": namespace}}
    made = plain(kubernetes.check(CONFIG, "auto", body).inputs)
    assert made["metadata"]["name"].startswith("auto-")
    assert plain(kubernetes.check(CONFIG, "auto", body, made).inputs) == made


def test_a_custom_resource_is_found_by_discovery_and_an_unknown_one_refused(kubernetes: Engine, namespace: str) -> None:
    metadata = {"name": "daily", "namespace": namespace}
    body = {"apiVersion": "velero.io/v1", "kind": "Schedule", "metadata": metadata, "spec": {"schedule": "0 1 * * *"}}
    made = kubernetes.create(SCHEDULE, "s", body)
    assert plain(made.properties)["spec"] == {"schedule": "0 1 * * *"}
    with pytest.raises(grpc.RpcError, match=r"does not have the resource type kubernetes:acme\.org/v1:Anvil"):
        kubernetes.check("kubernetes:acme.org/v1:Anvil", "x", {})


def test_a_deployment_that_does_not_get_ready_is_half_made(kubernetes: Engine, namespace: str) -> None:
    declared = deployment(namespace, annotations={"pulumi.com/timeoutSeconds": "0.3"})
    declared["metadata"]["name"] = "stuck"
    reference = {"secretKeyRef": {"name": "missing", "key": "K"}}
    declared["spec"]["template"]["spec"]["containers"][0]["env"] = [{"name": "K", "valueFrom": reference}]
    with pytest.raises(grpc.RpcError, match='secret "missing" not found') as caught:
        kubernetes.create(DEPLOYMENT, "stuck", declared)
    trailing: Any = caught.value.trailing_metadata()
    assert "grpc-status-details-bin" in dict(trailing)

"""
Deployments and how many of their pods are ready.

A site's cluster is the kubeconfig context with the cluster's name (`samia-secondary`); KUBECONFIG says where, as
always.
"""

from __future__ import annotations

import copy
import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import kubernetes.client
import kubernetes.config
import urllib3.exceptions

from scripts.clouds.protocol import ServiceState, ServiceVersion
from scripts.core.errors import BadInput, CloudFailed

TIMEOUT = (1.0, 10.0)  # seconds to connect, to answer
RESTARTED_AT = "kubectl.kubernetes.io/restartedAt"
"""`kubectl rollout restart` writes the moment here, in the template of the pods: a changed template replaces them."""
REVISION = "deployment.kubernetes.io/revision"
"""The controller of Deployments numbers them and their ReplicaSets by it (kubectl, pkg/util/deployment)."""
OF_ONE_REVISION = "pod-template-hash"
"""The label that tells the pods of one ReplicaSet from those of another. It is no part of what a Deployment says."""


@contextmanager
def said(what: str) -> Iterator[None]:
    try:
        yield
    except kubernetes.client.ApiException as error:
        raise CloudFailed(f"{what}: {error.status} {error.reason}") from error
    except urllib3.exceptions.HTTPError as error:
        raise CloudFailed(f"{what}: the cluster does not answer") from error


class Cluster:
    """One cluster, by the name of its kubeconfig context."""

    def __init__(self, context: str, namespace: str) -> None:
        self.name, self.namespace = context, namespace
        configuration = kubernetes.client.Configuration()
        try:
            # Named by us: the library would take the variable as it was when it was imported.
            where = os.environ.get("KUBECONFIG") or "~/.kube/config"
            kubernetes.config.load_kube_config(where, context=context, client_configuration=configuration)
        except kubernetes.config.ConfigException as error:
            raise BadInput(
                f"kubeconfig: context {context}: {error}", "point KUBECONFIG at a file that has it"
            ) from error
        configuration.retries = False
        self._apps: Any = kubernetes.client.AppsV1Api(kubernetes.client.ApiClient(configuration))
        self._core: Any = kubernetes.client.CoreV1Api(self._apps.api_client)

    def deployment(self, name: str) -> ServiceState | None:
        """What the cluster says of a Deployment, or None where there is none."""
        found = self._find(name)
        return None if found is None else _state(found)

    def _find(self, name: str) -> Any:
        try:
            with said(f"reading {name} in {self.name}"):
                return self._apps.read_namespaced_deployment(name, self.namespace, _request_timeout=TIMEOUT)
        except CloudFailed as error:
            if getattr(error.__cause__, "status", None) == 404:
                return None
            raise

    def _must_find(self, name: str) -> Any:
        found = self._find(name)
        if found is None:
            raise CloudFailed(f"{self.name} has no Deployment {name}", "`dr up` on the stack of its site deploys it")
        return found

    @property
    def api(self) -> Any:
        """The client that speaks to it."""
        return self._apps.api_client

    def pod_template(self, name: str) -> dict[str, Any]:
        """The template of a Deployment's pods, as the API writes it. Raises CloudFailed where there is none."""
        found: dict[str, Any] = self.api.sanitize_for_serialization(self._must_find(name).spec.template)
        return found

    def deployments(self) -> dict[str, ServiceState]:
        """All Deployments of the namespace, by name."""
        with said(f"listing the deployments in {self.name}"):
            found = self._apps.list_namespaced_deployment(self.namespace, _request_timeout=TIMEOUT)
        return {each.metadata.name: _state(each) for each in found.items}

    def scale(self, name: str, replicas: int) -> None:
        """Want so many pods."""
        with said(f"scaling {name} in {self.name}"):
            self._apps.patch_namespaced_deployment_scale(
                name, self.namespace, {"spec": {"replicas": replicas}}, _request_timeout=TIMEOUT
            )

    def restart(self, name: str, asked_at: datetime) -> None:
        """Replace all pods of a Deployment, as its strategy says, unless this moment did so already."""
        moment = asked_at.astimezone(UTC).isoformat(timespec="microseconds")
        template = {"metadata": {"annotations": {RESTARTED_AT: moment}}}
        with said(f"restarting {name} in {self.name}"):
            self._apps.patch_namespaced_deployment(
                name, self.namespace, {"spec": {"template": template}}, _request_timeout=TIMEOUT
            )

    def revisions(self, name: str) -> list[ServiceVersion]:
        """What a Deployment can go back to: the templates that its ReplicaSets hold, newest first."""
        deployment = self._must_find(name)
        wanted = _revision(deployment)
        return [
            ServiceVersion(
                name=str(_revision(each)),
                artefact=str(each.spec.template.spec.containers[0].image),
                made_at=each.metadata.creation_timestamp,
                is_wanted=_revision(each) == wanted,
                content=_content(self._apps.api_client.sanitize_for_serialization(each.spec.template)),
            )
            for each in self._replica_sets(deployment)
        ]

    def roll_back(self, name: str, revision: str) -> None:
        """
        Give a Deployment the template of one of its revisions, as `kubectl rollout undo` does: the controller then
        gives that revision a new number. Raises CloudFailed for a revision that is not kept any more.
        """
        deployment = self._must_find(name)
        kept = {str(_revision(each)): each for each in self._replica_sets(deployment)}
        if revision not in kept:
            raise CloudFailed(
                f"{self.name} keeps no revision {revision} of {name}",
                f"it keeps {', '.join(kept)}" if kept else "it keeps none at all: deploy the version that you want",
            )
        if revision == str(_revision(deployment)):
            return
        template = self._apps.api_client.sanitize_for_serialization(kept[revision].spec.template)
        template["metadata"]["labels"].pop(OF_ONE_REVISION, None)
        unchanged = {"op": "test", "path": "/metadata/resourceVersion", "value": deployment.metadata.resource_version}
        with said(f"rolling {name} in {self.name} back to revision {revision}"):
            self._apps.patch_namespaced_deployment(
                name, self.namespace, [unchanged, {"op": "replace", "path": "/spec/template", "value": template}],
                _request_timeout=TIMEOUT,
            )  # fmt: skip

    def logs(self, name: str, lines: int) -> dict[str, tuple[str, ...]]:
        """The end of what each pod of a Deployment wrote, by the pod's name; a pod that has none yet has no lines."""
        selector = self._must_find(name).spec.selector.match_labels or {}
        with said(f"looking for the pods of {name} in {self.name}"):
            pods = self._core.list_namespaced_pod(
                self.namespace, label_selector=",".join(f"{key}={value}" for key, value in selector.items()),
                _request_timeout=TIMEOUT,
            ).items  # fmt: skip
        return {pod.metadata.name: self._log(pod.metadata.name, lines) for pod in pods}

    def _log(self, pod: str, lines: int) -> tuple[str, ...]:
        """A container that waits for its start has none, and a pod may have gone since it was listed (400, 404)."""
        try:
            with said(f"reading the log of {pod} in {self.name}"):
                written = self._core.read_namespaced_pod_log(
                    pod, self.namespace, tail_lines=lines, _request_timeout=TIMEOUT
                )
        except CloudFailed as error:
            if getattr(error.__cause__, "status", None) in {400, 404}:
                return ()
            raise
        return tuple(str(written).splitlines()[-lines:])

    def _replica_sets(self, deployment: Any) -> list[Any]:
        """Those that a Deployment made, by their revision, newest first."""
        name = deployment.metadata.name
        with said(f"listing the revisions of {name} in {self.name}"):
            found = self._apps.list_namespaced_replica_set(self.namespace, _request_timeout=TIMEOUT)
        mine = [
            each
            for each in found.items
            if any(owner.uid == deployment.metadata.uid for owner in each.metadata.owner_references or [])
        ]
        return sorted(mine, key=_revision, reverse=True)


def _revision(raw: Any) -> int:
    """Of a Deployment or a ReplicaSet; 0 before the controller has seen it."""
    return int((raw.metadata.annotations or {}).get(REVISION, 0))


def _content(template: dict[str, Any]) -> str:
    """Of a template of pods, without what a restart and the controller write into it."""
    kept = copy.deepcopy(template)
    metadata = kept.get("metadata") or {}
    for part, key in (("annotations", RESTARTED_AT), ("labels", OF_ONE_REVISION)):
        found = metadata.pop(part, None) or {}
        found.pop(key, None)
        if found:
            metadata[part] = found
    kept["metadata"] = metadata
    return hashlib.sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()[:12]


def _state(raw: Any) -> ServiceState:
    status, wanted = raw.status, int(raw.spec.replicas or 0)
    ready = 0 if status is None or status.ready_replicas is None else int(status.ready_replicas)
    return ServiceState(raw.metadata.name, wanted, ready, str(_revision(raw)), _is_rolled_out(raw, wanted))


def _is_rolled_out(raw: Any, wanted: int) -> bool:
    """As `kubectl rollout status` judges it: the change was seen, and all pods are new and available."""
    status = raw.status
    if status is None or (status.observed_generation or 0) < raw.metadata.generation:
        return False
    updated, available = status.updated_replicas or 0, status.available_replicas or 0
    return wanted <= updated and (status.replicas or 0) <= updated <= available

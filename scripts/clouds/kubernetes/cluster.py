"""
Deployments and how many of their pods are ready.

A site's cluster is the kubeconfig context with the cluster's name (`samia-secondary`); KUBECONFIG says where, as
always.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import kubernetes.client
import kubernetes.config
import urllib3.exceptions

from scripts.clouds.protocol import ServiceState
from scripts.core.errors import BadInput, CloudFailed

TIMEOUT = (1.0, 10.0)  # seconds to connect, to answer


@contextmanager
def _said(what: str) -> Iterator[None]:
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

    def deployment(self, name: str) -> ServiceState | None:
        """What the cluster says of a Deployment, or None where there is none."""
        try:
            with _said(f"reading {name} in {self.name}"):
                found = self._apps.read_namespaced_deployment(name, self.namespace, _request_timeout=TIMEOUT)
        except CloudFailed as error:
            if getattr(error.__cause__, "status", None) == 404:
                return None
            raise
        return _state(found)

    def deployments(self) -> dict[str, ServiceState]:
        """All Deployments of the namespace, by name."""
        with _said(f"listing the deployments in {self.name}"):
            found = self._apps.list_namespaced_deployment(self.namespace, _request_timeout=TIMEOUT)
        return {each.metadata.name: _state(each) for each in found.items}

    def scale(self, name: str, replicas: int) -> None:
        """Want so many pods."""
        with _said(f"scaling {name} in {self.name}"):
            self._apps.patch_namespaced_deployment_scale(
                name, self.namespace, {"spec": {"replicas": replicas}}, _request_timeout=TIMEOUT
            )


def _state(raw: Any) -> ServiceState:
    status = raw.status
    ready = 0 if status is None or status.ready_replicas is None else int(status.ready_replicas)
    return ServiceState(raw.metadata.name, int(raw.spec.replicas or 0), ready)

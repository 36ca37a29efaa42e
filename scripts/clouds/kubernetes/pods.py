"""Services that run as pods: one Deployment each, in the cluster of a site."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from scripts.clouds.kubernetes.cluster import Cluster
from scripts.clouds.kubernetes.jobs import run_job
from scripts.clouds.protocol import ServiceFeature, ServiceState, ServiceVersion, need

if TYPE_CHECKING:
    from datetime import datetime

    from model.hooks import RunAs
    from scripts.clouds.protocol import Declared
    from scripts.core.commands import Ran

DEPLOYMENT = "kubernetes:apps/v1:Deployment"
"""The type of the resource by which a stack declares one."""


class Pods:
    """All Deployments of one site; the cluster is opened at first use."""

    def __init__(self, context: str, namespace: str) -> None:
        self._context, self._namespace = context, namespace
        self._opened: Cluster | None = None

    @property
    def cluster(self) -> Cluster:
        if self._opened is None:
            self._opened = Cluster(self._context, self._namespace)
        return self._opened

    def service(self, name: str) -> PodService:
        return PodService(self, name)

    def running(self) -> Mapping[str, ServiceState]:
        return self.cluster.deployments()


class PodService:
    """See `ManagedService`. A version is a revision of the Deployment, which its ReplicaSets keep."""

    features = (
        ServiceFeature.START
        | ServiceFeature.RESTART
        | ServiceFeature.ROLL_BACK
        | ServiceFeature.RUN_ONCE
        | ServiceFeature.LOGS
    )

    def __init__(self, pods: Pods, name: str) -> None:
        self._pods, self._name = pods, name

    @property
    def where(self) -> str:
        return self._pods.cluster.name

    def state(self) -> ServiceState | None:
        return self._pods.cluster.deployment(self._name)

    def start(self, count: int) -> None:
        self._pods.cluster.scale(self._name, count)

    def stop(self) -> None:
        self._pods.cluster.scale(self._name, 0)

    def restart(self, asked_at: datetime) -> None:
        self._pods.cluster.restart(self._name, asked_at)

    def replace(self, asked_at: datetime) -> None:
        """A restart replaces the pods already, and the nodes are the cluster's."""
        del asked_at
        need(self._name, "be replaced", able=ServiceFeature.REPLACE in self.features)

    def versions(self) -> list[ServiceVersion]:
        return self._pods.cluster.revisions(self._name)

    def roll_back(self, version: str) -> None:
        self._pods.cluster.roll_back(self._name, version)

    def run_once(self, name: str, command: Sequence[str], seconds: float, *, login: RunAs = "service") -> Ran:
        return run_job(self._pods.cluster, self._name, name, command, seconds, login=login)

    def logs(self, lines: int) -> Mapping[str, tuple[str, ...]]:
        return self._pods.cluster.logs(self._name, lines)

    def is_declared_by(self, resource: Declared) -> bool:
        return resource.type == DEPLOYMENT and resource.inputs["metadata"]["name"] == self._name

    def declared_artefact(self, resource: Declared) -> str:
        return str(resource.inputs["spec"]["template"]["spec"]["containers"][0]["image"])

    def resources(self, resources: Sequence[Declared]) -> list[str]:
        """The Deployment alone: the address of its Service is known to other pods."""
        return [each.urn for each in resources if self.is_declared_by(each)]

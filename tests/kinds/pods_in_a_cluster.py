"""Pods in Kubernetes: started from their image at the new site, taken back to the last revision, stopped."""

import os
import time
from typing import Any

import kubernetes

from model import names
from scripts.clouds.protocol import ManagedService, ServiceState
from scripts.core.waiting import wait_until
from scripts.drills.stage import Stage

SERVICE = "shop"
NEVER_READY = ["no-such-program"]


class PodsInACluster:
    """See `Life`. What is written to a service is a new version of it."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    def write(self) -> None:
        self._deploy({"env": [{"name": "DR_RELEASE", "value": f"{time.time_ns()}"}]})
        self._settled(self._stage.active)

    def holds(self, site: str) -> bool:
        """It holds no data: it has what was written when it runs at full strength, from its image."""
        return self._is_whole(self._state(site))

    def back_up(self) -> str:
        """Nothing is to be done for it: the cluster keeps what it ran."""
        return self._managed(self._stage.active).versions()[0].name

    def damage(self) -> None:
        """A version that never becomes ready; the pods of the last one go on until it does."""
        self._deploy({"command": NEVER_READY})

    def is_restored(self, backup: str) -> bool:
        managed = self._managed(self._stage.active)
        assert not self._is_whole(managed.state()), "the bad version was rolled out"
        managed.roll_back(backup)
        self._settled(self._stage.active)
        return managed.versions()[0].is_wanted

    def why_not_isolated(self, site: str) -> str | None:
        state = self._state(site)
        return f"{state.ready} of {SERVICE} run in {site}" if state is not None and state.ready else None

    def _managed(self, site: str) -> ManagedService:
        return self._stage.clouds().at(site).service(SERVICE)

    def _state(self, site: str) -> ServiceState | None:
        return self._managed(site).state()

    def _is_whole(self, state: ServiceState | None) -> bool:
        strength = self._stage.plan.service(SERVICE).replicas.active
        return state is not None and state.settled and state.wanted == state.ready == strength

    def _settled(self, site: str) -> None:
        wait_until(
            lambda: self._is_whole(self._state(site)), seconds=120, what=f"{SERVICE} to be rolled out", every=0.1
        )

    def _deploy(self, changed: dict[str, Any]) -> None:
        plan, site = self._stage.plan, self._stage.active
        # Named by us: the library would take the variable as it was when it was imported.
        where, context = os.environ["KUBECONFIG"], names.cluster(plan, site)
        with kubernetes.config.new_client_from_config(where, context=context) as api:
            apps, namespace = kubernetes.client.AppsV1Api(api), names.namespace(plan)
            container = apps.read_namespaced_deployment(SERVICE, namespace).spec.template.spec.containers[0].name
            template = {"spec": {"containers": [{"name": container, **changed}]}}
            apps.patch_namespaced_deployment(SERVICE, namespace, {"spec": {"template": template}})

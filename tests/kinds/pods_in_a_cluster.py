"""Pods in Kubernetes: started from their image at the new site, taken back to the last revision, stopped."""

import os
import time
from typing import Any

import kubernetes

from model import names
from tests.kinds.service import ServiceLife

NEVER_READY = ["no-such-program"]


class PodsInACluster(ServiceLife):
    """See `Life`. What is written to a service is a new version of it."""

    name = "shop"

    def write(self) -> None:
        self._deploy({"env": [{"name": "DR_RELEASE", "value": f"{time.time_ns()}"}]})
        self._settled(self._stage.active)

    def back_up(self) -> str:
        """Nothing is to be done for it: the cluster keeps what it ran."""
        return self._managed(self._stage.active).versions()[0].name

    def damage(self) -> None:
        """A version that never becomes ready; the pods of the last one go on until it does."""
        self._deploy({"command": NEVER_READY})

    def is_restored(self, backup: str) -> bool:
        return self._rolled_back(backup).versions()[0].is_wanted

    def _deploy(self, changed: dict[str, Any]) -> None:
        plan, site = self._stage.plan, self._stage.active
        # Named by us: the library would take the variable as it was when it was imported.
        where, context = os.environ["KUBECONFIG"], names.cluster(plan, site)
        with kubernetes.config.new_client_from_config(where, context=context) as api:
            apps, namespace = kubernetes.client.AppsV1Api(api), names.namespace(plan)
            container = apps.read_namespaced_deployment(self.name, namespace).spec.template.spec.containers[0].name
            template = {"spec": {"containers": [{"name": container, **changed}]}}
            apps.patch_namespaced_deployment(self.name, namespace, {"spec": {"template": template}})

"""Deployments become pods, pods become processes: the controllers and the kubelet of the small cluster."""

import base64
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from sandbox.clouds.kubernetes.errors import ApiError
from sandbox.clouds.kubernetes.kinds import CONFIG_MAP, DEPLOYMENT, POD, SECRET, SERVICE, SERVICE_ACCOUNT
from sandbox.clouds.kubernetes.store import Object, Store, now
from sandbox.fabric import Fabric, FabricError, InitSpec, PodSpec, PodState

STALE_AFTER_SECONDS = 0.03
"""How old the picture of the pods may be when somebody asks."""

IdentityOf = Callable[[str, str, str, Mapping[str, str]], Mapping[str, str]]
"""(region, namespace, service account, its annotations) -> the variables by which a pod is who it is in the cloud."""


class MissingReference(Exception):
    """A pod names a ConfigMap or Secret, a key of one, or a ServiceAccount that is not there."""


class Workloads:
    """Applies Deployments to the world's compute and keeps their status, and the pods, as they really are."""

    def __init__(self, region: str, store: Store, fabric: Fabric, identity_of: IdentityOf) -> None:
        self._region = region
        self._identity_of = identity_of
        self._identities: dict[tuple[str, str], Mapping[str, str]] = {}
        self._store = store
        self._fabric = fabric
        self._templates: dict[tuple[str, str], Any] = {}
        self._processes: dict[tuple[str, str], tuple[InitSpec, ...]] = {}
        self._problems: dict[tuple[str, str], str] = {}
        self._lock = threading.RLock()
        self._exposed: dict[int, tuple[str, tuple[str, ...]]] = {}
        self._looked = 0.0

    def apply(self, deployment: Object) -> None:
        """Bring the world to a Deployment's spec. What cannot be done is shown in its conditions."""
        namespace, name = deployment["metadata"]["namespace"], deployment["metadata"]["name"]
        key, template = (namespace, name), deployment["spec"]["template"]
        with self._lock:
            before = self._templates.get(key)
            try:
                if template != before or key not in self._processes:
                    self._processes[key] = self.read(namespace, template)
                    self._identities[key] = self.identity(namespace, template)
                spec = self._pod_spec(deployment, self._identities[key], *self._processes[key])
                unchanged = before is not None and template != before
                self._fabric.compute.apply(self._region, spec)
                if before is not None and unchanged and self._same_process(before, template):
                    self._fabric.compute.restart(self._region, namespace, name)
                self._templates[key] = template
                self._problems.pop(key, None)
            except (FabricError, MissingReference) as error:
                self._processes.pop(key, None)
                self._problems[key] = str(error)
        self.refresh(force=True)

    def retry(self, namespace: str) -> None:
        """A ConfigMap, Secret or ServiceAccount came: pods that waited for it can start."""
        with self._lock:
            waiting = [name for (space, name) in self._problems if space == namespace]
        for name in waiting:
            self.apply(self._store.get(DEPLOYMENT, namespace, name))

    def remove(self, namespace: str, name: str) -> None:
        with self._lock:
            for known in (self._templates, self._processes, self._identities, self._problems):
                known.pop((namespace, name), None)
            try:
                self._fabric.compute.remove(self._region, namespace, name)
            except FabricError as error:
                raise ApiError(500, "InternalError", str(error)) from error
        self.refresh(force=True)

    def expose(self) -> None:
        """Lead the ports of the nodes where the Services say: to the Deployments whose pods their selectors fit."""
        with self._lock:
            deployments, _ = self._store.list(DEPLOYMENT, None)
            wanted: dict[int, tuple[str, tuple[str, ...]]] = {}
            for service in self._store.list(SERVICE, None)[0]:
                namespace, selector = service["metadata"]["namespace"], service["spec"].get("selector") or {}
                behind = tuple(
                    each["metadata"]["name"]
                    for each in deployments
                    if each["metadata"]["namespace"] == namespace and _fits(selector, each)
                )
                for port in service["spec"].get("ports") or []:
                    if port.get("nodePort"):
                        wanted[int(port["nodePort"])] = (namespace, behind)
            for number in {*wanted, *self._exposed}:
                namespace, behind = wanted.get(number, ("", ()))
                if self._exposed.get(number) != (namespace, behind):
                    self._fabric.compute.expose(self._region, number, namespace, behind)
            self._exposed = wanted

    def refresh(self, *, force: bool = False) -> None:
        """Look at the pods, and write down what is different from what was known."""
        with self._lock:
            if not force and time.monotonic() - self._looked < STALE_AFTER_SECONDS:
                return
            deployments, _ = self._store.list(DEPLOYMENT, None)
            by_namespace: dict[str, list[PodState]] = {}
            for deployment in deployments:
                namespace = deployment["metadata"]["namespace"]
                if namespace not in by_namespace:
                    by_namespace[namespace] = self._pods(namespace)
                own = [p for p in by_namespace[namespace] if p.deployment == deployment["metadata"]["name"]]
                self._show_status(deployment, own)
            self._show_pods(deployments, by_namespace)
            self._looked = time.monotonic()

    def log(self, namespace: str, pod: str) -> str:
        """The end of what a pod wrote. Raises ApiError."""
        try:
            return self._fabric.compute.pod_log(self._region, namespace, pod)
        except FabricError as error:
            raise ApiError(500, "InternalError", str(error)) from error

    def _pods(self, namespace: str) -> list[PodState]:
        try:
            return list(self._fabric.compute.pods(self._region, namespace))
        except FabricError:
            return []

    # environment --------------------------------------------------------------------------------------------------
    def read(self, namespace: str, template: Object) -> tuple[InitSpec, ...]:
        """
        The process of a template's first container, and those of its init containers, as they would be started now.
        Raises MissingReference.
        """
        containers = [template["spec"]["containers"][0], *(template["spec"].get("initContainers") or [])]
        return tuple(InitSpec(_command(each), self._environment(namespace, each)) for each in containers)

    def _environment(self, namespace: str, container: Object) -> dict[str, str]:
        environment: dict[str, str] = {}
        for source in container.get("envFrom") or []:
            prefix = source.get("prefix", "")
            for reference, kind in (("configMapRef", CONFIG_MAP), ("secretRef", SECRET)):
                if reference in source:
                    values = self._values(kind, namespace, source[reference])
                    environment.update({f"{prefix}{key}": value for key, value in values.items()})
        for entry in container.get("env") or []:
            value = self._value(namespace, entry)
            if value is not None:
                environment[entry["name"]] = value
        return environment

    def identity(self, namespace: str, template: Object) -> Mapping[str, str]:
        """The variables that tell who the service account of a template's pods is in the cloud."""
        account = template["spec"].get("serviceAccountName") or "default"
        try:
            found = self._store.get(SERVICE_ACCOUNT, namespace, account)
        except ApiError as error:
            raise MissingReference(f"error looking up service account {namespace}/{account}: not found") from error
        return self._identity_of(self._region, namespace, account, found["metadata"].get("annotations") or {})

    def _value(self, namespace: str, entry: Object) -> str | None:
        source = entry.get("valueFrom")
        if not source:
            return str(entry.get("value", ""))
        for reference, kind in (("configMapKeyRef", CONFIG_MAP), ("secretKeyRef", SECRET)):
            if reference in source:
                chosen = source[reference]
                values = self._values(kind, namespace, chosen)
                if chosen["key"] not in values and not chosen.get("optional"):
                    raise MissingReference(
                        f"couldn't find key {chosen['key']} in {kind.kind} {namespace}/{chosen['name']}"
                    )
                return values.get(chosen["key"])
        if "fieldRef" in source:
            path = source["fieldRef"]["fieldPath"]
            known = {"metadata.namespace": namespace}
            if path in known:
                return known[path]
        raise MissingReference(f"env {entry['name']}: this source of a value is not supported: {sorted(source)}")

    def _values(self, kind: Any, namespace: str, reference: Object) -> dict[str, str]:
        try:
            found = self._store.get(kind, namespace, reference["name"])
        except ApiError as error:
            if reference.get("optional"):
                return {}
            raise MissingReference(f'{kind.kind.lower()} "{reference["name"]}" not found') from error
        data = found.get("data") or {}
        if kind is SECRET:
            return {key: base64.b64decode(value).decode() for key, value in data.items()}
        return {key: str(value) for key, value in data.items()}

    def _pod_spec(self, deployment: Object, identity: Mapping[str, str], process: InitSpec, *init: InitSpec) -> PodSpec:
        spec, container = deployment["spec"], deployment["spec"]["template"]["spec"]["containers"][0]
        ports = container.get("ports") or [{}]
        return PodSpec(
            namespace=deployment["metadata"]["namespace"],
            deployment=deployment["metadata"]["name"],
            replicas=0 if spec.get("paused") else spec["replicas"],
            command=process.command,
            env=process.env,
            identity=identity,
            port=ports[0].get("containerPort", 8080),
            init=init,
        )

    def _same_process(self, before: Object, after: Object) -> bool:
        """Would the world see no difference between the two, so that it has to be told to start anew?"""

        def started(template: Object) -> list[list[Any]]:
            containers = [template["spec"]["containers"][0], *(template["spec"].get("initContainers") or [])]
            return [[each.get(part) for part in ("command", "args", "env", "envFrom", "ports")] for each in containers]

        return started(before) == started(after)

    # what is seen -------------------------------------------------------------------------------------------------
    def _show_status(self, deployment: Object, pods: list[PodState]) -> None:
        metadata, wanted = deployment["metadata"], deployment["spec"]["replicas"]
        ready = sum(pod.ready for pod in pods)
        key = (metadata["namespace"], metadata["name"])
        problem = self._problems.get(key)
        # Pods of a template that was never started, or not yet, are none of the present one.
        is_applied = self._templates.get(key) == deployment["spec"]["template"]
        conditions = [
            _condition("Available", ready >= wanted, "MinimumReplicasAvailable", "MinimumReplicasUnavailable"),
            _condition("Progressing", problem is None, "NewReplicaSetAvailable", "ReplicaSetCreateError", problem),
        ]
        status: Object = {
            "observedGeneration": metadata["generation"],
            "replicas": len(pods),
            "updatedReplicas": sum(pod.is_current for pod in pods) if is_applied else 0,
            "readyReplicas": ready,
            "availableReplicas": ready,
            "unavailableReplicas": max(0, wanted - ready),
        }
        status = {key: value for key, value in status.items() if value or key == "observedGeneration"}
        if status.get("unavailableReplicas") == 0:
            status.pop("unavailableReplicas")
        old = deployment.get("status") or {}
        status["conditions"] = _keep_times(old.get("conditions") or [], conditions)
        if status != old:
            self._store.update(
                DEPLOYMENT, metadata["namespace"], metadata["name"], lambda item: {**item, "status": status}
            )

    def _show_pods(self, deployments: list[Object], by_namespace: dict[str, list[PodState]]) -> None:
        owners = {(d["metadata"]["namespace"], d["metadata"]["name"]): d for d in deployments}
        seen: set[tuple[str, str]] = set()
        for namespace, pods in by_namespace.items():
            for pod in pods:
                owner = owners.get((namespace, pod.deployment))
                if owner is None:
                    continue
                seen.add((namespace, pod.name))
                self._put_pod(namespace, pod, owner)
        known, _ = self._store.list(POD, None)
        for item in known:
            key = (item["metadata"]["namespace"], item["metadata"]["name"])
            if key not in seen and item["metadata"]["ownerReferences"][0]["kind"] == "Deployment":
                self._store.delete(POD, *key)

    def _put_pod(self, namespace: str, pod: PodState, owner: Object) -> None:
        container = owner["spec"]["template"]["spec"]["containers"][0]
        status = {
            "phase": "Running",
            "podIP": pod.address,
            "hostIP": pod.address,
            "conditions": [_condition("Ready", pod.ready, "", "ContainersNotReady")],
            "containerStatuses": [
                {
                    "name": container["name"],
                    "image": container["image"],
                    "imageID": "",
                    "ready": pod.ready,
                    "restartCount": pod.restarts,
                    "started": True,
                    "state": {"running": {}},
                }
            ],
        }
        labels = _labels(owner)
        reference = {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "name": pod.deployment,
            "uid": owner["metadata"]["uid"],
            "controller": True,
        }

        def change(item: Object) -> Object:
            kept = _keep_times(item.get("status", {}).get("conditions") or [], status["conditions"])  # type: ignore[arg-type]
            return {**item, "status": {**status, "conditions": kept}}

        try:
            self._store.update(POD, namespace, pod.name, change)
        except ApiError:
            metadata = {"name": pod.name, "namespace": namespace, "labels": labels, "ownerReferences": [reference]}
            item = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "status": status}
            self._store.create(POD, namespace, pod.name, {**item, "spec": owner["spec"]["template"]["spec"]})


def _command(container: Object) -> tuple[str, ...]:
    given = (*(container.get("command") or []), *(container.get("args") or []))
    return given or ("app",)


def _fits(selector: dict[str, str], deployment: Object) -> bool:
    """A Service without a selector leads to nobody."""
    return bool(selector) and selector.items() <= _labels(deployment).items()


def _labels(deployment: Object) -> dict[str, str]:
    """The labels of its pods."""
    return dict((deployment["spec"]["template"].get("metadata") or {}).get("labels") or {})


def _condition(type_: str, holds: bool, reason: str, reason_not: str, message: str | None = None) -> Object:
    condition: Object = {
        "type": type_,
        "status": "True" if holds else "False",
        "reason": reason if holds else reason_not,
        "message": message or "",
        "lastTransitionTime": now(),
    }
    return condition


def _keep_times(old: list[Object], new: list[Object]) -> list[Object]:
    """A condition that did not change keeps the time at which it did."""
    before = {condition["type"]: condition for condition in old}
    return [
        {**condition, "lastTransitionTime": before[condition["type"]]["lastTransitionTime"]}
        if before.get(condition["type"], {}).get("status") == condition["status"]
        else condition
        for condition in new
    ]

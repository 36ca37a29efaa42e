"""What the API server fills in and refuses when an object is written."""

import base64
import binascii
import re
from typing import Any

from sandbox.clouds.kubernetes.errors import invalid
from sandbox.clouds.kubernetes.kinds import Kind

_NAME = re.compile(r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$")
_CONTAINER = {"terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File"}
_POD = {
    "restartPolicy": "Always",
    "terminationGracePeriodSeconds": 30,
    "dnsPolicy": "ClusterFirst",
    "schedulerName": "default-scheduler",
    "securityContext": {},
}


def complete(kind: Kind, item: dict[str, Any]) -> None:
    """Fill in defaults, then check. Raises ApiError 422."""
    name = item["metadata"].get("name", "")
    if not _NAME.match(name) or len(name) > 253:
        raise invalid(kind, name, "metadata.name", "must be a lower case RFC 1123 subdomain")
    filler = _FILLERS.get(kind.plural)
    if filler is not None:
        filler(kind, item)


def check_unchanged(kind: Kind, before: dict[str, Any], after: dict[str, Any]) -> None:
    """Raises ApiError 422 when a field changed that cannot."""
    for path in kind.immutable:
        old, new = _at(before, path), _at(after, path)
        if old is not None and old != new:
            raise invalid(kind, after["metadata"]["name"], path, "field is immutable")
    if before.get("immutable") and any(before.get(part) != after.get(part) for part in ("data", "binaryData")):
        raise invalid(kind, after["metadata"]["name"], "data", "field is immutable when `immutable` is set")


def _at(item: Any, path: str) -> Any:
    for part in path.split("."):
        item = item.get(part) if isinstance(item, dict) else None
    return item


def _namespace(kind: Kind, item: dict[str, Any]) -> None:
    item["metadata"].setdefault("labels", {})["kubernetes.io/metadata.name"] = item["metadata"]["name"]
    item["spec"] = {"finalizers": ["kubernetes"]}
    item.setdefault("status", {"phase": "Active"})


def _secret(kind: Kind, item: dict[str, Any]) -> None:
    item.setdefault("type", "Opaque")
    data = dict(item.get("data") or {})
    for key, value in (item.pop("stringData", None) or {}).items():
        data[key] = base64.b64encode(value.encode()).decode()
    for key, value in data.items():
        try:
            base64.b64decode(value, validate=True)
        except (binascii.Error, TypeError, ValueError) as error:
            raise invalid(kind, item["metadata"]["name"], f"data[{key}]", "must be base64") from error
    if data or "data" in item:
        item["data"] = data


def _service(kind: Kind, item: dict[str, Any]) -> None:
    spec = item.setdefault("spec", {})
    spec.setdefault("type", "ClusterIP")
    spec.setdefault("sessionAffinity", "None")
    spec.setdefault("internalTrafficPolicy", "Cluster")
    if spec["type"] != "ExternalName":
        digest = sum(item["metadata"]["name"].encode()) % 250 + 2
        spec.setdefault("clusterIP", f"172.20.0.{digest}")
        spec.setdefault("clusterIPs", [spec["clusterIP"]])
    for port in spec.get("ports") or []:
        port.setdefault("protocol", "TCP")
        port.setdefault("targetPort", port["port"])
    item.setdefault("status", {"loadBalancer": {}})


def _deployment(kind: Kind, item: dict[str, Any]) -> None:
    name, spec = item["metadata"]["name"], item.setdefault("spec", {})
    spec.setdefault("replicas", 1)
    spec.setdefault("revisionHistoryLimit", 10)
    spec.setdefault("progressDeadlineSeconds", 600)
    strategy = spec.setdefault("strategy", {})
    if strategy.setdefault("type", "RollingUpdate") == "RollingUpdate":
        strategy.setdefault("rollingUpdate", {"maxUnavailable": "25%", "maxSurge": "25%"})
    if not isinstance(spec["replicas"], int) or spec["replicas"] < 0:
        raise invalid(kind, name, "spec.replicas", "must be a whole number, at least 0")
    labels = (spec.get("selector") or {}).get("matchLabels") or {}
    template = spec.setdefault("template", {})
    if not labels and not (spec.get("selector") or {}).get("matchExpressions"):
        raise invalid(kind, name, "spec.selector", "Required value")
    of_pods = (template.get("metadata") or {}).get("labels") or {}
    if any(of_pods.get(key) != value for key, value in labels.items()):
        raise invalid(kind, name, "spec.template.metadata.labels", "`selector` does not match template `labels`")
    _pod(kind, name, template)
    item.setdefault("status", {})


def _job(kind: Kind, item: dict[str, Any]) -> None:
    """Source: the Kubernetes API reference of Job, batch/v1."""
    name, spec = item["metadata"]["name"], item.setdefault("spec", {})
    for key, value in {"backoffLimit": 6, "completions": 1, "parallelism": 1, "suspend": False}.items():
        spec.setdefault(key, value)
    spec.setdefault("completionMode", "NonIndexed")
    template = spec.setdefault("template", {})
    policy = (template.get("spec") or {}).get("restartPolicy")
    if policy not in {"Never", "OnFailure"}:
        raise invalid(
            kind, name, "spec.template.spec.restartPolicy", 'Required value: valid values: "OnFailure", "Never"'
        )
    seconds = spec.get("activeDeadlineSeconds")
    if seconds is not None and (not isinstance(seconds, int) or seconds < 0):
        raise invalid(kind, name, "spec.activeDeadlineSeconds", "must be greater than or equal to 0")
    _pod(kind, name, template)
    item.setdefault("status", {})


def _pod(kind: Kind, name: str, template: dict[str, Any]) -> None:
    pod = template.setdefault("spec", {})
    if not pod.get("containers"):
        raise invalid(kind, name, "spec.template.spec.containers", "Required value")
    for key, value in _POD.items():
        pod.setdefault(key, value)
    for part in ("containers", "initContainers"):
        for i, container in enumerate(pod.get(part) or []):
            _container(kind, name, f"spec.template.spec.{part}[{i}]", container)


def _container(kind: Kind, name: str, path: str, container: dict[str, Any]) -> None:
    if not container.get("name") or not container.get("image"):
        raise invalid(kind, name, path, "name and image are required")
    for key, value in _CONTAINER.items():
        container.setdefault(key, value)
    container.setdefault("resources", {})
    latest = ":" not in container["image"].rsplit("/", 1)[-1] or container["image"].endswith(":latest")
    container.setdefault("imagePullPolicy", "Always" if latest else "IfNotPresent")
    for port in container.get("ports") or []:
        port.setdefault("protocol", "TCP")
    for probe in ("livenessProbe", "readinessProbe", "startupProbe"):
        if probe in container:
            _probe(container[probe])


def _probe(probe: dict[str, Any]) -> None:
    defaults = {"timeoutSeconds": 1, "periodSeconds": 10, "successThreshold": 1, "failureThreshold": 3}
    for key, value in defaults.items():
        probe.setdefault(key, value)
    if "httpGet" in probe:
        probe["httpGet"].setdefault("path", "/")
        probe["httpGet"].setdefault("scheme", "HTTP")


def _budget(kind: Kind, item: dict[str, Any]) -> None:
    spec = item.setdefault("spec", {})
    if "minAvailable" in spec and "maxUnavailable" in spec:
        name = item["metadata"]["name"]
        raise invalid(kind, name, "spec", "minAvailable and maxUnavailable cannot be both set")
    item.setdefault("status", {})


_FILLERS = {
    "namespaces": _namespace,
    "secrets": _secret,
    "services": _service,
    "deployments": _deployment,
    "jobs": _job,
    "poddisruptionbudgets": _budget,
}

"""
Kubernetes objects as Pulumi resources: one class for all, a row for each kind.

The real provider creates with server-side apply, waits until a Deployment is rolled out unless the annotation
pulumi.com/skipAwait says not to, names what has no name, refuses to take over what is there already, and replaces what
cannot change in place; ConfigMaps and Secrets are replaced too unless the provider is told that they may change
(pulumi-kubernetes, provider/pkg/provider/diff.go and the provider's settings).
"""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sandbox.providers.kubernetes.cluster import Cluster
from sandbox.providers.resource import HalfMade, Refused, Resource
from sandbox.providers.values import UNKNOWN, Properties

SKIP_AWAIT = "pulumi.com/skipAwait"
TIMEOUT = "pulumi.com/timeoutSeconds"
AUTO_NAMED = "pulumi.com/autonamed"
LONGEST_WAIT_SECONDS = 120.0


@dataclass
class Settings:
    """What the provider was told, as far as it matters here."""

    config_maps_change: bool = False
    secrets_change: bool = False
    upsert: bool = False

    def take(self, given: Properties) -> None:
        """Take the settings of a configuration. With several provider resources for one cluster the last one counts."""
        self.config_maps_change = given.get("enableConfigMapMutable") in (True, "true")
        self.secrets_change = given.get("enableSecretMutable") in (True, "true")
        self.upsert = given.get("upsertExistingObjects") in (True, "true")


@dataclass(frozen=True)
class Row:
    """One kind. `module` is where the SDK has it, None for a custom resource; `replaced_by` are paths."""

    group: str
    version: str
    kind: str
    plural: str
    module: str | None
    namespaced: bool = True
    replaced_by: frozenset[str] = frozenset()
    secret: frozenset[str] = frozenset()
    write_only: frozenset[str] = field(default_factory=frozenset)

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def token(self) -> str:
        return f"kubernetes:{self.group or 'core'}/{self.version}:{self.kind}"


_SECRET = frozenset({"data", "stringData"})
ROWS = (
    Row("", "v1", "Namespace", "namespaces", "core.v1", namespaced=False),
    Row("", "v1", "ConfigMap", "configmaps", "core.v1"),
    Row("", "v1", "Secret", "secrets", "core.v1", secret=_SECRET, write_only=frozenset({"stringData"})),
    Row("", "v1", "Service", "services", "core.v1", replaced_by=frozenset({"spec.clusterIP"})),
    Row("", "v1", "ServiceAccount", "serviceaccounts", "core.v1"),
    Row("apps", "v1", "Deployment", "deployments", "apps.v1", replaced_by=frozenset({"spec.selector"})),
    Row("policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets", "policy.v1"),
)
"""Groups as the SDK's type names write them: pulumi_kubernetes calls the group "" `core`."""


class KubernetesObject(Resource):
    """An object of one kind in one cluster. Its id is `namespace/name`, or `name`."""

    def __init__(self, row: Row, cluster: Cluster, settings: Settings) -> None:
        self._row = row
        self._cluster = cluster
        self._settings = settings
        self.type_name = row.token
        self.sdk = (row.module, row.kind) if row.module else None
        self.secret = row.secret
        self.write_only = row.write_only

    # names --------------------------------------------------------------------------------------------------------
    def give_name(self, logical: str, seed: bytes, new: Properties, old: Properties) -> None:
        metadata = new.setdefault("metadata", {})
        if not isinstance(metadata, dict) or metadata.get("name") or metadata.get("generateName"):
            return
        before = old.get("metadata") or {}
        suffix = "".join(random.Random(seed).choices("0123456789abcdef", k=8))
        metadata["name"] = before.get("name") or f"{logical}-{suffix}"
        metadata.setdefault("annotations", {})[AUTO_NAMED] = "true"

    def clashes(self, old: Properties, new: Properties) -> bool:
        before, after = old.get("metadata") or {}, new.get("metadata") or {}
        return all(before.get(part) == after.get(part) for part in ("name", "namespace"))

    def replaces(self, path: str) -> bool:
        only = {"metadata.name", "metadata.namespace", "apiVersion", "kind", *self._row.replaced_by}
        if self._row.kind == "ConfigMap" and not self._settings.config_maps_change:
            only |= {"data", "binaryData"}
        if self._row.kind == "Secret" and not self._settings.secrets_change:
            only |= {"data", "stringData", "type"}
        return any(path == one or path.startswith((f"{one}.", f"{one}[")) for one in only)

    def check(self, inputs: Properties, old: Properties) -> list[tuple[str, str]]:
        faults = [
            (name, f"must be {expected!r}")
            for name, expected in (("apiVersion", self._row.api_version), ("kind", self._row.kind))
            if inputs.get(name) not in (None, expected, UNKNOWN)
        ]
        if (inputs.get("metadata") or {}).get("namespace") is not None and not self._row.namespaced:
            faults.append(("metadata.namespace", f"{self._row.kind} has no namespace"))
        return faults

    def _path(self, namespace: str, name: str = "") -> str:
        root = f"/apis/{self._row.api_version}" if self._row.group else "/api/v1"
        scope = f"/namespaces/{namespace}" if self._row.namespaced else ""
        return f"{root}{scope}/{self._row.plural}" + (f"/{name}" if name else "")

    @staticmethod
    def _parts(identity: str) -> tuple[str, str]:
        namespace, _, name = identity.rpartition("/")
        return namespace or "default", name

    def _body(self, inputs: Properties) -> dict[str, Any]:
        body = {key: value for key, value in inputs.items() if not key.startswith("__")}
        return {**body, "apiVersion": self._row.api_version, "kind": self._row.kind}

    # life ---------------------------------------------------------------------------------------------------------
    def create(self, inputs: Properties) -> str:
        metadata = inputs["metadata"]
        namespace, name = metadata.get("namespace") or "default", metadata["name"]
        path = self._path(namespace, name)
        if not self._settings.upsert and self._cluster.get(path) is not None:
            raise Refused(f'resource "{namespace}/{name}" already exists in the cluster')
        self._cluster.apply(path, self._body(inputs))
        identity = f"{namespace}/{name}" if self._row.namespaced else name
        self._await(path, identity, inputs)
        return identity

    def read(self, identity: str, state: Properties) -> Properties | None:
        live = self._cluster.get(self._path(*self._parts(identity)))
        if live is None:
            return None
        live["metadata"].pop("managedFields", None)
        return live

    def update(self, identity: str, old: Properties, new: Properties, changed: frozenset[str]) -> None:
        path = self._path(*self._parts(identity))
        self._cluster.apply(path, self._body(new))
        self._await(path, identity, new)

    def delete(self, identity: str, state: Properties) -> None:
        self._cluster.delete(self._path(*self._parts(identity)))

    def _await(self, path: str, identity: str, inputs: Properties) -> None:
        annotations = (inputs.get("metadata") or {}).get("annotations") or {}
        if self._row.kind != "Deployment" or annotations.get(SKIP_AWAIT) == "true":
            return
        seconds = min(float(annotations.get(TIMEOUT, LONGEST_WAIT_SECONDS)), LONGEST_WAIT_SECONDS)
        deadline = time.monotonic() + seconds
        while True:
            problem = self._unready(self._cluster.get(path))
            if problem is None:
                return
            if time.monotonic() > deadline:
                raise HalfMade(identity, f"the Deployment is not ready after {seconds:g} s: {problem}")
            time.sleep(0.1)

    @staticmethod
    def _unready(live: dict[str, Any] | None) -> str | None:
        if live is None:
            return "it is gone"
        status, wanted = live.get("status") or {}, live["spec"]["replicas"]
        if status.get("observedGeneration", 0) < live["metadata"]["generation"]:
            return "its last change was not seen yet"
        ready = status.get("readyReplicas", 0)
        if ready >= wanted:
            return None
        said = [c["message"] for c in status.get("conditions", []) if c.get("message")]
        return f"{ready} of {wanted} pods are ready; {'; '.join(said)}".rstrip("; ")


def custom_resources(cluster: Cluster, settings: Settings) -> Callable[[str], Resource | None]:
    """Finds the kind of a custom resource by asking the cluster, as the real provider does."""

    def find(token: str) -> Resource | None:
        package, _, rest = token.partition(":")
        group_version, _, kind = rest.partition(":")
        group, _, version = group_version.rpartition("/")
        if package != "kubernetes" or not group or "." not in group:
            return None
        resources = (cluster.get(f"/apis/{group}/{version}") or {}).get("resources", [])
        for found in resources:
            if found["kind"] == kind and "/" not in found["name"]:
                row = Row(group, version, kind, found["name"], None, namespaced=found["namespaced"])
                return KubernetesObject(row, cluster, settings)
        return None

    return find

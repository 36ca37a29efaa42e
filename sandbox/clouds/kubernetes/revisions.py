"""
ReplicaSets: what each revision of a Deployment ran.

The sandbox's pods belong to their Deployment alone, so a ReplicaSet starts none here. It keeps what a rollback needs:
the template, and the number of the revision (kube-controller-manager, pkg/controller/deployment/sync.go).
"""

import copy
import hashlib
import json

from sandbox.clouds.kubernetes.kinds import DEPLOYMENT, REPLICA_SET
from sandbox.clouds.kubernetes.store import Object, Store

REVISION = "deployment.kubernetes.io/revision"
HASH = "pod-template-hash"


class Revisions:
    """The ReplicaSets of one cluster."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def note(self, deployment: Object) -> None:
        """
        Keep a Deployment's present template as its newest revision. A template that it had before gets a new number, as
        after a rollback; one that did not change keeps its own.
        """
        metadata, spec = deployment["metadata"], deployment["spec"]
        namespace = metadata["namespace"]
        kept = self._of(deployment)
        newest = max((_revision(each) for each in kept), default=0)
        name = f"{metadata['name']}-{_hash(spec['template'])}"
        present = next((each for each in kept if each["metadata"]["name"] == name), None)
        if present is None:
            newest += 1
            self._store.create(REPLICA_SET, namespace, name, _replica_set(deployment, name, newest))
        elif _revision(present) < newest:
            newest += 1
            self._store.update(REPLICA_SET, namespace, name, lambda item: _numbered(item, newest))
        for each in self._of(deployment):
            wanted = spec["replicas"] if each["metadata"]["name"] == name else 0
            self._store.update(REPLICA_SET, namespace, each["metadata"]["name"], lambda it, n=wanted: _sized(it, n))  # type: ignore[misc]
        self._store.update(DEPLOYMENT, namespace, metadata["name"], lambda item: _numbered(item, newest))
        old = sorted((each for each in self._of(deployment) if each["metadata"]["name"] != name), key=_revision)
        for each in old[: max(0, len(old) - spec["revisionHistoryLimit"])]:
            self._store.delete(REPLICA_SET, namespace, each["metadata"]["name"])

    def forget(self, deployment: Object) -> None:
        """They go with their Deployment."""
        for each in self._of(deployment):
            self._store.delete(REPLICA_SET, each["metadata"]["namespace"], each["metadata"]["name"])

    def _of(self, deployment: Object) -> list[Object]:
        metadata = deployment["metadata"]
        found, _ = self._store.list(REPLICA_SET, metadata["namespace"])
        return [each for each in found if each["metadata"]["ownerReferences"][0]["uid"] == metadata["uid"]]


def _replica_set(deployment: Object, name: str, revision: int) -> Object:
    metadata, template = deployment["metadata"], copy.deepcopy(deployment["spec"]["template"])
    labels = {**(template.setdefault("metadata", {}).get("labels") or {}), HASH: name.rpartition("-")[2]}
    template["metadata"]["labels"] = labels
    owner = {"apiVersion": "apps/v1", "kind": "Deployment", "name": metadata["name"], "uid": metadata["uid"]}
    return {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {
            "name": name,
            "namespace": metadata["namespace"],
            "labels": labels,
            "annotations": {REVISION: str(revision)},
            "ownerReferences": [{**owner, "controller": True, "blockOwnerDeletion": True}],
        },
        "spec": {"replicas": 0, "selector": {"matchLabels": labels}, "template": template},
        "status": {"replicas": 0},
    }


def _hash(template: Object) -> str:
    return hashlib.sha256(json.dumps(template, sort_keys=True).encode()).hexdigest()[:10]


def _revision(item: Object) -> int:
    return int((item["metadata"].get("annotations") or {}).get(REVISION, 0))


def _numbered(item: Object, revision: int) -> Object:
    item["metadata"].setdefault("annotations", {})[REVISION] = str(revision)
    return item


def _sized(item: Object, replicas: int) -> Object:
    item["spec"]["replicas"] = item["status"]["replicas"] = replicas
    return item

"""Which resources of Kubernetes are its own, and which are defined by whoever installed something into a cluster."""

from __future__ import annotations

import re

# The API groups that Kubernetes itself serves; what another group defines is a custom resource.
_OWN = re.compile(
    r"kubernetes:(?:core|apps|batch|autoscaling|policy|extensions|meta|events|[a-z]+\.k8s\.io|"
    r"rbac\.authorization\.k8s\.io|flowcontrol\.apiserver\.k8s\.io|internal\.apiserver\.k8s\.io)/"
)
# What takes along everything that it brought.
OWNERS = {
    "kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition": "kind of resource, and each one of it",
    "kubernetes:apiextensions.k8s.io/v1beta1:CustomResourceDefinition": "kind of resource, and each one of it",
    "kubernetes:helm.sh/v3:Release": "release of a chart",
}


def is_own(kind: str) -> bool:
    """Whether a type belongs to Kubernetes itself."""
    return _OWN.match(kind) is not None

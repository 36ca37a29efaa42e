"""What may hold data beside the types that the table of meanings lists: said by its name, or said to be unknown."""

from __future__ import annotations

import re

from previews.meanings.table import StoreKind

_LIKELY = re.compile(
    r"(?:database|db_?instance|db_?cluster|db|cluster|bucket|volume|disk|file_?system|file_?share|vault|key_?ring|"
    r"crypto_?key|queue|topic|stream|registry|repository|namespace|storage_?account|container|backup|snapshot|table|"
    r"keyspace|collection|dataset|datastore|cache|redis|postgres(?:ql)?|mysql|mongo(?:db)?|kafka|cassandra|"
    r"elasticsearch|opensearch|secret|schema|ledger|warehouse|share|store)$",
    re.IGNORECASE,
)
# Providers of which every type that holds data is listed or named so: of theirs, the others hold none.
_WHOLE = frozenset({"aws", "azure-native", "gcp"})
# Providers whose resources are figures, files or commands of the program itself.
_NO_STORES = frozenset({"pulumi", "random", "command", "time", "null", "local", "archive", "external", "http", "std"})
# The API groups that Kubernetes itself serves; what another group defines is a custom resource.
_KUBERNETES = re.compile(
    r"kubernetes:(?:core|apps|batch|autoscaling|policy|extensions|meta|events|[a-z]+\.k8s\.io|"
    r"rbac\.authorization\.k8s\.io|flowcontrol\.apiserver\.k8s\.io|internal\.apiserver\.k8s\.io)/"
)


def unlisted_store(kind: str) -> StoreKind | None:
    """What a type that the table of meanings does not list holds, as far as its name says; None where it holds none."""
    leaf = kind.rpartition(":")[2]
    if _LIKELY.search(leaf):
        return StoreKind(kind, f"{leaf} (by its name)")
    package = kind.partition(":")[0]
    if package in _NO_STORES or package in _WHOLE or _KUBERNETES.match(kind):
        return None
    return StoreKind(kind, f"{leaf}, of which nobody here knows whether it holds data", known=False)

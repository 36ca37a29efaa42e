"""The kinds that the API server knows."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Kind:
    """
    `has_spec` kinds count generations; `immutable` names paths whose change is refused; `status` is a subresource.
    """

    group: str
    version: str
    plural: str
    kind: str
    namespaced: bool = True
    has_spec: bool = True
    status: bool = False
    scale: bool = False
    log: bool = False
    short: tuple[str, ...] = ()
    immutable: tuple[str, ...] = ()
    verbs: tuple[str, ...] = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def resource(self) -> str:
        """The name that error messages use: `deployments.apps`."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def follows(self) -> bool:
        """Tell whether nobody but the owner of such an object writes it in the sandbox."""
        return "create" not in self.verbs


_RBAC = "rbac.authorization.k8s.io"
_VELERO = (
    ("backups", "Backup"),
    ("backupstoragelocations", "BackupStorageLocation"),
    ("deletebackuprequests", "DeleteBackupRequest"),
    ("downloadrequests", "DownloadRequest"),
    ("restores", "Restore"),
    ("schedules", "Schedule"),
    ("volumesnapshotlocations", "VolumeSnapshotLocation"),
)

DEPLOYMENT = Kind(
    "apps", "v1", "deployments", "Deployment", status=True, scale=True, short=("deploy",), immutable=("spec.selector",)
)
NAMESPACE = Kind("", "v1", "namespaces", "Namespace", namespaced=False, status=True, short=("ns",))
_FOLLOWS = ("get", "list", "watch")
POD = Kind("", "v1", "pods", "Pod", status=True, log=True, short=("po",), verbs=_FOLLOWS)
REPLICA_SET = Kind("apps", "v1", "replicasets", "ReplicaSet", status=True, short=("rs",), verbs=_FOLLOWS)
JOB = Kind(
    "batch", "v1", "jobs", "Job", status=True,
    immutable=("spec.template", "spec.selector", "spec.completions", "spec.completionMode", "spec.backoffLimit"),
)  # fmt: skip
SECRET = Kind("", "v1", "secrets", "Secret", has_spec=False, immutable=("type",))
CONFIG_MAP = Kind("", "v1", "configmaps", "ConfigMap", has_spec=False, short=("cm",))
SERVICE_ACCOUNT = Kind("", "v1", "serviceaccounts", "ServiceAccount", has_spec=False, short=("sa",))

SERVICE = Kind("", "v1", "services", "Service", status=True, short=("svc",), immutable=("spec.clusterIP",))

KINDS: tuple[Kind, ...] = (
    NAMESPACE,
    CONFIG_MAP,
    SECRET,
    SERVICE_ACCOUNT,
    POD,
    SERVICE,
    Kind("", "v1", "events", "Event", has_spec=False, short=("ev",)),
    DEPLOYMENT,
    REPLICA_SET,
    JOB,
    Kind("policy", "v1", "poddisruptionbudgets", "PodDisruptionBudget", status=True, short=("pdb",)),
    Kind("coordination.k8s.io", "v1", "leases", "Lease"),
    Kind(_RBAC, "v1", "roles", "Role", has_spec=False),
    Kind(_RBAC, "v1", "rolebindings", "RoleBinding", has_spec=False, immutable=("roleRef",)),
    Kind(_RBAC, "v1", "clusterroles", "ClusterRole", namespaced=False, has_spec=False),
    Kind(_RBAC, "v1", "clusterrolebindings", "ClusterRoleBinding", namespaced=False, has_spec=False),
    *(Kind("velero.io", "v1", plural, kind) for plural, kind in _VELERO),
)

BY_PATH = {(kind.group, kind.version, kind.plural): kind for kind in KINDS}
BY_NAME = {(kind.api_version, kind.kind): kind for kind in KINDS}
GROUPS = tuple(dict.fromkeys((kind.group, kind.version) for kind in KINDS if kind.group))

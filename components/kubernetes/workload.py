"""
A service in a site: a Deployment with as many pods as the site's role wants, a Service by whose name the other pods of
the cluster find it, and a disruption budget.

`pulumi up` does not wait for pods to become ready: in a warm or fenced site they rightly are not, and an update must
never hang on the health of a site. The runbooks look at the pods themselves.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_kubernetes as k8s

from model import names

PORT = 8080
LABEL = "app.kubernetes.io/name"
RESOURCES = {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "512Mi"}}
_NO_WAIT = {"pulumi.com/skipAwait": "true"}


@dataclass(frozen=True)
class Migration:
    """What runs in a pod before it serves: an entry point of the same image, which reads `sources` and nothing else."""

    command: tuple[str, ...]
    sources: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class WorkloadArgs:
    """
    `sources` are the ConfigMaps and Secrets whose keys become variables, as ("config"|"login", name). `revision`
    changes when their content does, so that pods start anew. `most` is the number of pods of the active site.
    `node_port`: the port of each node at which the front door finds it; None where no request from outside reaches it.
    `served`: others reach it at all. `account` is the service account whose role in the cloud the pods act in; without
    one they are nobody there. No pod asks the cluster anything, so none gets a token for it. `migration`: what runs in
    each pod before it serves.
    """

    namespace: str
    service: str
    image: str
    command: tuple[str, ...]
    replicas: int
    most: int
    environment: dict[str, pulumi.Input[str]]
    sources: Sequence[tuple[str, str]]
    revision: pulumi.Input[str]
    migration: Migration | None = None
    node_port: int | None = None
    served: bool = True
    single: bool = False
    labels: dict[str, str] = field(default_factory=dict)
    account: str | None = None


class Workload(pulumi.ComponentResource):
    """Deployment and Service are named as the service. Nothing is given."""

    def __init__(self, name: str, args: WorkloadArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("dr:kubernetes:Workload", name, None, opts)
        selector = {LABEL: args.service}
        labels = selector | args.labels
        child = pulumi.ResourceOptions(parent=self)
        k8s.apps.v1.Deployment(
            f"{name}-deployment",
            metadata={
                "name": args.service,
                "namespace": args.namespace,
                "labels": labels,
                "annotations": _NO_WAIT,
            },
            spec={
                "replicas": args.replicas,
                "selector": {"match_labels": selector},
                "strategy": {"type": "Recreate"} if args.single else {"type": "RollingUpdate"},
                "template": {
                    "metadata": {"labels": labels, "annotations": {"dr/revision": args.revision}},
                    "spec": {
                        **self._before(args),
                        "containers": [self._container(args)],
                        "topology_spread_constraints": [_across_zones(selector)],
                        "automount_service_account_token": False,
                        **({"service_account_name": args.account} if args.account else {}),
                    },
                },
            },
            # Its name is given: one that is made anew can only be there once the old one has gone.
            opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True),
        )
        if args.served:
            outside = {} if args.node_port is None else {"node_port": args.node_port}
            k8s.core.v1.Service(
                f"{name}-service",
                metadata={"name": args.service, "namespace": args.namespace, "annotations": _NO_WAIT},
                spec={
                    "type": "ClusterIP" if args.node_port is None else "NodePort",
                    "selector": selector,
                    "ports": [{"name": "http", "port": 80, "target_port": PORT, **outside}],
                },
                opts=child,
            )
        if args.most > 1:
            k8s.policy.v1.PodDisruptionBudget(
                f"{name}-budget",
                metadata={"name": args.service, "namespace": args.namespace},
                spec={"max_unavailable": 1, "selector": {"match_labels": selector}},
                opts=child,
            )
        self.register_outputs({})

    @staticmethod
    def _before(args: WorkloadArgs) -> dict[str, object]:
        """Its environment is its own: what serves never sees the login of a migration."""
        if args.migration is None:
            return {}
        container = {
            "name": names.MIGRATION,
            "image": args.image,
            "command": list(args.migration.command),
            "env": [{"name": key, "value": value} for key, value in _told(args).items()],
            "env_from": _env_from(args.migration.sources),
            "resources": RESOURCES,
        }
        return {"init_containers": [container]}

    @staticmethod
    def _container(args: WorkloadArgs) -> dict[str, object]:
        container: dict[str, object] = {
            "name": args.service,
            "image": args.image,
            "env": [{"name": key, "value": value} for key, value in _told(args).items()],
            "env_from": _env_from(args.sources),
            "ports": [{"container_port": PORT, "name": "http"}],
            "liveness_probe": _probe("/health", 10),
            "readiness_probe": _probe("/health/ready", 2),
            "resources": RESOURCES,
        }
        return container | ({"command": list(args.command)} if args.command else {})


def _told(args: WorkloadArgs) -> dict[str, pulumi.Input[str]]:
    return {"SERVICE": args.service, "PORT": str(PORT)} | args.environment


def _env_from(sources: Sequence[tuple[str, str]]) -> list[dict[str, object]]:
    references = {"config": "config_map_ref", "login": "secret_ref"}
    return [{references[kind]: {"name": source}} for kind, source in sources]


def _across_zones(selector: dict[str, str]) -> dict[str, object]:
    """Pods of a service share a zone only when the others cannot take them."""
    return {
        "max_skew": 1,
        "topology_key": "topology.kubernetes.io/zone",
        "when_unsatisfiable": "ScheduleAnyway",
        "label_selector": {"match_labels": selector},
    }


def _probe(path: str, period: int) -> dict[str, object]:
    return {"http_get": {"path": path, "port": PORT}, "period_seconds": period, "timeout_seconds": 2}

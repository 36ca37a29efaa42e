"""The compute of a site: its cluster, and what runs in it at the site's scale."""

import hashlib
from dataclasses import dataclass
from typing import Any, Literal

import pulumi
import pulumi_kubernetes as k8s

from components.aws.addresses import registry_host
from components.aws.cluster import Cluster, ClusterArgs
from components.aws.database import ReplicatedPostgres
from components.aws.front_door import NODE_PORT, FrontDoor
from components.aws.network import Network
from components.kubernetes.entrance import Entrance, EntranceArgs
from components.kubernetes.namespace import DatabaseAddress, Namespace, NamespaceArgs
from components.kubernetes.sentinel import Sentinel, SentinelArgs
from components.kubernetes.workload import Workload, WorkloadArgs
from components.settings import Settings
from model import Plan, names
from model.services import Pods
from model.sites import Site
from model.stores import Objects

PODS_PER_NODE = 8


@dataclass(frozen=True)
class ComputeArgs:
    """`databases` are the site's own, by name: pods use no other."""

    settings: Settings
    spec: Site
    scale: Literal["active", "warm"]
    network: Network
    front_door: FrontDoor
    databases: dict[str, ReplicatedPostgres]


def declare_compute(args: ComputeArgs, parent: pulumi.Resource) -> None:
    """Cluster, namespace, services, front door's entrance and sentinel, all as children of `parent`."""
    plan, site = args.settings.plan, args.spec.name
    child = pulumi.ResourceOptions(parent=parent)
    cluster = Cluster(
        "cluster",
        ClusterArgs(
            region=args.spec.region,
            cluster=names.cluster(plan, site),
            control_role=names.control_role(plan, site),
            nodes_role=names.nodes_role(plan, site),
            subnet_ids=args.network.public_subnet_ids,
            target_group_arn=args.front_door.target_group_arn,
            nodes=_nodes(sum(_replicas(service, args.scale) for service in _pods(plan))),
            most_nodes=_nodes(sum(service.replicas.active for service in _pods(plan))) + 2,
            buckets=(
                names.recovery_bucket(plan, site),
                names.recovery_bucket(plan, plan.fencing.witness),
                *(names.bucket(plan, site, store.name) for store in plan.stores_of(Objects)),
            ),
        ),
        child,
    )
    kubernetes = k8s.Provider(
        "kubernetes",
        kubeconfig=cluster.kubeconfig,
        # Otherwise a new kubeconfig would replace everything in the cluster.
        cluster_identifier=names.cluster(plan, site),
        # The provider takes them for immutable and replaces them, under pods that read them.
        enable_config_map_mutable=True,
        enable_secret_mutable=True,
        opts=child,
    )
    _declare_pods(args, pulumi.ResourceOptions(parent=parent, providers=[kubernetes]))


def _declare_pods(args: ComputeArgs, opts: pulumi.ResourceOptions) -> None:
    plan = args.settings.plan
    addresses = {name: _address(args, name, instance) for name, instance in args.databases.items()}
    environment = _environment(args)
    namespace = Namespace("namespace", NamespaceArgs(names.namespace(plan), environment, addresses), opts)
    opts = pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=[namespace]))
    registry = args.settings.registry or registry_host(plan, args.spec.name)
    hosts = [address.host for address in addresses.values()]
    revision = pulumi.Output.all(environment, *hosts).apply(_digest)
    for service in _pods(plan):
        used = next((name for name in service.uses if name in addresses), next(iter(addresses), None))
        workload = WorkloadArgs(
            namespace=namespace.name,
            service=service.name,
            image=service.image or f"{registry}/{plan.system}-{service.name}:stable",
            command=service.command,
            replicas=_replicas(service, args.scale),
            most=service.replicas.active,
            environment={},
            sources=_sources(used),
            revision=revision,
            behind_front_door=service.front_door,
            labels={"dr/tier": str(service.tier)},
        )
        Workload(service.name, workload, opts)
    Entrance("entrance", EntranceArgs(namespace.name, NODE_PORT), opts)
    if addresses:
        sentinel = SentinelArgs(
            namespace=namespace.name,
            image=f"{registry}/{names.SENTINEL}:stable",
            hosts=pulumi.Output.all(*hosts).apply(",".join),
            databases=",".join(address.database for address in addresses.values()),
            sources=_sources(next(iter(addresses))),
            revision=revision,
        )
        Sentinel("sentinel", sentinel, opts)


def _address(args: ComputeArgs, name: str, instance: ReplicatedPostgres) -> DatabaseAddress:
    return DatabaseAddress(
        host=instance.address,
        port=instance.port,
        database=names.database_name(name),
        username=names.database_user(args.settings.plan),
        password=args.settings.password,
    )


def _sources(database: str | None) -> list[tuple[str, str]]:
    site = [("config", "site")]
    return [*site, ("config", f"database-{database}"), ("login", f"database-{database}")] if database else site


def _environment(args: ComputeArgs) -> dict[str, str]:
    """What every pod is told of the site; `agent/sentinel.py` says what it needs."""
    plan, site = args.settings.plan, args.spec
    witness, lease = plan.fencing.witness, plan.fencing.lease
    return {
        "DR_SYSTEM": plan.system,
        "DR_SITE": site.name,
        "DR_CLOUD": site.cloud,
        "DR_REGION": site.region,
        "DR_WITNESS_CLOUD": plan.site(witness).cloud,
        "DR_WITNESS_REGION": plan.site(witness).region,
        "DR_WITNESS_BUCKET": names.recovery_bucket(plan, witness),
        "DR_RECOVERY_BUCKET": names.recovery_bucket(plan, site.name),
        "DR_LEASE_TTL_MS": str(round(lease.ttl.total_seconds() * 1000)),
        "DR_LEASE_RENEW_MS": str(round(lease.renew.total_seconds() * 1000)),
    }


def _pods(plan: Plan) -> list[Pods]:
    return [service for service in plan.services if isinstance(service, Pods)]


def _replicas(service: Pods, scale: str) -> int:
    return service.replicas.active if scale == "active" else service.replicas.warm


def _nodes(pods: int) -> int:
    return max(1, -(-pods // PODS_PER_NODE))


def _digest(parts: list[Any]) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:12]

"""What runs in a site's cluster: its namespace, its services at the site's scale, and the sentinel."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_kubernetes as k8s

from components import variables
from components.kubernetes.namespace import Namespace, NamespaceArgs
from components.kubernetes.sentinel import Sentinel, SentinelArgs
from components.kubernetes.stores import StoreLogins
from components.kubernetes.workload import Migration, Workload, WorkloadArgs
from components.parts import Endpoints, Place
from model import names
from model.routes import service_routes
from model.services import Pods

SITE = "site"
"""The ConfigMap that every pod reads."""


@dataclass(frozen=True)
class PodsArgs:
    """
    `registry` is where images come from by default. `accounts` are the service accounts to make, each with the
    annotations by which the cloud knows what its pods act as; services without one act as nobody.
    """

    cluster: str
    kubeconfig: pulumi.Output[str]
    registry: str
    services: Sequence[Pods]
    endpoints: Endpoints
    accounts: Mapping[str, Mapping[str, pulumi.Input[str]]]


def run_pods(place: Place, args: PodsArgs) -> None:
    """Declare it all as children of the site. Pods use the stores of their own site and no other."""
    kubernetes = k8s.Provider(
        "kubernetes",
        kubeconfig=args.kubeconfig,
        # Otherwise a new kubeconfig would replace everything in the cluster.
        cluster_identifier=args.cluster,
        # The provider takes them for immutable and replaces them, under pods that read them.
        enable_config_map_mutable=True,
        enable_secret_mutable=True,
        opts=place.child,
    )
    plan = place.settings.plan
    opts = pulumi.ResourceOptions(parent=place.parent, providers=[kubernetes])
    stores = StoreLogins(place, args.endpoints)
    environment = variables.of_site(place, lambda site: names.recovery_bucket(plan, site))
    space = NamespaceArgs(names.namespace(plan), {SITE: environment, **stores.configs()}, stores.logins(args.services))
    namespace = Namespace("namespace", space, opts)
    opts = pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=[namespace]))
    accounts = [_account(namespace.name, name, given, opts) for name, given in args.accounts.items()]
    opts = pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=accounts))
    routes = {route.service: route for route in service_routes(plan)}
    for service in args.services:
        route = routes.get(service.name)
        migration = stores.migration_sources(service)
        workload = WorkloadArgs(
            namespace=namespace.name,
            service=service.name,
            image=service.image or f"{args.registry}/{plan.system}-{service.name}:stable",
            command=service.command,
            replicas=replicas(service, place.scale),
            most=service.replicas.active,
            environment={**({"BASE_PATH": route.path} if route else {}), **stores.environment(service)},
            sources=[("config", SITE), *stores.sources(service)],
            migration=Migration(service.migrates_by, [("config", SITE), *migration]) if migration else None,
            revision=pulumi.Output.all(environment, *stores.addresses(service)).apply(_digest),
            node_port=route.node_port if route else None,
            labels={"dr/tier": str(service.tier)},
            account=_of(args, names.service_account(service.name)),
        )
        Workload(service.name, workload, opts)
    if args.endpoints:
        sentinel = SentinelArgs(
            namespace=namespace.name,
            image=f"{args.registry}/{names.SENTINEL}:stable",
            environment=stores.agent_environment(),
            sources=[("config", SITE), *stores.agent_sources()],
            revision=pulumi.Output.all(environment, *stores.addresses()).apply(_digest),
            account=_of(args, names.SENTINEL),
        )
        Sentinel("sentinel", sentinel, opts)


def replicas(service: Pods, scale: str) -> int:
    """How many pods of a service a site runs at a scale."""
    return service.replicas.active if scale == "active" else service.replicas.warm


def _account(
    namespace: str, name: str, annotations: Mapping[str, pulumi.Input[str]], opts: pulumi.ResourceOptions
) -> k8s.core.v1.ServiceAccount:
    return k8s.core.v1.ServiceAccount(
        f"{name}-account",
        metadata={"name": name, "namespace": namespace, "annotations": annotations},
        automount_service_account_token=False,
        opts=opts,
    )


def _of(args: PodsArgs, account: str) -> str | None:
    return account if account in args.accounts else None


def _digest(parts: list[Any]) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:12]

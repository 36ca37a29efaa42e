"""A site's Kubernetes cluster on EKS, with one group of nodes that the front door sends to, and its pods."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from components.aws.addresses import registry_host
from components.aws.front_door import FrontDoor
from components.aws.network import Network
from components.aws.pod_role import ANNOTATION, AUDIENCE, PodRole, PodRoleArgs, agent_statements, service_statements
from components.kubernetes.pods import PodsArgs, replicas, run_pods
from components.parts import Endpoints, Place
from model import names
from model.roles import keeps_roles
from model.services import Pods
from model.stores import Objects

PODS_PER_NODE = 8

_AWS = "arn:aws:iam::aws:policy"


@dataclass(frozen=True)
class ClusterArgs:
    """
    `nodes` is the number wanted, which may grow to `most_nodes`; None where the cluster has no nodes yet. `protect`:
    AWS refuses to delete it, because the roles that trust it could not be made again when they are wanted.
    """

    region: str
    cluster: str
    control_role: str
    nodes_role: str
    subnet_ids: list[pulumi.Output[str]]
    target_group_arns: dict[str, pulumi.Output[str]]
    nodes: int | None
    most_nodes: int
    protect: bool
    instance_type: str = "m6g.large"


class Cluster(pulumi.ComponentResource):
    """
    Gives `kubeconfig`, which asks `aws eks get-token` for its credentials and so holds none; `issuer`, who signs the
    tokens of its service accounts, and `provider_arn`, what the account knows that issuer by.

    The nodes' role has no right on any bucket: every pod of a node can take it up.
    """

    def __init__(self, name: str, args: ClusterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("dr:aws:Cluster", name, None, opts)
        control = self._role(f"{name}-control", args.control_role, "eks.amazonaws.com", ["AmazonEKSClusterPolicy"])
        workers = self._role(
            f"{name}-nodes",
            args.nodes_role,
            "ec2.amazonaws.com",
            ["AmazonEKSWorkerNodePolicy", "AmazonEKS_CNI_Policy", "AmazonEC2ContainerRegistryReadOnly"],
        )
        cluster = aws.eks.Cluster(
            f"{name}-cluster",
            region=args.region,
            name=args.cluster,
            role_arn=control.arn,
            vpc_config={"subnet_ids": args.subnet_ids},
            deletion_protection=True if args.protect else None,
            opts=pulumi.ResourceOptions(parent=self),
        )
        if args.nodes is not None:
            self._nodes(name, args, args.nodes, cluster, workers)
        self.kubeconfig: pulumi.Output[str] = pulumi.Output.all(
            cluster.endpoint, cluster.certificate_authority.data
        ).apply(lambda known: _kubeconfig(args.cluster, args.region, *known))
        self.issuer: pulumi.Output[str] = cluster.identities[0].oidcs[0].issuer
        tokens = aws.iam.OpenIdConnectProvider(
            f"{name}-tokens",
            url=self.issuer,
            client_id_lists=[AUDIENCE],
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.provider_arn: pulumi.Output[str] = tokens.arn
        self.register_outputs({"cluster": cluster.name})

    def _nodes(
        self, name: str, args: ClusterArgs, wanted: int, cluster: aws.eks.Cluster, workers: aws.iam.Role
    ) -> None:
        nodes = aws.eks.NodeGroup(
            f"{name}-nodes",
            region=args.region,
            cluster_name=cluster.name,
            node_group_name=args.cluster,
            node_role_arn=workers.arn,
            subnet_ids=args.subnet_ids,
            instance_types=[args.instance_type],
            ami_type="AL2023_ARM_64_STANDARD",
            scaling_config={"desired_size": wanted, "min_size": 1, "max_size": args.most_nodes},
            opts=pulumi.ResourceOptions(parent=self),
        )
        for service, targets in args.target_group_arns.items():
            aws.autoscaling.Attachment(
                f"{name}-{service}",
                region=args.region,
                autoscaling_group_name=nodes.resources[0].autoscaling_groups[0].name,
                lb_target_group_arn=targets,
                opts=pulumi.ResourceOptions(parent=self),
            )

    def _role(self, name: str, role_name: str, service: str, policies: list[str]) -> aws.iam.Role:
        child = pulumi.ResourceOptions(parent=self)
        trust = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
        role = aws.iam.Role(
            f"{name}-role",
            name=role_name,
            force_detach_policies=True,  # also what a closed site was denied, outside Pulumi
            assume_role_policy=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
            opts=child,
        )
        for policy in policies:
            aws.iam.RolePolicyAttachment(f"{name}-{policy}", role=role.name, policy_arn=f"{_AWS}/{policy}", opts=child)
        return role


def _kubeconfig(name: str, region: str, endpoint: str, authority: str) -> str:
    token = {
        "apiVersion": "client.authentication.k8s.io/v1beta1",
        "command": "aws",
        "args": ["eks", "get-token", "--cluster-name", name, "--region", region],
    }
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": name, "cluster": {"server": endpoint, "certificate-authority-data": authority}}],
            "users": [{"name": name, "user": {"exec": token}}],
            "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
            "current-context": name,
        }
    )


def declare_pods(
    place: Place, network: Network, front_door: FrontDoor, services: Sequence[Pods], endpoints: Endpoints
) -> None:
    """The cluster, as large as its pods need, and the pods in it."""
    own = {service.name for service in services}
    targets = {it: arn for it, arn in front_door.target_group_arns.items() if it in own}
    nodes = _nodes(sum(replicas(service, place.scale) for service in services))
    args = _cluster(place, network, services, targets, nodes)
    registry = place.settings.registry or registry_host(place.settings.plan, place.site.name)
    cluster, accounts = _with_roles(place, args, services)
    run_pods(place, PodsArgs(args.cluster, cluster.kubeconfig, registry, services, endpoints, accounts))


def declare_pod_roles(place: Place, network: Network, services: Sequence[Pods]) -> None:
    """
    The cluster without a node, and what pods will act as: the trust in a role names the cluster's own issuer, so there
    is none before there is a cluster.
    """
    _with_roles(place, _cluster(place, network, services, {}, None), services)


def _cluster(
    place: Place,
    network: Network,
    services: Sequence[Pods],
    targets: dict[str, pulumi.Output[str]],
    nodes: int | None,
) -> ClusterArgs:
    plan, site = place.settings.plan, place.site
    return ClusterArgs(
        region=site.region,
        cluster=names.cluster(plan, site.name),
        control_role=names.control_role(plan, site.name),
        nodes_role=names.nodes_role(plan, site.name),
        subnet_ids=network.public_subnet_ids,
        target_group_arns=targets,
        nodes=nodes,
        most_nodes=_nodes(sum(service.replicas.active for service in services)) + 2,
        protect=place.settings.protect and keeps_roles(plan, site.name),
    )


def _with_roles(
    place: Place, args: ClusterArgs, services: Sequence[Pods]
) -> tuple[Cluster, dict[str, dict[str, pulumi.Output[str]]]]:
    """The cluster, and the annotations of its service accounts."""
    cluster = Cluster("cluster", args, place.child)
    return cluster, {
        account: {ANNOTATION: _role(place, cluster, account, role, statements).arn}
        for account, (role, statements) in _pod_roles(place, services).items()
    }


def _pod_roles(place: Place, services: Sequence[Pods]) -> dict[str, tuple[str, list[dict[str, Any]]]]:
    """By service account, what its pods act as and may do: the agent, and each service that uses an object store."""
    plan, site = place.settings.plan, place.site.name
    own, witness = names.recovery_bucket(plan, site), names.recovery_bucket(plan, plan.fencing.witness)
    agent = agent_statements(own, witness, names.LEASE_KEY, names.CLAIM_KEY)
    found = {names.SENTINEL: (names.agent_role(plan, site), agent)}
    stores = {store.name for store in plan.stores_of(Objects)}
    for service in services:
        used = [names.bucket(plan, site, store) for store in service.uses if store in stores]
        if used:
            role = names.service_role(plan, site, service.name)
            found[names.service_account(service.name)] = (role, service_statements(used))
    return found


def _role(place: Place, cluster: Cluster, account: str, role: str, statements: list[dict[str, Any]]) -> PodRole:
    args = PodRoleArgs(
        role=role,
        issuer=cluster.issuer,
        provider_arn=cluster.provider_arn,
        namespace=names.namespace(place.settings.plan),
        service_account=account,
        statements=statements,
    )
    return PodRole(account, args, place.child)


def _nodes(pods: int) -> int:
    return max(1, -(-pods // PODS_PER_NODE))

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
from components.kubernetes.pods import PodsArgs, replicas, run_pods
from components.parts import Endpoints, Place
from model import names
from model.services import Pods
from model.stores import Objects

PODS_PER_NODE = 8

_AWS = "arn:aws:iam::aws:policy"


@dataclass(frozen=True)
class ClusterArgs:
    """`nodes` is the number wanted; the group may grow to `most_nodes`. `buckets` are those the pods may write to."""

    region: str
    cluster: str
    control_role: str
    nodes_role: str
    subnet_ids: list[pulumi.Output[str]]
    target_group_arns: dict[str, pulumi.Output[str]]
    nodes: int
    most_nodes: int
    buckets: tuple[str, ...]
    instance_type: str = "m6g.large"


class Cluster(pulumi.ComponentResource):
    """Gives `kubeconfig`, which asks `aws eks get-token` for its credentials and so holds none."""

    def __init__(self, name: str, args: ClusterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("dr:aws:Cluster", name, None, opts)
        control = self._role(f"{name}-control", args.control_role, "eks.amazonaws.com", ["AmazonEKSClusterPolicy"])
        workers = self._role(
            f"{name}-nodes",
            args.nodes_role,
            "ec2.amazonaws.com",
            ["AmazonEKSWorkerNodePolicy", "AmazonEKS_CNI_Policy", "AmazonEC2ContainerRegistryReadOnly"],
        )
        aws.iam.RolePolicy(
            f"{name}-buckets",
            role=workers.id,
            policy=json.dumps(_bucket_access(args.buckets)),
            opts=pulumi.ResourceOptions(parent=self),
        )
        cluster = aws.eks.Cluster(
            f"{name}-cluster",
            region=args.region,
            name=args.cluster,
            role_arn=control.arn,
            vpc_config={"subnet_ids": args.subnet_ids},
            opts=pulumi.ResourceOptions(parent=self),
        )
        nodes = aws.eks.NodeGroup(
            f"{name}-nodes",
            region=args.region,
            cluster_name=cluster.name,
            node_group_name=args.cluster,
            node_role_arn=workers.arn,
            subnet_ids=args.subnet_ids,
            instance_types=[args.instance_type],
            ami_type="AL2023_ARM_64_STANDARD",
            scaling_config={"desired_size": args.nodes, "min_size": 1, "max_size": args.most_nodes},
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
        self.kubeconfig: pulumi.Output[str] = pulumi.Output.all(
            cluster.endpoint, cluster.certificate_authority.data
        ).apply(lambda known: _kubeconfig(args.cluster, args.region, *known))
        self.register_outputs({"cluster": cluster.name})

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


def _bucket_access(buckets: tuple[str, ...]) -> dict[str, Any]:
    objects = {
        "Effect": "Allow",
        "Action": ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"],
        "Resource": [f"arn:aws:s3:::{bucket}/*" for bucket in buckets],
    }
    listing = {
        "Effect": "Allow",
        "Action": ["s3:ListBucket"],
        "Resource": [f"arn:aws:s3:::{bucket}" for bucket in buckets],
    }
    return {"Version": "2012-10-17", "Statement": [objects, listing]}


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
    plan, site = place.settings.plan, place.site
    args = ClusterArgs(
        region=site.region,
        cluster=names.cluster(plan, site.name),
        control_role=names.control_role(plan, site.name),
        nodes_role=names.nodes_role(plan, site.name),
        subnet_ids=network.public_subnet_ids,
        target_group_arns=front_door.target_group_arns,
        nodes=_nodes(sum(replicas(service, place.scale) for service in services)),
        most_nodes=_nodes(sum(service.replicas.active for service in services)) + 2,
        buckets=(
            names.recovery_bucket(plan, site.name),
            names.recovery_bucket(plan, plan.fencing.witness),
            *(names.bucket(plan, site.name, store.name) for store in plan.stores_of(Objects)),
        ),
    )
    cluster = Cluster("cluster", args, place.child)
    registry = place.settings.registry or registry_host(plan, site.name)
    run_pods(place, PodsArgs(args.cluster, cluster.kubeconfig, registry, services, endpoints))


def _nodes(pods: int) -> int:
    return max(1, -(-pods // PODS_PER_NODE))

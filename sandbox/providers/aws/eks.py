"""Kubernetes clusters and their nodes."""

from typing import Any

from sandbox.providers.aws.base import AwsResource, tag_changes
from sandbox.providers.aws.cloud import missing_is_none, wait_for
from sandbox.providers.resource import HalfMade
from sandbox.providers.values import Properties

NOT_FOUND = ("ResourceNotFoundException",)


class Cluster(AwsResource):
    """aws.eks.Cluster"""

    type_name = "aws:eks/cluster:Cluster"
    sdk = ("eks", "Cluster")
    service = "eks"
    name = "name"
    create_only = frozenset({"name", "roleArn", "bootstrapSelfManagedAddons", "encryptionConfig"})
    computed = (
        *("arn", "certificateAuthority", "clusterId", "createdAt", "endpoint", "identities"),
        *("platformVersion", "status", "version", "kubernetesNetworkConfig", "tagsAll"),
    )
    write_only = frozenset(
        {"bootstrapSelfManagedAddons", "deletionProtection", "enabledClusterLogTypes", "upgradePolicy"}
    )

    def create(self, inputs: Properties) -> str:
        eks = self.client(inputs)
        version = {"version": str(inputs["version"])} if inputs.get("version") else {}
        eks.create_cluster(
            name=inputs["name"],
            roleArn=inputs["roleArn"],
            resourcesVpcConfig={"subnetIds": inputs["vpcConfig"].get("subnetIds") or []},
            tags=inputs.get("tags") or {},
            **version,
        )
        wait_for(lambda: self._active(eks, inputs["name"]), f"cluster {inputs['name']}")
        return str(inputs["name"])

    def _active(self, eks: Any, name: str) -> bool:
        status = eks.describe_cluster(name=name)["cluster"]["status"]
        if status == "FAILED":
            raise HalfMade(name, f"cluster {name} failed")
        return bool(status == "ACTIVE")

    def read(self, identity: str, state: Properties) -> Properties | None:
        eks = self.client(state, identity)
        found = missing_is_none(lambda: eks.describe_cluster(name=identity), *NOT_FOUND)
        if found is None:
            return None
        shown = found["cluster"]
        authority = {"data": shown["certificateAuthority"]["data"]}
        declared = (state.get("vpcConfig") or {}).get("subnetIds") or []
        real = shown["resourcesVpcConfig"].get("subnetIds", [])
        return {
            "region": self.region(state, identity),
            "name": identity,
            "arn": shown["arn"],
            "clusterId": identity,
            "roleArn": shown["roleArn"],
            "endpoint": shown["endpoint"],
            "status": shown["status"],
            "version": str(shown["version"]),
            "platformVersion": shown["platformVersion"],
            "createdAt": shown["createdAt"].isoformat(),
            "certificateAuthority": authority,
            "identities": [{"oidcs": [{"issuer": shown.get("identity", {}).get("oidc", {}).get("issuer", "")}]}],
            "vpcConfig": {
                **(state.get("vpcConfig") or {}),
                "subnetIds": declared if sorted(declared) == sorted(real) else real,
            },
            "tags": shown.get("tags", {}),
            "tagsAll": shown.get("tags", {}),
            **{name: state[name] for name in self.write_only if state.get(name) is not None},
        }

    def update(self, identity: str, old: Properties, new: Properties, changed: frozenset[str]) -> None:
        eks = self.client(new, identity)
        if "tags" in changed:
            _retag(eks, eks.describe_cluster(name=identity)["cluster"]["arn"], old, new)
        if changed - {"tags", "deletionProtection"}:
            super().update(identity, old, new, changed)

    def delete(self, identity: str, state: Properties) -> None:
        eks = self.client(state, identity)
        missing_is_none(lambda: eks.delete_cluster(name=identity), *NOT_FOUND)


class NodeGroup(AwsResource):
    """aws.eks.NodeGroup: scaling in place"""

    type_name = "aws:eks/nodeGroup:NodeGroup"
    sdk = ("eks", "NodeGroup")
    service = "eks"
    name = "nodeGroupName"
    create_only = frozenset(
        {"clusterName", "nodeGroupName", "nodeGroupNamePrefix", "nodeRoleArn", "subnetIds", "instanceTypes", "amiType"}
        | {"capacityType", "diskSize", "remoteAccess"}
    )
    computed = ("arn", "resources", "status", "version", "releaseVersion", "diskSize", "capacityType", "tagsAll")

    def create(self, inputs: Properties) -> str:
        eks, cluster, group = self.client(inputs), inputs["clusterName"], inputs["nodeGroupName"]
        optional = {
            name: inputs[name] for name in ("instanceTypes", "amiType", "capacityType", "diskSize") if inputs.get(name)
        }
        eks.create_nodegroup(
            clusterName=cluster,
            nodegroupName=group,
            scalingConfig=inputs["scalingConfig"],
            subnets=inputs["subnetIds"],
            nodeRole=inputs["nodeRoleArn"],
            labels=inputs.get("labels") or {},
            tags=inputs.get("tags") or {},
            **optional,
        )
        wait_for(
            lambda: eks.describe_nodegroup(clusterName=cluster, nodegroupName=group)["nodegroup"]["status"] == "ACTIVE",
            f"node group {group}",
        )
        return f"{cluster}:{group}"

    def read(self, identity: str, state: Properties) -> Properties | None:
        cluster, group = identity.split(":", 1)
        eks = self.client(state, identity)
        found = missing_is_none(lambda: eks.describe_nodegroup(clusterName=cluster, nodegroupName=group), *NOT_FOUND)
        if found is None:
            return None
        shown = found["nodegroup"]
        declared, real = state.get("subnetIds") or [], shown["subnets"]
        groups = [{"name": entry["name"]} for entry in shown.get("resources", {}).get("autoScalingGroups", [])]
        return {
            "region": self.region(state, identity),
            "clusterName": cluster,
            "nodeGroupName": group,
            "arn": shown["nodegroupArn"],
            "nodeRoleArn": shown["nodeRole"],
            "scalingConfig": shown["scalingConfig"],
            "subnetIds": declared if sorted(declared) == sorted(real) else real,
            "instanceTypes": shown.get("instanceTypes") or [],
            "amiType": shown.get("amiType"),
            "capacityType": shown.get("capacityType"),
            "diskSize": shown.get("diskSize"),
            "labels": shown.get("labels") or {},
            "resources": [{"autoscalingGroups": groups}],
            "status": shown["status"],
            "version": str(shown.get("version") or state.get("version") or ""),
            "releaseVersion": shown.get("releaseVersion"),
            "tags": shown.get("tags") or {},
            "tagsAll": shown.get("tags") or {},
        }

    def update(self, identity: str, old: Properties, new: Properties, changed: frozenset[str]) -> None:
        cluster, group = identity.split(":", 1)
        eks = self.client(new, identity)
        if "scalingConfig" in changed:
            eks.update_nodegroup_config(clusterName=cluster, nodegroupName=group, scalingConfig=new["scalingConfig"])
        if "tags" in changed:
            shown = eks.describe_nodegroup(clusterName=cluster, nodegroupName=group)["nodegroup"]
            _retag(eks, shown["nodegroupArn"], old, new)
        if changed - {"scalingConfig", "tags"}:
            super().update(identity, old, new, changed)

    def delete(self, identity: str, state: Properties) -> None:
        cluster, group = identity.split(":", 1)
        eks = self.client(state, identity)
        missing_is_none(lambda: eks.delete_nodegroup(clusterName=cluster, nodegroupName=group), *NOT_FOUND)


def _retag(eks: Any, arn: str, old: Properties, new: Properties) -> None:
    wanted, unwanted = tag_changes(old, new)
    if unwanted:
        eks.untag_resource(resourceArn=arn, tagKeys=unwanted)
    if wanted:
        eks.tag_resource(resourceArn=arn, tags=wanted)


RESOURCES = (Cluster, NodeGroup)

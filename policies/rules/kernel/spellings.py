"""Other names of the types that rules know: older spellings of the providers, and modules that were renamed.

Data only, so that whoever reads previews and states can use the same table. The aliases that the SDKs record are the
source (a test compares); those of SDKs that are no longer installed are written by hand.
"""

from __future__ import annotations

import re

_API_VERSION = re.compile(r"^(azure-native:[A-Za-z0-9]+)/(v\d{8}(?:preview|privatepreview|beta)?):")

# A module that was renamed, with the types that moved (None: all of them).
_AZURE_MODULES: tuple[tuple[str, str, frozenset[str] | None], ...] = (
    ("documentdb", "cosmosdb", None),
    ("cache", "redis", frozenset({"Redis", "LinkedServer", "FirewallRule", "PatchSchedule"})),
    ("cache", "redisenterprise", frozenset({"RedisEnterprise", "Database"})),
    (
        "insights",
        "monitor",
        frozenset(
            {
                "ActionGroup",
                "ActivityLogAlert",
                "AutoscaleSetting",
                "DiagnosticSetting",
                "MetricAlert",
                "ScheduledQueryRule",
            }
        ),
    ),
    ("network", "trafficmanager", frozenset({"Profile", "Endpoint"})),
    ("network", "dns", frozenset({"Zone", "RecordSet"})),
    ("network", "privatedns", frozenset({"PrivateZone", "PrivateRecordSet"})),
)
_KUBERNETES = {
    "apps/v1": (("apps/v1beta1", "apps/v1beta2", "extensions/v1beta1"), ("Deployment", "DaemonSet", "ReplicaSet")),
    "policy/v1": (("policy/v1beta1",), ("PodDisruptionBudget",)),
    "storage.k8s.io/v1": (("storage.k8s.io/v1beta1",), ("StorageClass",)),
    "autoscaling/v2": (("autoscaling/v1", "autoscaling/v2beta1", "autoscaling/v2beta2"), ("HorizontalPodAutoscaler",)),
}
SPELLINGS = {
    "aws:s3/bucketV2:BucketV2": "aws:s3/bucket:Bucket",
    "aws:s3/bucketAclV2:BucketAclV2": "aws:s3/bucketAcl:BucketAcl",
    "aws:s3/bucketVersioningV2:BucketVersioningV2": "aws:s3/bucketVersioning:BucketVersioning",
    "aws:s3/bucketObjectLockConfigurationV2:BucketObjectLockConfigurationV2": (
        "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration"
    ),
    "aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2": (
        "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
    ),
    **{
        f"aws:{module}/{kind[0].lower()}{kind[1:]}:{kind}": f"aws:lb/{kind[0].lower()}{kind[1:]}:{kind}"
        for module in ("alb", "applicationloadbalancing", "elasticloadbalancingv2")
        for kind in ("LoadBalancer", "Listener", "TargetGroup")
    },
    "aws:elasticloadbalancing/loadBalancer:LoadBalancer": "aws:elb/loadBalancer:LoadBalancer",
    "azure-native:documentdb:MongoCluster": "azure-native:mongocluster:MongoCluster",
    "azure-native:cosmosdb:MongoCluster": "azure-native:mongocluster:MongoCluster",
    **{
        f"azure-native:{module}:{kind}": "azure-native:mongocluster:FirewallRule"
        for module in ("documentdb", "cosmosdb")
        for kind in ("FirewallRule", "MongoClusterFirewallRule")
    },
    "azure-native:kusto:Database": "azure-native:kusto:ReadWriteDatabase",
    "azure-native:kusto:ReadOnlyFollowingDatabase": "azure-native:kusto:ReadWriteDatabase",
    "azure-native:netapp:Pool": "azure-native:netapp:CapacityPool",
    "azure-native:netapp:Volume": "azure-native:netapp:CapacityPoolVolume",
    "azure-native:sql:BackupLongTermRetentionPolicy": "azure-native:sql:LongTermRetentionPolicy",
    "kubernetes:apps/v1beta1:StatefulSet": "kubernetes:apps/v1:StatefulSet",
    "kubernetes:apps/v1beta2:StatefulSet": "kubernetes:apps/v1:StatefulSet",
    **{
        f"kubernetes:{old}:{kind}": f"kubernetes:{present}:{kind}"
        for present, (older, kinds) in _KUBERNETES.items()
        for old in older
        for kind in kinds
    },
}


def plain_type(token: str) -> str:
    """A type token without API version and in its present spelling."""
    token = _API_VERSION.sub(r"\1:", token)
    if token in SPELLINGS:
        return SPELLINGS[token]
    if token.startswith("azure-native:"):
        _, module, name = [*token.split(":"), "", ""][:3]
        for old, present, moved in _AZURE_MODULES:
            if module == old and (moved is None or name in moved):
                return f"azure-native:{present}:{name}"
    return token


def api_version(token: str) -> str:
    """The API version that a token names: `v20190401` of Azure, `v1beta1` of Kubernetes; empty where it names none."""
    if match := _API_VERSION.match(token):
        return match[2]
    if token.startswith("kubernetes:"):
        return token.split(":")[1].rpartition("/")[2]
    return ""

"""
What the sandbox offers of AWS. All else is refused by name, and never reaches the library behind it.

A library that imitates far more than the world makes real would answer calls with inventions, and some of what it
imitates starts containers, writes files or calls out into the network.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Service:
    """`backend` is moto's name of it; `actions` is what may be asked of it; `is_json` is how it words an error."""

    backend: str
    actions: frozenset[str]
    is_json: bool = False


def _service(backend: str, actions: str, *, is_json: bool = False) -> Service:
    return Service(backend, frozenset(actions.split()), is_json)


SERVICES: Mapping[str, Service] = {
    "acm": _service(
        "acm",
        """
        DeleteCertificate DescribeCertificate GetCertificate ImportCertificate ListCertificates
        ListTagsForCertificate RequestCertificate
        """,
        is_json=True,
    ),
    "autoscaling": _service(
        "autoscaling",
        """
        AttachLoadBalancerTargetGroups CancelInstanceRefresh CreateAutoScalingGroup CreateOrUpdateTags
        DeleteAutoScalingGroup DeleteTags DescribeAutoScalingGroups DescribeInstanceRefreshes
        DescribeLoadBalancerTargetGroups DetachLoadBalancerTargetGroups ResumeProcesses SetDesiredCapacity
        StartInstanceRefresh SuspendProcesses UpdateAutoScalingGroup
        """,
    ),
    "backup": _service(
        "backup",
        """
        CreateBackupPlan CreateBackupSelection CreateBackupVault DeleteBackupPlan DeleteBackupSelection
        DeleteBackupVault DeleteBackupVaultLockConfiguration DeleteRecoveryPoint DescribeBackupJob
        DescribeBackupVault DescribeCopyJob DescribeRecoveryPoint DescribeRestoreJob GetBackupPlan
        GetBackupSelection GetBackupVaultAccessPolicy GetRecoveryPointRestoreMetadata ListBackupJobs
        ListBackupPlans ListBackupSelections ListBackupVaults ListCopyJobs ListRecoveryPointsByBackupVault
        ListRestoreJobs ListTags PutBackupVaultAccessPolicy PutBackupVaultLockConfiguration StartBackupJob
        StartCopyJob TagResource UntagResource UpdateBackupPlan
        """,
        is_json=True,
    ),
    "monitoring": _service(
        "cloudwatch",
        """
        DeleteAlarms DescribeAlarmHistory DescribeAlarms DisableAlarmActions EnableAlarmActions
        GetMetricData GetMetricStatistics ListMetrics ListTagsForResource PutMetricAlarm PutMetricData
        SetAlarmState TagResource UntagResource
        """,
        is_json=True,
    ),
    "ec2": _service(
        "ec2",
        """
        AssociateRouteTable AttachInternetGateway AuthorizeSecurityGroupEgress AuthorizeSecurityGroupIngress
        CopySnapshot CreateInternetGateway CreateLaunchTemplate CreateLaunchTemplateVersion CreateRoute
        CreateRouteTable CreateSecurityGroup CreateSubnet CreateTags CreateVpc DeleteInternetGateway
        DeleteLaunchTemplate DeleteRoute DeleteRouteTable DeleteSecurityGroup DeleteSnapshot DeleteSubnet
        DeleteTags DeleteVpc DescribeAccountAttributes DescribeAvailabilityZones DescribeInstances
        DescribeInternetGateways DescribeLaunchTemplateVersions DescribeLaunchTemplates DescribeNetworkAcls
        DescribeNetworkInterfaces DescribeRegions DescribeRouteTables DescribeSecurityGroupRules
        DescribeSecurityGroups DescribeSnapshots DescribeSubnets DescribeTags DescribeVpcAttribute
        DescribeVpcs DescribeVpnGateways DetachInternetGateway DisassociateRouteTable GetConsoleOutput
        ModifyLaunchTemplate ModifySubnetAttribute ModifyVpcAttribute RebootInstances ReplaceRoute
        ReplaceRouteTableAssociation RevokeSecurityGroupEgress RevokeSecurityGroupIngress TerminateInstances
        """,
    ),
    "eks": _service(
        "eks",
        """
        CreateCluster CreateNodegroup DeleteCluster DeleteNodegroup DescribeAddon DescribeCluster
        DescribeNodegroup DescribeUpdate ListClusters ListNodegroups ListTagsForResource TagResource
        UntagResource UpdateClusterConfig UpdateClusterVersion UpdateNodegroupConfig
        """,
        is_json=True,
    ),
    "elasticloadbalancing": _service(
        "elbv2",
        """
        AddListenerCertificates AddTags CreateListener CreateLoadBalancer CreateRule CreateTargetGroup
        DeleteListener DeleteLoadBalancer DeleteRule DescribeListenerCertificates ModifyRule
        RemoveListenerCertificates SetRulePriorities
        DeleteTargetGroup DeregisterTargets DescribeListenerAttributes DescribeListeners
        DescribeLoadBalancerAttributes DescribeLoadBalancers DescribeRules DescribeTags
        DescribeTargetGroupAttributes DescribeTargetGroups DescribeTargetHealth ModifyListener
        ModifyLoadBalancerAttributes ModifyTargetGroup ModifyTargetGroupAttributes RegisterTargets
        RemoveTags SetSecurityGroups SetSubnets
        """,
    ),
    "iam": _service(
        "iam",
        """
        AddRoleToInstanceProfile AttachRolePolicy CreateInstanceProfile CreateOpenIDConnectProvider
        CreatePolicy CreatePolicyVersion CreateRole DeleteInstanceProfile DeleteOpenIDConnectProvider
        DeletePolicy DeletePolicyVersion DeleteRole DeleteRolePolicy DetachRolePolicy GetInstanceProfile
        GetOpenIDConnectProvider GetPolicy GetPolicyVersion GetRole GetRolePolicy GetUser
        ListAttachedRolePolicies ListEntitiesForPolicy ListInstanceProfilesForRole ListPolicies
        ListPolicyVersions ListRolePolicies ListRoleTags ListRoles PutRolePolicy
        RemoveRoleFromInstanceProfile TagInstanceProfile TagPolicy TagRole UntagInstanceProfile UntagPolicy
        UntagRole UpdateAssumeRolePolicy UpdateRole
        """,
    ),
    "kms": _service(
        "kms",
        """
        CancelKeyDeletion CreateAlias CreateKey Decrypt DeleteAlias DescribeKey DisableKey
        DisableKeyRotation EnableKey EnableKeyRotation Encrypt GenerateDataKey GetKeyPolicy
        GetKeyRotationStatus ListAliases ListKeyPolicies ListKeys ListResourceTags PutKeyPolicy ReplicateKey
        ScheduleKeyDeletion TagResource UntagResource UpdateAlias UpdateKeyDescription UpdatePrimaryRegion
        """,
        is_json=True,
    ),
    "rds": _service(
        "rds",
        """
        AddTagsToResource CopyDBSnapshot CreateDBInstance CreateDBInstanceReadReplica CreateDBParameterGroup
        CreateDBSnapshot CreateDBSubnetGroup DeleteDBInstance DeleteDBInstanceAutomatedBackup
        DeleteDBParameterGroup DeleteDBSnapshot DeleteDBSubnetGroup DescribeDBClusters
        DescribeDBEngineVersions DescribeDBInstanceAutomatedBackups DescribeDBInstances
        DescribeDBParameterGroups DescribeDBParameters DescribeDBSnapshots DescribeDBSubnetGroups
        DescribeEvents ListTagsForResource ModifyDBInstance ModifyDBParameterGroup ModifyDBSubnetGroup
        PromoteReadReplica RebootDBInstance RemoveTagsFromResource RestoreDBInstanceFromDBSnapshot
        RestoreDBInstanceToPointInTime StartDBInstanceAutomatedBackupsReplication
        StopDBInstanceAutomatedBackupsReplication
        """,
    ),
    "route53": _service(
        "route53",
        """
        ChangeResourceRecordSets ChangeTagsForResource CreateHealthCheck CreateHostedZone DeleteHealthCheck
        DeleteHostedZone GetChange GetHealthCheck GetHealthCheckCount GetHealthCheckLastFailureReason
        GetHealthCheckStatus GetHostedZone GetHostedZoneCount ListHealthChecks ListHostedZones
        ListHostedZonesByName ListResourceRecordSets ListTagsForResource ListTagsForResources
        UpdateHealthCheck UpdateHostedZoneComment
        """,
    ),
    "secretsmanager": _service(
        "secretsmanager",
        """
        BatchGetSecretValue CreateSecret DeleteResourcePolicy DeleteSecret DescribeSecret GetResourcePolicy
        GetSecretValue ListSecretVersionIds ListSecrets PutResourcePolicy PutSecretValue
        RemoveRegionsFromReplication ReplicateSecretToRegions RestoreSecret StopReplicationToReplica
        TagResource UntagResource UpdateSecret UpdateSecretVersionStage
        """,
        is_json=True,
    ),
    "sns": _service(
        "sns",
        """
        CreateTopic DeleteTopic GetSubscriptionAttributes GetTopicAttributes ListSubscriptions
        ListSubscriptionsByTopic ListTagsForResource ListTopics SetSubscriptionAttributes SetTopicAttributes
        Subscribe TagResource Unsubscribe UntagResource
        """,
    ),
    "sts": _service(
        "sts",
        """
        GetCallerIdentity
        """,
    ),
    "wafv2": _service(
        "wafv2",
        """
        AssociateWebACL CreateIPSet CreateWebACL DeleteIPSet DeleteWebACL DisassociateWebACL GetIPSet GetWebACL
        GetWebACLForResource ListIPSets ListTagsForResource ListWebACLs TagResource UntagResource UpdateIPSet
        UpdateWebACL
        """,
        is_json=True,
    ),
    "s3": _service(
        "s3",
        """
        CopyObject CreateBucket CreateMultipartUpload DeleteBucket DeleteBucketEncryption
        DeleteBucketLifecycleConfiguration DeleteBucketOwnershipControls DeleteBucketPolicy
        DeleteBucketReplication DeleteBucketVersioning DeleteMultipartUpload DeleteObject
        DeleteObjectLegalHold DeleteObjectLockConfiguration DeleteObjectRetention DeleteObjects
        DeletePublicAccessBlock DeleteTagging GetAcl GetBucketAccelerateConfiguration GetBucketCors
        GetBucketEncryption GetBucketLifecycleConfiguration GetBucketLocation GetBucketLogging
        GetBucketNotificationConfiguration GetBucketOwnershipControls GetBucketPolicy GetBucketReplication
        GetBucketRequestPayment GetBucketVersioning GetBucketWebsite GetMultipartUpload GetObject
        GetObjectLegalHold GetObjectLockConfiguration GetObjectRetention GetPublicAccessBlock GetTagging
        HeadBucket HeadObject ListBuckets ListObjectVersions ListObjectsV2 PostMultipartUpload
        PutBucketEncryption PutBucketLifecycleConfiguration PutBucketOwnershipControls PutBucketPolicy
        PutBucketReplication PutBucketVersioning PutObject PutObjectLegalHold PutObjectLockConfiguration
        PutObjectRetention PutPublicAccessBlock PutTagging UploadPart
        """,
    ),
}
"""The name that a signature is made for -> the service. S3's actions are named as `requests` names them."""


class NotOffered(Exception):
    """The sandbox does not have this service, or not this action of it."""


def check(service: str, action: str) -> Service:
    """The service that does `action`. Raises NotOffered."""
    found = SERVICES.get(service)
    if found is None or action not in found.actions:
        raise NotOffered(
            f"the sandbox does not offer {service}:{action} (sandbox/clouds/aws/supported.py lists what it does)"
        )
    return found

"""The Pulumi provider `aws`, over the gateway of the sandbox."""

from sandbox.providers.aws import (
    alarms,
    autoscaling,
    backup,
    ec2,
    eks,
    iam,
    kms,
    launch_templates,
    lb,
    rds,
    route53,
    s3,
    secretsmanager,
    wafv2,
)
from sandbox.providers.aws.base import AwsResource
from sandbox.providers.aws.cloud import Cloud, is_cloud_error
from sandbox.providers.aws.functions import functions
from sandbox.providers.servicer import Provider

RESOURCES: tuple[type[AwsResource], ...] = (
    *alarms.RESOURCES,
    *autoscaling.RESOURCES,
    *backup.RESOURCES,
    *ec2.RESOURCES,
    *eks.RESOURCES,
    *iam.RESOURCES,
    *kms.RESOURCES,
    *launch_templates.RESOURCES,
    *lb.RESOURCES,
    *rds.RESOURCES,
    *route53.RESOURCES,
    *s3.RESOURCES,
    *secretsmanager.RESOURCES,
    *wafv2.RESOURCES,
)


def aws_provider(cloud: Cloud) -> Provider:
    return Provider("pulumi_aws", [kind(cloud) for kind in RESOURCES], functions(cloud), is_cloud_error=is_cloud_error)

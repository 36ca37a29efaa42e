"""AWS. Regions are those of the standard partition, as botocore lists them; AWS pairs none."""

from model import names

from .facts import CloudFacts, ServiceRules, StepTime, StoreFacts, StoreRules

REGIONS = (
    "af-south-1", "ap-east-1", "ap-east-2", "ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1",
    "ap-south-2", "ap-southeast-1", "ap-southeast-2", "ap-southeast-3", "ap-southeast-4", "ap-southeast-5",
    "ap-southeast-6", "ap-southeast-7", "ca-central-1", "ca-west-1", "eu-central-1", "eu-central-2", "eu-north-1",
    "eu-south-1", "eu-south-2", "eu-west-1", "eu-west-2", "eu-west-3", "il-central-1", "me-central-1", "me-south-1",
    "mx-central-1", "sa-east-1", "us-east-1", "us-east-2", "us-west-1", "us-west-2",
)  # fmt: skip

AWS = CloudFacts(
    name="aws",
    regions=dict.fromkeys(REGIONS),
    account=r"[0-9]{12}",
    account_is="an AWS account of 12 digits",
    example_account="123456789012",
    example_regions=("eu-central-1", "eu-west-1", "us-east-2"),
    recovery_name=names.recovery_bucket,
    stores={
        # RDS sends nothing to another region synchronously.
        "postgres": StoreFacts(replication=("asynchronous", "none")),
        "objects": StoreFacts(archive_classes=("GLACIER", "GLACIER_IR", "DEEP_ARCHIVE")),
    },
    services=("pods", "vm_group"),
    agent_beside=("pods",),
    firewalls=True,
    # AWS, Fault Isolation Boundaries, "Global services": the control plane of IAM is there, its data plane everywhere.
    roles_made_in="us-east-1",
    step_times={
        "promote_database": StepTime(90, 300, "assumed: RDS documents `a few minutes`, restart included"),
        "fail_over_database": StepTime(90, 120, "RDS user guide: a Multi-AZ failover takes 60 to 120 seconds"),
        "build_compute": StepTime(900, 1500, "assumed: EKS control plane, then nodes"),
        "build_store": StepTime(1200, 2400, "assumed: RDS creates an instance from a backup"),
    },
    store_rules={
        # RDS: automated backups are kept 35 days at most.
        "postgres": StoreRules(
            size=r"db\.[a-z0-9-]+\.[a-z0-9]+", size_is="an instance class such as db.r6g.large", pitr_days=(1, 35)
        ),
    },
    service_rules={
        "vm_group": ServiceRules(size=r"[a-z0-9-]+\.[a-z0-9-]+", size_is="an instance type such as t3.large"),
    },
)

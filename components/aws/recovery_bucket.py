"""
A site's own small bucket for running a recovery: its claim on the traffic and, in the witness site, the writer's lease.

`claims/*` can be read by anybody over plain HTTP, because Route 53's health checkers have no credentials; the object
says no more than that a site is active. It lies in the site's own region, so claiming needs nobody else.
"""

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi
import pulumi_aws as aws

from model import names

if TYPE_CHECKING:
    from model import Plan


@dataclass(frozen=True)
class RecoveryBucketArgs:
    plan: "Plan"
    site: str
    protect: bool


class RecoveryBucket(pulumi.ComponentResource):
    """Gives `bucket`, its name. No object in it is declared: claims and leases are written while things move."""

    def __init__(self, name: str, args: RecoveryBucketArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("dr:aws:RecoveryBucket", name, None, opts)
        region = args.plan.site(args.site).region
        wanted = names.recovery_bucket(args.plan, args.site)
        bucket = aws.s3.Bucket(
            f"{name}-bucket",
            region=region,
            bucket=wanted,
            force_destroy=not args.protect,
            opts=pulumi.ResourceOptions(parent=self, protect=args.protect),
        )
        access = aws.s3.BucketPublicAccessBlock(
            f"{name}-claims-only",
            region=region,
            bucket=bucket.bucket,
            block_public_acls=True,
            ignore_public_acls=True,
            block_public_policy=False,
            restrict_public_buckets=False,
            opts=pulumi.ResourceOptions(parent=self),
        )
        read = {
            "Sid": "ClaimsAreReadByHealthCheckers",
            "Effect": "Allow",
            "Principal": "*",
            "Action": "s3:GetObject",
            "Resource": f"arn:aws:s3:::{wanted}/{names.CLAIM_KEY.split('/')[0]}/*",
        }
        aws.s3.BucketPolicy(
            f"{name}-claims",
            region=region,
            bucket=bucket.bucket,
            policy=json.dumps({"Version": "2012-10-17", "Statement": [read]}),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[access]),
        )
        self.bucket: pulumi.Output[str] = bucket.bucket
        self.register_outputs({"bucket": bucket.bucket})

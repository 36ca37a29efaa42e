"""
A site's own small bucket for running a recovery: its claim on the traffic, the heads of journals and, in the witness
site, the writer's lease.

`claims/*` can be read by anybody over plain HTTP, because Route 53's health checkers have no credentials; the object
says no more than that a site is active. It lies in the site's own region, so claiming needs nobody else.

What is written over or deleted stays as an earlier version for a day: whoever spoils the lease hides nothing
(`dr lease show`). The lease takes conditional writes only, whoever writes: a blind write is refused by the bucket.
"""

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi
import pulumi_aws as aws

from model import names

if TYPE_CHECKING:
    from model import Plan

EARLIER_VERSIONS_DAYS = 1
"""A lease is renewed every second or so: S3 slows down writes to an object of which it keeps millions of versions."""


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
        versions = aws.s3.BucketVersioning(
            f"{name}-versions",
            region=region,
            bucket=bucket.bucket,
            versioning_configuration={"status": "Enabled"},
            opts=pulumi.ResourceOptions(parent=self),
        )
        aws.s3.BucketLifecycleConfiguration(
            f"{name}-lifecycle",
            region=region,
            bucket=bucket.bucket,
            rules=[
                {
                    "id": "earlier-versions",
                    "status": "Enabled",
                    "filter": {"prefix": ""},
                    "noncurrent_version_expiration": {"noncurrent_days": EARLIER_VERSIONS_DAYS},
                }
            ],
            opts=pulumi.ResourceOptions(parent=self, depends_on=[versions]),
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
        blindly = {
            "Sid": "TheLeaseTakesConditionalWritesOnly",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:PutObject",
            "Resource": f"arn:aws:s3:::{wanted}/{names.LEASE_KEY}",
            "Condition": {"Null": {"s3:if-match": "true", "s3:if-none-match": "true"}},
        }
        anchors = f"arn:aws:s3:::{wanted}/{names.ANCHORS}*"
        anew = {
            "Sid": "HeadsOfJournalsAreWrittenOnce",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:PutObject",
            "Resource": anchors,
            "Condition": {"Null": {"s3:if-none-match": "true"}},
        }
        away = {
            "Sid": "HeadsOfJournalsStay",
            "Effect": "Deny",
            "Principal": "*",
            "Action": ["s3:DeleteObject", "s3:DeleteObjectVersion"],
            "Resource": anchors,
        }
        aws.s3.BucketPolicy(
            f"{name}-claims",
            region=region,
            bucket=bucket.bucket,
            policy=json.dumps({"Version": "2012-10-17", "Statement": [read, blindly, anew, away]}),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[access]),
        )
        self.bucket: pulumi.Output[str] = bucket.bucket
        self.register_outputs({"bucket": bucket.bucket})

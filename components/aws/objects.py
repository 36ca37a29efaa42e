"""
A site's copy of an object store: a live copy that sends to the others, or an archive that nobody can delete from.

Replication is declared at the sender and needs the receiving bucket to be there, so a rule appears once the receiving
site is recorded (`model/site_records.py`). Each live copy sends to every other, so that objects written after a
failover find their way back; S3 does not send on what it received.
"""

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_aws as aws

from model import names
from model.site_records import Records

if TYPE_CHECKING:
    from model import Plan
    from model.stores import Objects


@dataclass(frozen=True)
class ReplicatedBucketArgs:
    """`key_arn` is this region's key; the keys of the receiving sites come from `records`."""

    plan: "Plan"
    site: str
    store: "Objects"
    key_arn: pulumi.Output[str]
    records: Records
    protect: bool


class ReplicatedBucket(pulumi.ComponentResource):
    """Gives `bucket`, its name."""

    def __init__(self, name: str, args: ReplicatedBucketArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("dr:aws:ReplicatedBucket", name, None, opts)
        plan, store, region = args.plan, args.store, args.plan.site(args.site).region
        child = pulumi.ResourceOptions(parent=self)
        archive = store.archive if store.archive and store.archive.site == args.site else None
        bucket = aws.s3.Bucket(
            f"{name}-bucket",
            region=region,
            bucket=names.bucket(plan, args.site, store.name),
            object_lock_enabled=archive is not None,
            force_destroy=not args.protect,
            opts=pulumi.ResourceOptions(parent=self, protect=args.protect),
        )
        versioning = aws.s3.BucketVersioning(
            f"{name}-versions",
            region=region,
            bucket=bucket.bucket,
            versioning_configuration={"status": "Enabled" if store.versions else "Suspended"},
            opts=child,
        )
        aws.s3.BucketServerSideEncryptionConfiguration(
            f"{name}-encryption",
            region=region,
            bucket=bucket.bucket,
            rules=[
                {
                    "apply_server_side_encryption_by_default": {
                        "sse_algorithm": "aws:kms",
                        "kms_master_key_id": args.key_arn,
                    },
                    "bucket_key_enabled": True,
                }
            ],
            opts=child,
        )
        aws.s3.BucketPublicAccessBlock(
            f"{name}-private",
            region=region,
            bucket=bucket.bucket,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=child,
        )
        if archive is not None:
            aws.s3.BucketObjectLockConfiguration(
                f"{name}-lock",
                region=region,
                bucket=bucket.bucket,
                rule={"default_retention": {"mode": "COMPLIANCE", "days": max(1, archive.lock.days)}},
                opts=pulumi.ResourceOptions(parent=self, depends_on=[versioning]),
            )
        rules = _lifecycle(args, archive=archive is not None)
        if rules:
            aws.s3.BucketLifecycleConfiguration(
                f"{name}-lifecycle",
                region=region,
                bucket=bucket.bucket,
                rules=rules,
                opts=pulumi.ResourceOptions(parent=self, depends_on=[versioning]),
            )
        if archive is None:
            self._replication(name, args, bucket, versioning)
        self.bucket: pulumi.Output[str] = bucket.bucket
        self.register_outputs({"bucket": bucket.bucket})

    def _replication(
        self, name: str, args: ReplicatedBucketArgs, bucket: aws.s3.Bucket, versioning: aws.s3.BucketVersioning
    ) -> None:
        holders = args.store.held_in(args.plan.primary.name)
        receivers = [site for site in holders if site != args.site and _key(args, site)]
        if not receivers:
            return
        plan, child = args.plan, pulumi.ResourceOptions(parent=self)
        own = names.bucket(plan, args.site, args.store.name)
        role = aws.iam.Role(
            f"{name}-role",
            name=f"{own}-replication",
            force_detach_policies=True,  # also what a closed site was denied, outside Pulumi
            assume_role_policy=json.dumps(_statement("s3.amazonaws.com")),
            opts=child,
        )
        targets = [names.bucket(plan, site, args.store.name) for site in receivers]
        keys = [_key(args, site) for site in receivers]
        allowed = aws.iam.RolePolicy(
            f"{name}-replication",
            role=role.id,
            policy=args.key_arn.apply(lambda key: json.dumps(_permissions(own, targets, key, keys))),
            opts=child,
        )
        aws.s3.BucketReplicationConfig(
            f"{name}-replication",
            region=plan.site(args.site).region,
            bucket=bucket.bucket,
            role=role.arn,
            rules=[
                {
                    "id": f"to-{site}",
                    "status": "Enabled",
                    "priority": index,
                    "filter": {"prefix": ""},
                    "delete_marker_replication": {"status": "Enabled" if _is_live(args, site) else "Disabled"},
                    "source_selection_criteria": {"sse_kms_encrypted_objects": {"status": "Enabled"}},
                    "destination": {
                        "bucket": f"arn:aws:s3:::{target}",
                        "encryption_configuration": {"replica_kms_key_id": key},
                        "metrics": {"status": "Enabled", "event_threshold": {"minutes": 15}},
                        "replication_time": {"status": "Enabled", "time": {"minutes": 15}},
                    },
                }
                for index, (site, target, key) in enumerate(zip(receivers, targets, keys, strict=True), start=1)
            ],
            opts=pulumi.ResourceOptions(parent=self, depends_on=[versioning, allowed]),
        )


def _is_live(args: ReplicatedBucketArgs, site: str) -> bool:
    return args.store.archive is None or args.store.archive.site != site


def _key(args: ReplicatedBucketArgs, site: str) -> str | None:
    record = args.records.get(site)
    return record.key if record else None


def _lifecycle(args: ReplicatedBucketArgs, *, archive: bool) -> list[dict[str, Any]]:
    store, rules = args.store, []
    if archive and store.archive:
        moved = {"days": store.archive.after.days, "storage_class": store.archive.storage_class}
        rules.append({"id": "archive", "status": "Enabled", "filter": {"prefix": ""}, "transitions": [moved]})
    if store.noncurrent_keep:
        days = max(store.noncurrent_keep.days, store.archive.lock.days if archive and store.archive else 1)
        expiry = {"noncurrent_days": days}
        rules.append(
            {
                "id": "old-versions",
                "status": "Enabled",
                "filter": {"prefix": ""},
                "noncurrent_version_expiration": expiry,
            }
        )
    return rules


def _statement(service: str) -> dict[str, Any]:
    trust = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    return {"Version": "2012-10-17", "Statement": [trust]}


def _permissions(own: str, targets: list[str], key: str, target_keys: list[str | None]) -> dict[str, Any]:
    def allow(actions: list[str], resources: list[str | None]) -> dict[str, Any]:
        return {"Effect": "Allow", "Action": actions, "Resource": resources}

    read = ["s3:GetObjectVersionForReplication", "s3:GetObjectVersionAcl", "s3:GetObjectVersionTagging"]
    write = ["s3:ReplicateObject", "s3:ReplicateDelete", "s3:ReplicateTags"]
    return {
        "Version": "2012-10-17",
        "Statement": [
            allow(["s3:GetReplicationConfiguration", "s3:ListBucket"], [f"arn:aws:s3:::{own}"]),
            allow(read, [f"arn:aws:s3:::{own}/*"]),
            allow(write, [f"arn:aws:s3:::{target}/*" for target in targets]),
            allow(["kms:Decrypt"], [key]),
            allow(["kms:Encrypt"], target_keys),
        ],
    }

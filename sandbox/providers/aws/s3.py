"""Object stores: the bucket, and the parts of its configuration, each its own resource."""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from botocore.exceptions import ClientError

from sandbox.providers.aws.base import AwsResource, from_api, same_document, tag_list, tag_map, to_api
from sandbox.providers.aws.cloud import missing_is_none
from sandbox.providers.resource import Refused
from sandbox.providers.values import Properties, project

NO_BUCKET = ("NoSuchBucket",)
ROUNDS = 20
"""How often a bucket that is written to meanwhile is emptied again; the real provider does so without an end."""
HOSTED_ZONES = {"us-east-1": "Z3AQBSTGFYJSTF", "eu-west-1": "Z1BKCTXD74EZPE", "eu-north-1": "Z3BAZG2TWCNX0D"}
"""Zones of the S3 website endpoints (AWS General Reference); other regions show none."""


class Bucket(AwsResource):
    """aws.s3.Bucket; its former inline settings belong into the satellite resources and are refused."""

    type_name = "aws:s3/bucket:Bucket"
    sdk = ("s3", "Bucket")
    service = "s3"
    name = "bucket"
    create_only = frozenset({"bucket", "bucketPrefix", "objectLockEnabled"})
    computed = ("arn", "bucketDomainName", "bucketRegionalDomainName", "hostedZoneId", "bucketRegion", "tagsAll")
    defaults: ClassVar[Mapping[str, Any]] = {}
    write_only = frozenset({"forceDestroy", "bucketPrefix"})

    def check(self, inputs: Properties, old: Properties) -> list[tuple[str, str]]:
        inline = [name for name in inputs if name in INLINE]
        return super().check(inputs, old) + [
            (name, "the sandbox wants this in its own resource, aws.s3.Bucket...") for name in inline
        ]

    def create(self, inputs: Properties) -> str:
        s3, name, region = self.client(inputs), inputs["bucket"], self.region(inputs)
        where = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
        s3.create_bucket(Bucket=name, ObjectLockEnabledForBucket=bool(inputs.get("objectLockEnabled")), **where)
        if inputs.get("tags"):
            s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": tag_list(inputs["tags"])})
        return str(name)

    def read(self, identity: str, state: Properties) -> Properties | None:
        s3 = self.client(state, identity)
        if missing_is_none(lambda: s3.head_bucket(Bucket=identity), *NO_BUCKET) is None:
            return None
        region = s3.get_bucket_location(Bucket=identity).get("LocationConstraint") or "us-east-1"
        tags = missing_is_none(lambda: s3.get_bucket_tagging(Bucket=identity), "NoSuchTagSet")
        lock = missing_is_none(
            lambda: s3.get_object_lock_configuration(Bucket=identity), "ObjectLockConfigurationNotFoundError"
        )
        shown = tag_map((tags or {}).get("TagSet"))
        return {
            "bucket": identity,
            "region": region,
            "arn": f"arn:aws:s3:::{identity}",
            "bucketDomainName": f"{identity}.s3.amazonaws.com",
            "bucketRegionalDomainName": f"{identity}.s3.{region}.amazonaws.com",
            "bucketRegion": region,
            "hostedZoneId": HOSTED_ZONES.get(region, ""),
            "objectLockEnabled": bool(lock) and lock["ObjectLockConfiguration"].get("ObjectLockEnabled") == "Enabled",
            "tags": shown,
            "tagsAll": shown,
            **{name: state[name] for name in self.write_only if state.get(name) is not None},
        }

    def update(self, identity: str, old: Properties, new: Properties, changed: frozenset[str]) -> None:
        if "tags" not in changed:
            return
        s3 = self.client(new, identity)
        if new.get("tags"):
            s3.put_bucket_tagging(Bucket=identity, Tagging={"TagSet": tag_list(new["tags"])})
        else:
            s3.delete_bucket_tagging(Bucket=identity)

    def delete(self, identity: str, state: Properties) -> None:
        s3, force = self.client(state, identity), bool(state.get("forceDestroy"))
        locked = bool(state.get("objectLockEnabled"))
        for left in reversed(range(ROUNDS if force else 1)):
            if force:
                missing_is_none(lambda: self._empty(s3, identity, locked=locked), *NO_BUCKET)
            try:
                missing_is_none(lambda: s3.delete_bucket(Bucket=identity), *NO_BUCKET)
            except ClientError as error:
                if not left or error.response["Error"]["Code"] != "BucketNotEmpty":
                    raise
            else:
                return

    def _empty(self, s3: Any, bucket: str, *, locked: bool) -> None:
        pages = s3.get_paginator("list_object_versions")
        for page in pages.paginate(Bucket=bucket):
            listed = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
            found = [{"Key": version["Key"], "VersionId": version["VersionId"]} for version in listed]
            if locked:  # moto asks for locks one by one only
                for each in found:
                    s3.delete_object(Bucket=bucket, **each, BypassGovernanceRetention=True)
            elif found:
                s3.delete_objects(Bucket=bucket, Delete={"Objects": found, "Quiet": True})


INLINE = frozenset(
    {"versioning", "replicationConfiguration", "lifecycleRules", "objectLockConfiguration", "policy", "acl", "grants"}
    | {"serverSideEncryptionConfiguration", "corsRules", "website", "loggings", "accelerationStatus", "requestPayer"}
)


class BucketPart(AwsResource):
    """
    A part of a bucket's configuration that is put, got and deleted as a whole. The bucket's name is the id.

    `put`, `get`, `drop` call the API; `absent` are the error codes that mean that nothing is configured.
    """

    service = "s3"
    create_only = frozenset({"bucket"})
    absent: ClassVar[tuple[str, ...]] = ()

    def put(self, s3: Any, bucket: str, inputs: Properties) -> None:
        raise NotImplementedError

    def get(self, s3: Any, bucket: str, state: Properties) -> Properties | None:
        raise NotImplementedError

    def drop(self, s3: Any, bucket: str, state: Properties) -> None:
        raise NotImplementedError

    def create(self, inputs: Properties) -> str:
        self.put(self.client(inputs), inputs["bucket"], inputs)
        return str(inputs["bucket"])

    def read(self, identity: str, state: Properties) -> Properties | None:
        s3 = self.client(state, identity)
        found = missing_is_none(lambda: self.get(s3, identity, state), *NO_BUCKET, *self.absent)
        return None if found is None else {"bucket": identity, "region": self.region(state, identity), **found}

    def update(self, identity: str, old: Properties, new: Properties, changed: frozenset[str]) -> None:
        self.put(self.client(new, identity), identity, new)

    def delete(self, identity: str, state: Properties) -> None:
        s3 = self.client(state, identity)
        missing_is_none(lambda: self.drop(s3, identity, state), *NO_BUCKET, *self.absent)


class BucketVersioning(BucketPart):
    """aws.s3.BucketVersioning: deleting it suspends versions, as the real provider does."""

    type_name = "aws:s3/bucketVersioning:BucketVersioning"
    sdk = ("s3", "BucketVersioning")

    def put(self, s3: Any, bucket: str, inputs: Properties) -> None:
        wanted = inputs["versioningConfiguration"]
        if wanted["status"] != "Disabled":
            s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": wanted["status"]})

    def get(self, s3: Any, bucket: str, state: Properties) -> Properties | None:
        status = s3.get_bucket_versioning(Bucket=bucket).get("Status", "Disabled")
        return {"versioningConfiguration": {"status": status}}

    def drop(self, s3: Any, bucket: str, state: Properties) -> None:
        if state.get("versioningConfiguration", {}).get("status") == "Enabled":
            s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})


RULE_SPELLINGS = {"id": "ID", "replicaKmsKeyId": "ReplicaKmsKeyID", "kmsMasterKeyId": "KMSMasterKeyID"} | {
    "sseAlgorithm": "SSEAlgorithm", "and": "And", "tag": "Tag",
}  # fmt: skip


class BucketReplicationConfig(BucketPart):
    """aws.s3.BucketReplicationConfig"""

    type_name = "aws:s3/bucketReplicationConfig:BucketReplicationConfig"
    sdk = ("s3", "BucketReplicationConfig")
    absent = ("ReplicationConfigurationNotFoundError",)
    write_only = frozenset({"token"})

    def put(self, s3: Any, bucket: str, inputs: Properties) -> None:
        rules = [to_api(rule, RULE_SPELLINGS) for rule in inputs["rules"]]
        s3.put_bucket_replication(Bucket=bucket, ReplicationConfiguration={"Role": inputs["role"], "Rules": rules})

    def get(self, s3: Any, bucket: str, state: Properties) -> Properties | None:
        shown = s3.get_bucket_replication(Bucket=bucket)["ReplicationConfiguration"]
        return {"role": shown["Role"], "rules": _rules(state, shown["Rules"])}

    def drop(self, s3: Any, bucket: str, state: Properties) -> None:
        s3.delete_bucket_replication(Bucket=bucket)


class BucketLifecycleConfiguration(BucketPart):
    """aws.s3.BucketLifecycleConfiguration"""

    type_name = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
    sdk = ("s3", "BucketLifecycleConfiguration")
    absent = ("NoSuchLifecycleConfiguration",)
    computed = ("transitionDefaultMinimumObjectSize",)

    def put(self, s3: Any, bucket: str, inputs: Properties) -> None:
        rules = [to_api({"filter": {"prefix": ""}, **rule}, RULE_SPELLINGS) for rule in inputs["rules"]]
        s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": rules})

    def get(self, s3: Any, bucket: str, state: Properties) -> Properties | None:
        shown = s3.get_bucket_lifecycle_configuration(Bucket=bucket)
        return {
            "rules": _rules(state, shown["Rules"]),
            "transitionDefaultMinimumObjectSize": state.get(
                "transitionDefaultMinimumObjectSize", "all_storage_classes_128K"
            ),
        }

    def drop(self, s3: Any, bucket: str, state: Properties) -> None:
        s3.delete_bucket_lifecycle(Bucket=bucket)


class BucketServerSideEncryptionConfiguration(BucketPart):
    """aws.s3.BucketServerSideEncryptionConfiguration"""

    type_name = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
    sdk = ("s3", "BucketServerSideEncryptionConfiguration")
    absent = ("ServerSideEncryptionConfigurationNotFoundError",)

    def put(self, s3: Any, bucket: str, inputs: Properties) -> None:
        rules = [to_api(rule, RULE_SPELLINGS) for rule in inputs["rules"]]
        s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": rules})

    def get(self, s3: Any, bucket: str, state: Properties) -> Properties | None:
        shown = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]
        return {"rules": _rules(state, shown["Rules"])}

    def drop(self, s3: Any, bucket: str, state: Properties) -> None:
        s3.delete_bucket_encryption(Bucket=bucket)


class BucketObjectLockConfiguration(BucketPart):
    """aws.s3.BucketObjectLockConfiguration"""

    type_name = "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration"
    sdk = ("s3", "BucketObjectLockConfiguration")
    absent = ("ObjectLockConfigurationNotFoundError",)
    defaults = {"objectLockEnabled": "Enabled"}
    write_only = frozenset({"token"})

    def put(self, s3: Any, bucket: str, inputs: Properties) -> None:
        rule = {"Rule": to_api(inputs["rule"])} if inputs.get("rule") else {}
        s3.put_object_lock_configuration(
            Bucket=bucket, ObjectLockConfiguration={"ObjectLockEnabled": "Enabled", **rule}
        )

    def get(self, s3: Any, bucket: str, state: Properties) -> Properties | None:
        shown = s3.get_object_lock_configuration(Bucket=bucket)["ObjectLockConfiguration"]
        rule = {"rule": from_api(shown["Rule"])} if shown.get("Rule") else {}
        return {"objectLockEnabled": shown["ObjectLockEnabled"], **rule}

    def drop(self, s3: Any, bucket: str, state: Properties) -> None:
        s3.put_object_lock_configuration(Bucket=bucket, ObjectLockConfiguration={"ObjectLockEnabled": "Enabled"})


class BucketPublicAccessBlock(BucketPart):
    """aws.s3.BucketPublicAccessBlock"""

    type_name = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
    sdk = ("s3", "BucketPublicAccessBlock")
    absent = ("NoSuchPublicAccessBlockConfiguration",)
    write_only = frozenset({"skipDestroy"})
    create_only = frozenset({"bucket"})

    def put(self, s3: Any, bucket: str, inputs: Properties) -> None:
        names = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
        wanted = {name[0].upper() + name[1:]: bool(inputs.get(name)) for name in names}
        s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=wanted)

    def get(self, s3: Any, bucket: str, state: Properties) -> Properties | None:
        shown = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
        found: Properties = from_api(shown)
        return found

    def drop(self, s3: Any, bucket: str, state: Properties) -> None:
        if not state.get("skipDestroy"):
            s3.delete_public_access_block(Bucket=bucket)


class BucketPolicy(BucketPart):
    """aws.s3.BucketPolicy"""

    type_name = "aws:s3/bucketPolicy:BucketPolicy"
    sdk = ("s3", "BucketPolicy")
    absent = ("NoSuchBucketPolicy",)
    create_only = frozenset({"bucket"})

    def put(self, s3: Any, bucket: str, inputs: Properties) -> None:
        if not isinstance(inputs["policy"], str):
            raise Refused("policy must be a JSON document as text")
        s3.put_bucket_policy(Bucket=bucket, Policy=inputs["policy"])

    def get(self, s3: Any, bucket: str, state: Properties) -> Properties | None:
        return {"policy": same_document(state.get("policy"), s3.get_bucket_policy(Bucket=bucket)["Policy"])}

    def drop(self, s3: Any, bucket: str, state: Properties) -> None:
        s3.delete_bucket_policy(Bucket=bucket)


def _rules(state: Properties, shown: list[Any]) -> list[Any]:
    """
    The rules in the declared order and shape. S3 leaves out what is empty (such as a filter of all objects), so what
    was declared empty counts as still there.
    """
    declared = state.get("rules") or []
    real = [from_api(rule, RULE_SPELLINGS) for rule in shown]
    order: Callable[[Any], Any] = lambda rule: [d.get("id") for d in declared].index(rule.get("id"))  # noqa: E731
    if sorted(str(d.get("id")) for d in declared) == sorted(str(r.get("id")) for r in real) and len(real) > 1:
        real.sort(key=order)
    if len(declared) != len(real):
        return real
    return [{**_empty_parts(d), **project(d, r)} for d, r in zip(declared, real, strict=True)]


def _empty_parts(declared: Properties) -> Properties:
    return {key: value for key, value in declared.items() if value in ({}, {"prefix": ""}, "", [])}


RESOURCES = (
    Bucket,
    BucketVersioning,
    BucketReplicationConfig,
    BucketLifecycleConfiguration,
    BucketServerSideEncryptionConfiguration,
    BucketObjectLockConfiguration,
    BucketPublicAccessBlock,
    BucketPolicy,
)

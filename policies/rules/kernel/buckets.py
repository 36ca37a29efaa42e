"""What is set on a bucket itself, in the older inline form, and what resources of their own set: read alike."""

from __future__ import annotations

from .context import Context
from .resource import Resource, forms_of
from .values import Node, Unknown

BUCKET = "aws:s3/bucket:Bucket"
OBJECT_LOCK = "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration"
BLOCK = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
ACCOUNT_BLOCK = "aws:s3/accountPublicAccessBlock:AccountPublicAccessBlock"
POLICY = "aws:s3/bucketPolicy:BucketPolicy"
ACL = "aws:s3/bucketAcl:BucketAcl"
LIFECYCLE = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
REPLICATION = "aws:s3/bucketReplicationConfig:BucketReplicationConfig"
_GROUPS = ("AllUsers", "AuthenticatedUsers")


def is_locked(bucket: Resource) -> bool:
    """Whether a bucket is made with object lock, said either way. Raises Unknown."""
    if bucket["objectLockEnabled"].flag() is True:
        return True
    return any(
        (entry["objectLockEnabled"].text() or "").lower() == "enabled"
        for entry in bucket["objectLockConfiguration"].items()
    )


def lock_rules(r: Resource) -> Node:
    """The rules of object lock, of a configuration or inline in a bucket."""
    return r["objectLockConfiguration.rule"] if r.type == BUCKET else r["rule"]


def replication_rules(r: Resource) -> Node:
    """The rules of replication, of a configuration or inline in a bucket."""
    return r["replicationConfiguration.rules"] if r.type == BUCKET else r["rules"]


def policies_of(r: Resource, ctx: Context) -> list[Resource]:
    """The policies of a bucket, or of the bucket that `r` is about.

    Raises Unknown when a policy could be one of them and nothing tells yet.
    """
    if r.type == BUCKET:
        urns, names = {r.urn}, r.names
    else:
        urns = set((r.property_dependencies or {}).get("bucket", ()))
        try:
            names = forms_of(r["bucket"].text())
        except Unknown:
            if not urns:
                raise
            names = set()
    found, undecided = ctx.stack.naming((POLICY,), "bucket", urns, names)
    if undecided:
        raise undecided[0]
    return found


def blocks_of(bucket: Resource, ctx: Context) -> Resource | None:
    """The public access block that covers a bucket: its own, else that of the account. Raises Unknown."""
    own = ctx.stack.first_naming((BLOCK,), "bucket", bucket)
    return own or next(iter(ctx.stack.of(ACCOUNT_BLOCK)), None)


def block_elsewhere(r: Resource, ctx: Context) -> Resource | None:
    """The access block that covers the bucket of `r` (a BucketPolicy or BucketAcl), which is in another stack.

    Raises Unknown.
    """
    urns = (r.property_dependencies or {}).get("bucket", ())
    found, undecided = ctx.stack.naming((BLOCK,), "bucket", urns, forms_of(r["bucket"].text()))
    if not found and undecided:
        raise undecided[0]
    return next(iter((*found, *ctx.stack.of(ACCOUNT_BLOCK))), None)


def opened_by(r: Resource) -> str | None:
    """What an access list of a bucket or BucketAcl opens to the public; None for nothing. Raises Unknown."""
    acl = r["acl"]
    if (acl.text() or "").lower().startswith(("public-", "authenticated-")):
        return f"acl is {acl.shown()}"
    grants = [(grant["uri"], grant) for grant in r["grants"].items()] if r.type == BUCKET else []
    if r.type == ACL:
        grants = [(grant["grantee.uri"], grant) for grant in r["accessControlPolicy.grants"].items()]
    for uri, grant in grants:
        if (uri.text() or "").endswith(_GROUPS):
            return f"{grant.path} grants to {uri.shown()}"
    return None

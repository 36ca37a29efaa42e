"""AWS: who is let in. Wire names of pulumi-aws 7; defaults as its documentation gives them."""

from __future__ import annotations

from policies.rules.kernel.resource_policies import POLICIES
from previews.meanings.table import Aspect, Better, Guard, Meaning

_BUCKET = "aws:s3/bucket:Bucket"
_ACL = "aws:s3/bucketAcl:BucketAcl"
_BLOCK = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
_ACCOUNT_BLOCK = "aws:s3/accountPublicAccessBlock:AccountPublicAccessBlock"

AWS_EXPOSURE: tuple[Meaning, ...] = (
    *(
        Meaning(block, flag, label, Aspect.EXPOSURE, Better.ON, default=False)
        for block in (_BLOCK, _ACCOUNT_BLOCK)
        for flag, label in (
            ("blockPublicAcls", "public access lists refused"),
            ("ignorePublicAcls", "public access lists ignored"),
            ("blockPublicPolicy", "public policies refused"),
            ("restrictPublicBuckets", "public policies without effect"),
        )
    ),
    *(
        Meaning(token, path, "who is let in by the policy", Aspect.EXPOSURE, Better.CLOSED, needs=action)
        for token, (path, action) in POLICIES.items()
    ),
    Meaning(_BUCKET, "policy", "who is let in by the policy", Aspect.EXPOSURE, Better.CLOSED, needs="s3:GetObject"),
    *(
        Meaning(token, path, "who is let in by the access list", Aspect.EXPOSURE, Better.CLOSED)
        for token, path in (
            (_BUCKET, "acl"),
            (_BUCKET, "grants[*].uri"),
            (_ACL, "acl"),
            (_ACL, "accessControlPolicy.grants[*].grantee.uri"),
            ("aws:s3/bucketObjectv2:BucketObjectv2", "acl"),
        )
    ),
    *(
        Meaning(
            token, "publiclyAccessible", "reachable from the internet", Aspect.EXPOSURE, Better.OFF, default=default
        )
        for token, default in (
            ("aws:rds/clusterInstance:ClusterInstance", False),
            ("aws:redshift/cluster:Cluster", False),
            ("aws:mq/broker:Broker", False),
        )
    ),
)

AWS_EXPOSURE_GUARDS: tuple[Guard, ...] = (
    Guard(_BLOCK, "public access block", Aspect.EXPOSURE),
    Guard(_ACCOUNT_BLOCK, "public access block", Aspect.EXPOSURE),
)

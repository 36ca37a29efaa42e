"""What the gateway has to know of buckets before a call is let through: where they lie, and what their policies say."""

from typing import Any

from moto.core import DEFAULT_ACCOUNT_ID
from moto.s3.models import s3_backends


def region_of_bucket(name: str) -> str | None:
    """None when there is no such bucket."""
    bucket = _bucket(name)
    return None if bucket is None else str(bucket.region_name)


def policy_of(name: str) -> str:
    """The policy of a bucket, an empty text for none."""
    policy = getattr(_bucket(name), "policy", None) or ""
    return policy.decode() if isinstance(policy, bytes) else str(policy)


def has_object(name: str, key: str | None) -> bool:
    """Is there such an object now? One that is deleted is not, whatever versions are kept of it."""
    versions = getattr(_bucket(name), "keys", None)
    found = versions.getlist(key, []) if versions is not None and key else []
    return bool(found) and hasattr(found[-1], "etag")


def _bucket(name: str) -> Any:
    for account in list(s3_backends.keys()) or [DEFAULT_ACCOUNT_ID]:
        for partition in list(s3_backends[account].values()):
            bucket = partition.buckets.get(name)
            if bucket is not None:
                return bucket
    return None

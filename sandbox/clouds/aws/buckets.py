"""Where a bucket lies: the one thing about S3 that the gateway has to know before a call is let through."""

from moto.core import DEFAULT_ACCOUNT_ID
from moto.s3.models import s3_backends


def region_of_bucket(name: str) -> str | None:
    """None when there is no such bucket."""
    for account in list(s3_backends.keys()) or [DEFAULT_ACCOUNT_ID]:
        for partition in list(s3_backends[account].values()):
            bucket = partition.buckets.get(name)
            if bucket is not None:
                return str(bucket.region_name)
    return None

"""
Which driver answers for which cloud, and how traffic is switched where that cloud holds the record: the one table. A
driver's SDK is loaded with the first site that needs it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from scripts.clouds.claims import Claims
from scripts.core.errors import BadInput

if TYPE_CHECKING:
    from model import Plan
    from scripts.clouds.protocol import Driver, ObjectStore, Traffic

    BucketOf = Callable[[str], ObjectStore]


def _aws(plan: Plan, lost: frozenset[str]) -> Driver:
    from scripts.clouds.aws.cloud import AwsDriver  # noqa: PLC0415 (a second of import, not always needed)

    return AwsDriver(plan, lost)


def _aws_bucket(region: str, name: str) -> ObjectStore:
    from scripts.clouds.aws.objects import Bucket  # noqa: PLC0415 (as above)
    from scripts.clouds.aws.session import Session  # noqa: PLC0415

    return Bucket(Session(), region, name)


def _azure(plan: Plan, lost: frozenset[str]) -> Driver:
    from scripts.clouds.azure.cloud import AzureDriver  # noqa: PLC0415 (as above)

    return AzureDriver(plan, lost)


def _azure_account(region: str, name: str) -> ObjectStore:
    from scripts.clouds.azure.objects import Account  # noqa: PLC0415 (as above)
    from scripts.clouds.azure.session import Session  # noqa: PLC0415

    return Account(Session(), region, name)


def _by_claims(plan: Plan, bucket_of: BucketOf) -> Traffic:
    return Claims(plan, bucket_of)


DRIVERS: Mapping[str, Callable[[Plan, frozenset[str]], Driver]] = {"aws": _aws, "azure": _azure}
BUCKETS: Mapping[str, Callable[[str, str], ObjectStore]] = {"aws": _aws_bucket, "azure": _azure_account}
TRAFFIC: Mapping[str, Callable[[Plan, BucketOf], Traffic]] = {"aws": _by_claims, "azure": _by_claims}
"""By the cloud of the plan's first site, which holds the record (`components/stack.py`)."""

LIBRARIES = frozenset({"azure", "boto3", "botocore", "kubernetes", "msal", "urllib3"})
"""Whose errors mean that a cloud failed, should one get past a driver."""


def driver(cloud: str, plan: Plan, lost: frozenset[str]) -> Driver:
    """Raises BadInput for a cloud that has no driver, with what there is."""
    if cloud not in DRIVERS:
        raise BadInput(f"no driver for {cloud!r}", f"there is {', '.join(DRIVERS)}")
    return DRIVERS[cloud](plan, lost)


def traffic(cloud: str, plan: Plan, bucket_of: BucketOf) -> Traffic:
    """The switch of a plan; `bucket_of` gives the recovery bucket of a site. Raises BadInput as above."""
    if cloud not in TRAFFIC:
        raise BadInput(f"traffic is not switched by {cloud!r}", f"there is {', '.join(TRAFFIC)}")
    return TRAFFIC[cloud](plan, bucket_of)


def bucket(cloud: str, region: str, name: str) -> ObjectStore:
    """One bucket, for the agent, which has no plan. Raises BadInput as above."""
    if cloud not in BUCKETS:
        raise BadInput(f"no driver for {cloud!r}", f"there is {', '.join(BUCKETS)}")
    return BUCKETS[cloud](region, name)

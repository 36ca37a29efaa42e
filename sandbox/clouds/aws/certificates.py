"""
The certificates that an operator has had issued before the stacks are made: one for the record of the plan in each
region that holds a site, as a certificate manager hands them out, signed by the world's own authority.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from model import Plan
from sandbox.authority import Authority, Issued
from sandbox.clouds.aws.accounts import Accounts


@dataclass(frozen=True)
class Held:
    """What each region's certificate manager holds, by ARN, and the certificate of who signed it."""

    by_region: Mapping[str, Mapping[str, Issued]]
    authority: bytes


def arn_of(plan: Plan, region: str) -> str:
    """The same in every world of a plan, so that its settings can be compared."""
    name = uuid.uuid5(uuid.NAMESPACE_DNS, f"{plan.traffic.record}.{region}")
    return f"arn:aws:acm:{region}:{Accounts.of(plan).by_region[region]}:certificate/{name}"


def of(plan: Plan, authority: Authority) -> Held:
    """A certificate for each region of the plan."""
    regions = dict.fromkeys(site.region for site in plan.sites if site.cloud == "aws")
    return Held(
        {it: {arn_of(plan, it): authority.issue([plan.traffic.record])} for it in regions}, authority.certificate
    )


def settings_of(plan: Plan) -> dict[str, dict[str, str]]:
    """The settings of each stack that name its site's certificate."""
    return {site.stack: {"dr:certificateArn": arn_of(plan, site.region)} for site in plan.sites if site.cloud == "aws"}

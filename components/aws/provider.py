"""The explicit provider of a site: the plan says the region, so no `aws:region` in config can contradict it."""

from typing import TYPE_CHECKING

import pulumi
import pulumi_aws as aws

if TYPE_CHECKING:
    from model import Plan


def provider(plan: "Plan", account: str, region: str, place: str) -> pulumi.ProviderResource:
    """
    `place` is the site, or `traffic`. Credentials come from the environment as for every AWS tool.

    Another account than the one given is refused by the provider before it changes anything.
    """
    made: pulumi.ProviderResource = aws.Provider(
        "aws",
        region=region,
        allowed_account_ids=[account],
        default_tags={"tags": {"dr:system": plan.system, "dr:place": place}},
        opts=pulumi.ResourceOptions(protect=False),
    )
    return made

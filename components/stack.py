"""What the program declares in a stack: one site, or the traffic switch."""

from typing import Any

import pulumi

from components.aws.provider import provider
from components.aws.traffic_switch import TrafficSwitch, TrafficSwitchArgs
from components.settings import Settings
from components.site import RecoverySite, SiteArgs
from model.checks import not_built

TRAFFIC_REGION = "us-east-1"  # where Route 53's control plane lives; its data plane is everywhere


def declare(stack: str, settings: Settings) -> dict[str, Any]:
    """
    Declare a stack of the plan and give what it exports.

    A site exports `record` (what other stacks need of it: `model/site_records.py`), `site`, `role`, `region` and
    `databases`; the traffic switch exports `zoneId` and `record`, the name that clients resolve. Raises pulumi.RunError
    for a stack that the plan does not have, and for a plan with something that has no component.
    """
    plan = settings.plan
    if unbuilt := list(not_built(plan)):
        raise pulumi.RunError("\n".join(str(mistake) for mistake in unbuilt))
    if stack == plan.traffic.stack:
        return _traffic(settings)
    site = plan.sites_by_stack.get(stack)
    if site is None:
        raise pulumi.RunError(f"stack {stack} is not in the plan {plan.system}; it has {', '.join(plan.stacks)}")
    opts = pulumi.ResourceOptions(providers=[provider(plan, site.account, site.region, site.name)])
    return RecoverySite(site.name, SiteArgs(settings, site), opts).exports


def _traffic(settings: Settings) -> dict[str, Any]:
    opts = pulumi.ResourceOptions(
        providers=[provider(settings.plan, settings.plan.primary.account, TRAFFIC_REGION, "traffic")]
    )
    args = TrafficSwitchArgs(settings.plan, settings.records, settings.zone_id, settings.protect)
    switch = TrafficSwitch("traffic", args, opts)
    return {"zoneId": switch.zone_id, "record": settings.plan.traffic.record}

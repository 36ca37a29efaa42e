"""What the program declares in a stack: one site, or the traffic switch."""

from typing import Any

import pulumi

from components.registry import components_of
from components.settings import Settings
from components.site import RecoverySite, SiteArgs
from model.checks import not_built


def declare(stack: str, settings: Settings) -> dict[str, Any]:
    """
    Declare a stack of the plan and give what it exports.

    A site exports `record` (what other stacks need of it: `model/site_records.py`), `site`, `role`, `region` and
    `stores`; the traffic switch exports `zoneId` and `record`, the name that clients resolve. Raises pulumi.RunError
    for a stack that the plan does not have, and for a plan with something that has no component.
    """
    plan = settings.plan
    if unbuilt := list(not_built(plan)):
        raise pulumi.RunError("\n".join(str(mistake) for mistake in unbuilt))
    if stack == plan.traffic.stack:
        switch = components_of(plan.primary.cloud)
        return switch.traffic(settings, pulumi.ResourceOptions(providers=[switch.provider(settings, None)]))
    site = plan.sites_by_stack.get(stack)
    if site is None:
        raise pulumi.RunError(f"stack {stack} is not in the plan {plan.system}; it has {', '.join(plan.stacks)}")
    components = components_of(site.cloud)
    opts = pulumi.ResourceOptions(providers=[components.provider(settings, site)])
    return RecoverySite(site.name, SiteArgs(settings, site, components), opts).exports

"""
Send the traffic to the target, through what the surviving sites own.

A site takes the traffic by a claim in its own bucket, which the health checks of the sites before it in the plan look
at; it gives it back by deleting the claim. So: write the target's claim, delete those of the sites after it. A lost
site's claim counts as none, and its sentinel deletes it should the site come back.
"""

from __future__ import annotations

import json

from model import names
from scripts.runs.runbook import Context, Result
from scripts.steps.targets import epoch_to_be, lost, target


def switch_traffic(context: Context) -> Result:
    plan, clouds, site = context.plan, context.clouds, target(context)
    chain = [each.name for each in plan.sites]
    position = chain.index(site)
    claim = json.dumps({"site": site, "epoch": epoch_to_be(context)}, sort_keys=True).encode()
    if position > 0:
        clouds.aws.write_object(clouds.region(site), names.recovery_bucket(plan, site), names.CLAIM_KEY, claim)
    released = []
    for later in chain[position + 1 :]:
        if later not in lost(context):
            clouds.aws.delete_object(clouds.region(later), names.recovery_bucket(plan, later), names.CLAIM_KEY)
            released.append(later)
    said = f"{site} claims {plan.traffic.record}" if position else f"the traffic is given back to {site}"
    return Result("done", said, {"claimed": site if position else None, "released": released})

"""Where the record of the service leads."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from scripts.core.net import address_of, wait_for

if TYPE_CHECKING:
    from model import Plan
    from scripts.clouds.access import Clouds


def front_door(plan: Plan, clouds: Clouds, site: str) -> str:
    """The present address of a site's load balancer."""
    del plan
    return wait_for(address_of(clouds.at(site).front_door(), timeout=1.0))


def leads_to(plan: Plan, clouds: Clouds, site: str) -> bool:
    """Is `site` where a client that resolves the record now would go?"""
    return wait_for(address_of(plan.traffic.record, timeout=1.0)) == front_door(plan, clouds, site)


def http_port(plan: Plan) -> int:
    """Where front doors listen: the plan's port, or the one that stands for it (DR_HTTP_PORT: the sandbox sets it)."""
    return int(os.environ.get("DR_HTTP_PORT") or plan.traffic.port)

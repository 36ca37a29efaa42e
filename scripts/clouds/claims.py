"""
Traffic by claims: objects in the sites' own buckets, which the health checks of the sites before them look at.

A site takes the traffic by a claim in its own bucket and gives it back by deleting the claim. A lost site's claim
counts as none, and its agent deletes it should the site come back (`docs/decisions/traffic-by-claims.md`).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

from model import names

if TYPE_CHECKING:
    from model import Plan
    from scripts.clouds.protocol import ObjectStore


class Claims:
    """See `Traffic`. `bucket` gives a site's own."""

    def __init__(self, plan: Plan, bucket: Callable[[str], ObjectStore]) -> None:
        self._plan, self._bucket = plan, bucket

    def send_to(self, site: str, epoch: int, lost: frozenset[str]) -> tuple[bool, list[str]]:
        """Write the site's claim, delete those of the sites after it."""
        chain = [each.name for each in self._plan.sites]
        position = chain.index(site)
        if position > 0:
            claim = json.dumps({"site": site, "epoch": epoch}, sort_keys=True).encode()
            self._bucket(site).write(names.CLAIM_KEY, claim)
        later = [each for each in chain[position + 1 :] if each not in lost]
        for each in later:
            self._bucket(each).delete(names.CLAIM_KEY)
        return position > 0, later

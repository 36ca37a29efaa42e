"""Writes down what was found in backups, beside those of other machines."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING

from scripts.clouds.protocol import ConditionFailed
from scripts.probes.verifications import KEY, Verification, of_json

if TYPE_CHECKING:
    from model import Plan
    from scripts.clouds.access import Clouds

TRIES = 5


def present(plan: Plan, clouds: Clouds, site: str) -> set[str]:
    """The names of all backups that lie in a site. Raises CloudFailed."""
    there = clouds.at(site)
    points = [point for store in plan.incarnated_stores for point in there.restore_points(store.name)]
    points += [point for store in plan.refilled_stores for point in there.cache(store.name).exports()]
    return {point.name for point in points}


def write_down(clouds: Clouds, site: str, found: Iterable[Verification], present: Iterable[str]) -> None:
    """
    Add what was found in backups of a site; what is known of backups that are not `present` any more is forgotten.

    Raises CloudFailed.
    """
    objects, there, new = clouds.at(site).objects(), set(present), list(found)
    for left in reversed(range(TRIES)):
        before = objects.read(KEY)
        known = {} if before is None else of_json(before.body)
        known |= {each.backup: each for each in new}
        body = json.dumps({name: each.to_json() for name, each in sorted(known.items()) if name in there}).encode()
        try:
            if before is None:
                objects.create(KEY, body)
            else:
                objects.replace(KEY, body, etag=before.etag)
        except ConditionFailed:
            if not left:
                raise
        else:
            return

"""
The clouds that a site can be in, and what the model has to know of each. Adding one means a file here and a line below.

Each question `why_not_...` gives the reason, or None.
"""

import difflib
import re
from collections.abc import Collection
from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator

from model.durations import quote
from model.mistakes import listed

from .aws import AWS
from .azure import AZURE
from .facts import CloudFacts, Gone, ServiceRules, StepTime, StoreFacts, StoreRules

CLOUDS = {cloud.name: cloud for cloud in (AWS, AZURE)}


def _known(name: str) -> str:
    if name not in CLOUDS:
        raise ValueError(f"{quote(name)} is no cloud that is known here; there is {listed(tuple(CLOUDS))}")
    return name


Cloud = Annotated[str, AfterValidator(_known)]


def why_not_region(cloud: str, region: str) -> str | None:
    """A region that the cloud does not have, with those that look like it."""
    regions = CLOUDS[cloud].regions
    if region in regions:
        return None
    near = difflib.get_close_matches(region, sorted(regions), n=3, cutoff=0.6)
    others = [other.name for other in CLOUDS.values() if region in other.regions]
    if others:
        return f"{quote(region)} is a region of {listed(others)}, not of {cloud}"
    like = listed(near) if near else listed(sorted(regions))
    return f"{quote(region)} is no region of {cloud}; {'did you mean' if near else 'there is'} {like}{'?' * bool(near)}"


def pair_of(cloud: str, region: str) -> str | None:
    """The region that the cloud pairs with another, or None."""
    return CLOUDS[cloud].regions.get(region)


def copied_within(cloud: str, kind: str) -> timedelta | None:
    """How far backups of a kind of store may be behind in the region that they are copied to, where that is said."""
    rules = CLOUDS[cloud].store_rules.get(kind)
    return rules.copied_within if rules else None


def why_not_account(cloud: str, account: str) -> str | None:
    """Something that cannot own resources in the cloud."""
    facts = CLOUDS[cloud]
    return None if re.fullmatch(facts.account, account) else f"{quote(account)} is not {facts.account_is}"


def why_not_build_in(cloud: str) -> str | None:
    """A cloud that nothing can be made in yet."""
    there = [facts.name for facts in CLOUDS.values() if facts.is_built]
    return None if CLOUDS[cloud].is_built else f"{quote(cloud)} has no components; there is {listed(there)}"


def why_not_store(cloud: str, kind: str) -> str | None:
    """A kind of store without a component and a driver in the cloud."""
    there = tuple(CLOUDS[cloud].stores)
    return None if kind in there else f"{quote(kind)} has no driver on {cloud}; there is {listed(there)}"


def why_not_serve(cloud: str, kind: str) -> str | None:
    """A kind of service without a component and a driver in the cloud."""
    there = CLOUDS[cloud].services
    return None if kind in there else f"{quote(kind)} has no driver on {cloud}; there is {listed(there)}"


def why_no_agent(cloud: str, kinds: Collection[str]) -> str | None:
    """Services of kinds beside none of which the agent of a site can run in the cloud."""
    beside = CLOUDS[cloud].agent_beside
    if not beside or not kinds or set(beside) & set(kinds):
        return None
    return f"none is of kind {listed(beside)}, and on {cloud} the agent that guards the stores runs beside those"


def why_not_replicate(cloud: str, kind: str, mode: str) -> str | None:
    """A way of replicating that the cloud does not know for this kind; None for a kind without a driver."""
    facts = CLOUDS[cloud].stores.get(kind)
    if facts is None or not facts.replication or mode in facts.replication:
        return None
    return f"{quote(mode)} is not how {kind} is replicated on {cloud}; there is {listed(facts.replication)}"


def why_not_archive(cloud: str, kind: str, storage_class: str) -> str | None:
    """A class of archives that the cloud does not have; None for a kind without a driver."""
    facts = CLOUDS[cloud].stores.get(kind)
    if facts is None or storage_class in facts.archive_classes:
        return None
    return f"{quote(storage_class)} is not a class of archives on {cloud}; there is {listed(facts.archive_classes)}"


__all__ = [
    "CLOUDS",
    "Cloud",
    "CloudFacts",
    "Gone",
    "ServiceRules",
    "StepTime",
    "StoreFacts",
    "StoreRules",
    "copied_within",
    "pair_of",
    "why_no_agent",
    "why_not_account",
    "why_not_archive",
    "why_not_build_in",
    "why_not_region",
    "why_not_replicate",
    "why_not_serve",
    "why_not_store",
]

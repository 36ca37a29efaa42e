"""
What sites must know of each other and cannot work out from names: recorded in config, never asked of a lost region.

Each site's stack exports `record`; the scripts write it under `dr:records` into the files of all stacks. A record stays
when its site is lost, so every other stack can still be previewed and updated.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pydantic import Field, TypeAdapter, ValidationError

from .base import Name, Text
from .clouds import CLOUDS
from .mistakes import mistakes_of
from .stores import Objects
from .topology import TopologyError, _Data

if TYPE_CHECKING:
    from .plan import Plan


class FrontDoor(_Data):
    """The load balancer's DNS name, and the hosted zone that an alias record to it needs."""

    name: Text
    zone: str


class Received(_Data):
    """Under which name a site takes the copies of another one: of the policy, and of the rule in it."""

    policy: Text
    rule: Text


class SiteRecord(_Data):
    """
    `key` is the ARN of the site's copy of the system's multi-region key. `receives` says for a store, and in it for a
    site that sends, under which name the copies are taken here.
    """

    key: Text | None = None
    front_door: FrontDoor | None = None
    receives: Mapping[Name, Mapping[Name, Received]] = Field(default_factory=dict)


Records = Mapping[str, SiteRecord]
_ADAPTER = TypeAdapter(dict[Name, SiteRecord])


def records_from_config(value: Any) -> Records:
    """Read the value of `dr:records`; None means that nothing is recorded yet. Raises TopologyError."""
    try:
        return _ADAPTER.validate_python({} if value is None else value)
    except ValidationError as error:
        raise TopologyError("\n".join(f"dr:records.{mistake}" for mistake in mistakes_of(error))) from None


def awaited(plan: "Plan", stack: str, records: Records) -> list[str]:
    """The stacks that must be up before this one can be shown: it needs what they record, and it is not there yet."""
    site = plan.sites_by_stack.get(stack)
    if site is None:
        return [each.stack for each in plan.sites if (records.get(each.name) or SiteRecord()).front_door is None]
    if site == plan.primary or plan.primary.name in records:
        return []
    return [plan.primary.stack]


def provisioning_order(plan: "Plan") -> list[list[str]]:
    """
    Stacks in waves, the stacks of a wave side by side; `record` of each wave is written before the next one begins.

    The primary comes first: replicas and replica keys need their source. The first wave's stacks come again at the end,
    as do warm ones, because objects are copied both ways and a bucket must be there before it can be a destination.
    Where a receiver names its copies (`StoreFacts.receiver_names_copies`), those that hold some come once more in
    between, and twice where a cold site sends too: a receiver needs the sender's place, and a sender the receiver's
    name. Once everything is recorded, one pass over all stacks in any order finds nothing to do.
    """
    primary = plan.primary.stack
    others = [stack for stack in plan.sites_by_stack if stack != primary]
    sources = [site.stack for site in plan.sites if site.kind != "cold"] if others else []
    return [wave for wave in ([primary], others, *_agreeing(plan), [*sources, plan.traffic.stack]) if wave]


def _agreeing(plan: "Plan") -> list[list[str]]:
    named = [
        store
        for store in plan.stores_of(Objects)
        if (facts := CLOUDS[plan.primary.cloud].stores.get(store.kind)) is not None and facts.receiver_names_copies
    ]
    holders = {site for store in named for site in store.held_in(plan.primary.name)}
    senders = {site for store in named for site in store.live_in(plan.primary.name)}
    wave = [site.stack for site in plan.sites if site.name in holders]
    sends_cold = any(site.kind == "cold" and site.name in senders for site in plan.sites)
    return [wave] * (0 if len(wave) < 2 else 2 if sends_cold else 1)

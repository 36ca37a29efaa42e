"""Sites, and how traffic and the right to write find them."""

from collections.abc import Iterator
from datetime import timedelta

from model import names
from model.clouds import CLOUDS, why_not_account, why_not_region
from model.durations import format_duration, quote
from model.mistakes import Mistake, listed
from model.plan import Plan
from model.traffic import GlobalFrontDoor

from .common import repeated, site_names, unknown_sites


def unique_names(plan: Plan) -> Iterator[Mistake]:
    yield from repeated("sites", "name", (site.name for site in plan.sites))
    yield from repeated("sites", "stack", (site.stack for site in plan.sites))
    places = [(f"stores[{i}]", entry.name) for i, entry in enumerate(plan.stores)]
    places += [(f"services[{i}]", entry.name) for i, entry in enumerate(plan.services)]
    first: dict[str, str] = {}
    for place, name in places:
        if name in first:
            yield Mistake(f"{place}.name", f"{quote(name)} is already the name of {first[name]}")
        first.setdefault(name, place)
    for i, store in enumerate(plan.stores):
        if store.name == "recovery":
            yield Mistake(f"stores[{i}].name", '"recovery" is the name of the bucket that each site has for itself')
    for i, service in enumerate(plan.services):
        if service.name.startswith(names.OURS):
            reason = "begins as the names of the agent and of what else runs beside the services of each site"
            yield Mistake(f"services[{i}].name", f"{quote(service.name)} {reason}")
    yield from repeated("tiers", "tier", (entry.tier for entry in plan.tiers))
    yield from repeated("contacts", "role", (contact.role for contact in plan.contacts))


def sites(plan: Plan) -> Iterator[Mistake]:
    primaries = [i for i, site in enumerate(plan.sites) if site.kind == "primary"]
    if not primaries:
        yield Mistake("sites", "none is of kind primary; exactly one must be")
    for i in primaries[1:]:
        yield Mistake(f"sites[{i}].kind", f"a second primary; sites[{primaries[0]}] is one already")
    regions: dict[tuple[str, str], int] = {}
    for i, site in enumerate(plan.sites):
        if reason := why_not_account(site.cloud, site.account):
            yield Mistake(f"sites[{i}].account", reason)
        first = regions.setdefault((site.cloud, site.region), i)
        if first != i:
            yield Mistake(
                f"sites[{i}].region",
                f"{quote(site.region)} is the region of sites[{first}] as well: both would be lost together",
            )
        if reason := why_not_region(site.cloud, site.region):
            yield Mistake(f"sites[{i}].region", reason)
        elif site.region not in plan.residency.allowed_regions:
            yield Mistake(f"sites[{i}].region", f"{quote(site.region)} is not among residency.allowed_regions")
        if site.stack == plan.traffic.stack:
            yield Mistake(
                f"sites[{i}].stack", f"{quote(site.stack)} is the stack of the traffic switch, which holds no site"
            )
        for j, other in enumerate(plan.sites):
            if i != j and site.state and site.state == other.state and site.region != other.region and j < i:
                yield Mistake(
                    f"sites[{i}].state",
                    f"is also the state of sites[{j}], so losing that region takes this stack with it",
                )


def residency(plan: Plan) -> Iterator[Mistake]:
    """Regions in which data may lie are regions of the clouds that the plan's sites are in."""
    clouds = list(dict.fromkeys(site.cloud for site in plan.sites))
    for i, region in enumerate(plan.residency.allowed_regions):
        reasons = [why_not_region(cloud, region) for cloud in clouds]
        if all(reasons):
            yield Mistake(f"residency.allowed_regions[{i}]", str(reasons[0]))


def lengths(plan: Plan) -> Iterator[Mistake]:
    """The clouds' limits on the names that are made of ours (`names.py`)."""
    for i, site in enumerate(plan.sites):
        if len(names.load_balancer(plan, site.name)) > 32:
            balancer = names.load_balancer(plan, site.name)
            yield Mistake(f"sites[{i}].name", f"{balancer} is longer than 32, a load balancer's limit")
        for j, store in enumerate(plan.stores):
            if store.traits.incarnations:
                identifier = names.final_snapshot(names.store_identifier(plan, site.name, store.name, 9999))
                if len(identifier) > 63:
                    yield Mistake(f"stores[{j}].name", f"{identifier} is longer than 63, a database's limit")
            elif len(names.bucket(plan, site.name, store.name)) > 50:
                yield Mistake(f"stores[{j}].name", f"{names.bucket(plan, site.name, store.name)} is longer than 50")


def traffic(plan: Plan) -> Iterator[Mistake]:
    traffic = plan.traffic
    if traffic.record != traffic.zone and not traffic.record.endswith("." + traffic.zone):
        yield Mistake("traffic.record", f"{quote(traffic.record)} is not in the zone {quote(traffic.zone)}")
    if traffic.health.interval not in (timedelta(seconds=10), timedelta(seconds=30)):
        yield Mistake(
            "traffic.health.interval",
            f"{format_duration(traffic.health.interval)} is not 10s or 30s, which the clouds offer",
        )
    without = [cloud for cloud in dict.fromkeys(site.cloud for site in plan.sites) if not CLOUDS[cloud].firewalls]
    if traffic.firewall and without:
        yield Mistake("traffic.firewall", f"no front door in {listed(without)} can keep single addresses out yet")
    if traffic.global_front_door is not None:
        yield from _global_front_door(plan, traffic.global_front_door)


def _global_front_door(plan: Plan, door: GlobalFrontDoor) -> Iterator[Mistake]:
    place = "traffic.global_front_door"
    most = {cloud: CLOUDS[cloud].sites_behind_one_door for cloud in dict.fromkeys(site.cloud for site in plan.sites)}
    if without := [cloud for cloud, number in most.items() if not number]:
        yield Mistake(place, f"no front door of {listed(without)} stands before all sites here")
    elif len(plan.sites) > min(most.values()):
        yield Mistake(place, f"chooses among {min(most.values())} sites at most; there are {len(plan.sites)}")
    if not plan.traffic.tls:
        yield Mistake(place, "speaks to clients with TLS alone; traffic.port is 80")
    if not door.bypass:
        reason = "false would keep clients out for as long as it is out, and the sites do not know its requests yet"
        yield Mistake(f"{place}.bypass", f"{reason}; say true where its firewall may be passed by")


def fencing(plan: Plan) -> Iterator[Mistake]:
    lease, witness = plan.fencing.lease, plan.fencing.witness
    yield from unknown_sites(site_names(plan), "fencing.witness", [witness], single=True)
    if len(plan.sites) > 1 and any(site.name == witness and site.kind == "primary" for site in plan.sites):
        yield Mistake("fencing.witness", f"{quote(witness)} is the primary: its lease would be lost with it")
    if lease.renew * 3 > lease.ttl:
        yield Mistake(
            "fencing.lease.renew",
            f"{format_duration(lease.renew)} is more than a third of ttl: one lost renewal would stop writes",
        )


def detection(plan: Plan) -> Iterator[Mistake]:
    if plan.detection.timeout > plan.detection.interval * 10:
        yield Mistake("detection.timeout", "is more than ten times interval: probes would pile up")

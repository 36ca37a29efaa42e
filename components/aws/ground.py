"""What a site stands on in AWS: its network, its copy of the key, its front door and its recovery bucket."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi

from components.aws import addresses
from components.aws.firewall import Firewall, FirewallArgs
from components.aws.front_door import FrontDoor, FrontDoorArgs
from components.aws.keys import KeyArgs, MultiRegionKey
from components.aws.network import Network, NetworkArgs
from components.aws.recovery_bucket import RecoveryBucket, RecoveryBucketArgs
from components.parts import Place
from model import names
from model.routes import service_routes

LIVES = "/health"
"""Where a service says that it lives, whatever its stores do."""


@dataclass(frozen=True)
class AwsGround:
    network: Network
    key: MultiRegionKey
    front_door: FrontDoor

    @property
    def record(self) -> Mapping[str, Any]:
        """See `model/site_records.py`."""
        door = {"name": self.front_door.dns_name, "zone": self.front_door.zone_id}
        return {"key": self.key.arn, "frontDoor": door}


def lay_ground(place: Place) -> AwsGround:
    """Raises pulumi.RunError when the key of the primary site is not recorded yet."""
    settings, site = place.settings, place.site
    network = _network(place)
    ground = AwsGround(network, _key(place), _front_door(place, network))
    if settings.plan.traffic.firewall:
        before = FirewallArgs(site.region, names.firewall(settings.plan, site.name), ground.front_door.arn)
        Firewall("firewall", before, place.child)
    RecoveryBucket(
        "recovery", RecoveryBucketArgs(plan=settings.plan, site=site.name, protect=settings.protect), place.child
    )
    return ground


def _network(place: Place) -> Network:
    plan, site = place.settings.plan, place.site
    zones = site.zones or (f"{site.region}a", f"{site.region}b")
    number = 10 + plan.sites.index(site)
    return Network("network", NetworkArgs(site.region, number, tuple(zones), plan.traffic.ports), place.child)


def _key(place: Place) -> MultiRegionKey:
    plan, site = place.settings.plan, place.site
    original: str | None = None
    if site != plan.primary:
        record = place.settings.records.get(plan.primary.name)
        if record is None or record.key is None:
            raise pulumi.RunError(
                f"config dr:records: the key of site {plan.primary.name} is not recorded, and site {site.name} "
                f"holds a replica of it; `dr up` brings up stack {plan.primary.stack} first and records it"
            )
        original = record.key
    args = KeyArgs(
        region=site.region,
        alias=addresses.key_alias(plan, site.name),
        description=f"Data of {plan.system} in {site.name}",
        replica_of=original,
        protect=place.settings.protect,
    )
    return MultiRegionKey("key", args, place.child)


def _front_door(place: Place, network: Network) -> FrontDoor:
    plan, site = place.settings.plan, place.site
    health = plan.traffic.health
    args = FrontDoorArgs(
        region=site.region,
        load_balancer=names.load_balancer(plan, site.name),
        vpc_id=network.vpc_id,
        subnet_ids=network.public_subnet_ids,
        security_group_id=network.front_door_group_id,
        port=plan.traffic.port,
        tls=plan.traffic.tls,
        certificate_arn=place.settings.certificate_arn,
        routes=service_routes(plan),
        target_groups={it.name: names.target_group(plan, site.name, it.name) for it in plan.services},
        health_paths={it.name: LIVES if it.traits.on_machines else health.path for it in plan.services},
        health_interval=int(health.interval.total_seconds()),
        health_failures=health.failures,
        protect=place.settings.protect,
    )
    return FrontDoor("front-door", args, place.child)

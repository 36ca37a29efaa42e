"""
The switch that sends clients to the active site, made so that a failover changes nothing in it.

Sites stand in a chain, in the plan's order. A record of the chain answers with its own site's front door unless a later
site claims the traffic; then it answers with the next record. A claim is an object that a site puts into its own bucket
(`components/aws/recovery_bucket.py`) and that health checkers look for: Route 53's data plane flips by itself, while
its control plane, which lives in us-east-1 alone, is not needed. A claim that cannot be reached counts as none.

Records are CNAMEs with the plan's TTL: an alias to a load balancer is answered with the balancer's own TTL of a minute,
which clients would wait out after each failover. Only at the top of a zone, where no CNAME may stand, it is an alias.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_aws as aws

from components.aws import addresses
from model import names
from model.site_records import FrontDoor, Records

if TYPE_CHECKING:
    from model import Plan


@dataclass(frozen=True)
class TrafficSwitchArgs:
    """`zone_id` is a hosted zone that is there already; without it the switch makes one of `plan.traffic.zone`."""

    plan: "Plan"
    records: Records
    zone_id: str | None
    protect: bool


class TrafficSwitch(pulumi.ComponentResource):
    """Gives `zone_id`. Raises pulumi.RunError when a site's front door is not recorded yet."""

    def __init__(self, name: str, args: TrafficSwitchArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("dr:aws:TrafficSwitch", name, None, opts)
        doors = {site.name: _front_door(args, site.name) for site in args.plan.sites}
        self.zone_id: pulumi.Output[str] | str = args.zone_id or self._zone(name, args)
        sites = list(doors)
        unclaimed = {site: self._unclaimed(name, args, site) for site in sites[1:]}
        for position, site in enumerate(sites[:-1]):
            later = [unclaimed[other].id for other in sites[position + 1 :]]
            keeps = aws.route53.HealthCheck(
                f"{name}-{site}-keeps",
                type="CALCULATED",
                child_healthchecks=later,
                child_health_threshold=len(later),
                tags={"Name": f"{args.plan.system}-{site}-keeps"},
                opts=pulumi.ResourceOptions(parent=self),
            )
            self._record(f"{name}-{site}", args, (position, "PRIMARY"), doors[site], keeps.id)
            if position + 2 < len(sites):
                following = FrontDoor(name=names.chain_record(args.plan, position + 1), zone="")
                self._record(f"{name}-after-{site}", args, (position, "SECONDARY"), following)
            else:
                self._record(f"{name}-{sites[-1]}", args, (position, "SECONDARY"), doors[sites[-1]])
        if len(sites) == 1:
            self._record(f"{name}-{sites[0]}", args, (0, None), doors[sites[0]])
        self.register_outputs({"zoneId": self.zone_id})

    def _zone(self, name: str, args: TrafficSwitchArgs) -> pulumi.Output[str]:
        zone = aws.route53.Zone(
            f"{name}-zone",
            name=args.plan.traffic.zone,
            comment=f"Traffic of {args.plan.system}",
            force_destroy=not args.protect,
            opts=pulumi.ResourceOptions(parent=self, protect=args.protect),
        )
        zone_id: pulumi.Output[str] = zone.zone_id
        return zone_id

    def _unclaimed(self, name: str, args: TrafficSwitchArgs, site: str) -> aws.route53.HealthCheck:
        """Healthy as long as the site does not claim the traffic: the check for its claim, inverted."""
        health = args.plan.traffic.health
        return aws.route53.HealthCheck(
            f"{name}-{site}-unclaimed",
            type="HTTP",
            fqdn=addresses.bucket_host(args.plan, site, "recovery"),
            port=80,
            resource_path=f"/{names.CLAIM_KEY}",
            request_interval=int(health.interval.total_seconds()),
            failure_threshold=health.failures,
            invert_healthcheck=True,
            tags={"Name": f"{args.plan.system}-{site}-unclaimed"},
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _record(
        self,
        name: str,
        args: TrafficSwitchArgs,
        place: tuple[int, str | None],
        target: FrontDoor,
        health_check: pulumi.Output[str] | None = None,
    ) -> None:
        position, kind = place
        record, traffic = names.chain_record(args.plan, position), args.plan.traffic
        answer: dict[str, Any]
        if record == traffic.zone:
            zone = target.zone or self.zone_id
            answer = {"type": "A", "aliases": [{"name": target.name, "zone_id": zone, "evaluate_target_health": False}]}
        else:
            answer = {"type": "CNAME", "ttl": max(1, int(traffic.ttl.total_seconds())), "records": [target.name]}
        if kind is not None:
            answer |= {"set_identifier": name, "failover_routing_policies": [{"type": kind}]}
        aws.route53.Record(
            name,
            zone_id=self.zone_id,
            name=record,
            health_check_id=health_check,
            **answer,
            opts=pulumi.ResourceOptions(parent=self),
        )


def _front_door(args: TrafficSwitchArgs, site: str) -> FrontDoor:
    record = args.records.get(site)
    if record is None or record.front_door is None:
        raise pulumi.RunError(
            f"config dr:records: the front door of site {site} is not recorded; "
            f"`dr up` brings up the sites first and records them"
        )
    return record.front_door

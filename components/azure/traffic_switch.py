"""
The switch that sends clients to the active site, made so that a failover changes nothing in it.

A profile of Traffic Manager answers with the last site of the plan that claims the traffic, else with the first. A
claim is a blob that a site puts into its own storage account (`components/azure/recovery_account.py`) and that the
probes look for: only the data plane of DNS is needed, while an outage may have frozen everything that is global.

Each site but the first has a profile of its own, nested in the switch's. Its first endpoint, which is never probed, is
the site's app, so that is what it answers with; its second is the claim, and never answered with, because the first
comes before it. The switch takes a nested profile for healthy while two of its endpoints are.

With a global front door (`components/azure/front_door.py`) the switch answers with that before all sites, for as long
as a site can be reached through it; else clients are led past it, by the same claims.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_azure_native as azure_native

from components.azure import addresses
from components.azure.front_door import FrontDoor, FrontDoorArgs
from model import names
from model.clouds import azure
from model.site_records import Records

if TYPE_CHECKING:
    from model import Plan

ENDPOINTS = "Microsoft.Network/trafficManagerProfiles"
PROBE_SECONDS = {10: 5, 30: 10}
"""By the interval of probes, how long each may take (Traffic Manager: 5 to 9 s for fast probing, 5 to 10 else)."""
PROOF_TTL_SECONDS = 3600


@dataclass(frozen=True)
class TrafficSwitchArgs:
    """
    `group` is that of the witness's site: what is global does not go with a site that serves. `certificate` is that of
    the global front door.
    """

    plan: "Plan"
    records: Records
    group: str
    protect: bool
    certificate: str | None


class TrafficSwitch(pulumi.ComponentResource):
    """Gives `zone_id` and `host`, the name that the plan's record leads to. Raises pulumi.RunError as said below."""

    def __init__(self, name: str, args: TrafficSwitchArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("dr:azure:TrafficSwitch", name, None, opts)
        self._name, self._args = name, args
        plan = args.plan
        doors = {site.name: self._door(site.name) for site in plan.sites}
        first, *others = doors
        front = self._front_door(doors)
        before = [_external("front-door", front.host, 1, always=False)] if front else []
        nested = [
            {
                "name": site,
                "type": f"{ENDPOINTS}/nestedEndpoints",
                "target_resource_id": self._site(site, doors[site]).id,
                "priority": priority,
                "min_child_endpoints": 2,
                "endpoint_status": "Enabled",
            }
            for priority, site in enumerate(reversed(others), start=len(before) + 1)
        ]
        at_last = _external(first, doors[first], len(before) + len(others) + 1, always=True)
        asked = names.TRAFFIC_PATH if front else f"/{names.CLAIM_KEY}"
        switch = self._profile(name, azure.profile(plan), [*before, *nested, at_last], asked)
        self.host: pulumi.Output[str] = switch.dns_config.apply(lambda dns: str(dns.fqdn if dns else ""))
        zone = azure_native.dns.Zone(
            f"{name}-zone",
            resource_group_name=args.group,
            location="global",
            zone_name=plan.traffic.zone,
            opts=pulumi.ResourceOptions(parent=self, protect=args.protect),
        )
        azure_native.dns.RecordSet(
            f"{name}-record",
            resource_group_name=args.group,
            zone_name=zone.name,
            ttl=max(1, int(plan.traffic.ttl.total_seconds())),
            **self._answer(switch),
            opts=pulumi.ResourceOptions(parent=self),
        )
        if front:
            self._prove(front, zone)
        self.zone_id: pulumi.Output[str] = zone.id
        self.register_outputs({"zoneId": zone.id})

    def _front_door(self, apps: Mapping[str, str]) -> FrontDoor | None:
        plan = self._args.plan
        if plan.traffic.global_front_door is None:
            return None
        args = FrontDoorArgs(plan, plan.traffic.global_front_door, self._args.group, apps, self._args.certificate)
        return FrontDoor("front-door", args, pulumi.ResourceOptions(parent=self))

    def _prove(self, front: FrontDoor, zone: azure_native.dns.Zone) -> None:
        """That the record is ours, which Front Door wants to see before it serves it."""
        azure_native.dns.RecordSet(
            f"{self._name}-proof",
            resource_group_name=self._args.group,
            zone_name=zone.name,
            record_type="TXT",
            relative_record_set_name=f"_dnsauth.{front.domain}".removesuffix(f".{self._args.plan.traffic.zone}"),
            ttl=PROOF_TTL_SECONDS,
            txt_records=[{"value": [front.token]}],
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _site(self, site: str, door: str) -> azure_native.trafficmanager.Profile:
        claim = _external("claim", addresses.blob_host(self._args.plan, site, "recovery"), 2, always=False)
        profile = azure.profile(self._args.plan, child=site)
        app = _external("app", door, 1, always=True)
        return self._profile(f"{self._name}-{site}", profile, [app, claim], f"/{names.CLAIM_KEY}")

    def _profile(
        self, name: str, profile: str, endpoints: list[dict[str, Any]], asked: str
    ) -> azure_native.trafficmanager.Profile:
        """Endpoints are part of their profile: whoever writes the profile otherwise takes them away."""
        health = self._args.plan.traffic.health
        seconds = int(health.interval.total_seconds())
        return azure_native.trafficmanager.Profile(
            name,
            resource_group_name=self._args.group,
            location="global",
            profile_name=profile,
            profile_status="Enabled",
            traffic_routing_method="Priority",
            dns_config={"relative_name": profile, "ttl": max(1, int(self._args.plan.traffic.ttl.total_seconds()))},
            monitor_config={
                "protocol": "HTTPS",
                "port": 443,
                "path": asked,
                "interval_in_seconds": seconds,
                "timeout_in_seconds": PROBE_SECONDS[seconds],
                "tolerated_number_of_failures": health.failures - 1,
            },
            endpoints=endpoints,
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _answer(self, switch: azure_native.trafficmanager.Profile) -> dict[str, Any]:
        traffic = self._args.plan.traffic
        if traffic.record == traffic.zone:  # no CNAME may stand at the top of a zone
            return {"record_type": "A", "relative_record_set_name": "@", "target_resource": {"id": switch.id}}
        relative = traffic.record.removesuffix(f".{traffic.zone}")
        return {"record_type": "CNAME", "relative_record_set_name": relative, "cname_record": {"cname": self.host}}

    def _door(self, site: str) -> str:
        record = self._args.records.get(site)
        if record is None or record.front_door is None:
            raise pulumi.RunError(
                f"config dr:records: the front door of site {site} is not recorded; "
                f"`dr up` brings up the sites first and records them"
            )
        return record.front_door.name


def _external(name: str, target: pulumi.Input[str], priority: int, *, always: bool) -> dict[str, Any]:
    return {
        "name": name,
        "type": f"{ENDPOINTS}/externalEndpoints",
        "target": target,
        "priority": priority,
        "always_serve": "Enabled" if always else "Disabled",
        "endpoint_status": "Enabled",
    }

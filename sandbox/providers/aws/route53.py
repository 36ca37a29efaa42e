"""Hosted zones, health checks and records. Route 53 is global: its resources have no region."""

import uuid
from typing import Any

from sandbox.providers.aws.base import AwsResource, tag_changes, tag_list, tag_map
from sandbox.providers.aws.cloud import missing_is_none
from sandbox.providers.resource import Refused
from sandbox.providers.values import Properties


def retag(client: Any, kind: str, identity: str, old: Properties, new: Properties) -> None:
    wanted, unwanted = tag_changes(old, new)
    if wanted or unwanted:
        changes: dict[str, Any] = {}
        if wanted:
            changes["AddTags"] = tag_list(wanted)
        if unwanted:
            changes["RemoveTagKeys"] = unwanted
        client.change_tags_for_resource(ResourceType=kind, ResourceId=identity, **changes)


def tags_of(client: Any, kind: str, identity: str) -> dict[str, str]:
    shown = client.list_tags_for_resource(ResourceType=kind, ResourceId=identity)
    return tag_map(shown["ResourceTagSet"]["Tags"])


class Zone(AwsResource):
    """aws.route53.Zone, public"""

    type_name = "aws:route53/zone:Zone"
    sdk = ("route53", "Zone")
    service = "route53"
    regional = False
    name = "name"
    create_only = frozenset({"name", "delegationSetId"})
    computed = ("arn", "nameServers", "primaryNameServer", "zoneId", "tagsAll")
    defaults = {"comment": "Managed by Pulumi", "forceDestroy": False}
    write_only = frozenset({"forceDestroy"})

    def check(self, inputs: Properties, old: Properties) -> list[tuple[str, str]]:
        if inputs.get("vpcs"):
            return [("vpcs", "the sandbox has public zones only")]
        return []

    def create(self, inputs: Properties) -> str:
        route53 = self.client(inputs)
        made = route53.create_hosted_zone(
            Name=inputs["name"],
            CallerReference=str(uuid.uuid4()),
            HostedZoneConfig={"Comment": inputs["comment"], "PrivateZone": False},
        )
        identity: str = made["HostedZone"]["Id"].rsplit("/", 1)[-1]
        retag(route53, "hostedzone", identity, {}, inputs)
        return identity

    def read(self, identity: str, state: Properties) -> Properties | None:
        route53 = self.client(state, identity)
        found = missing_is_none(lambda: route53.get_hosted_zone(Id=identity), "NoSuchHostedZone")
        if found is None:
            return None
        servers = found.get("DelegationSet", {}).get("NameServers", [])
        tags = tags_of(route53, "hostedzone", identity)
        return {
            "name": found["HostedZone"]["Name"].rstrip("."),
            "comment": found["HostedZone"].get("Config", {}).get("Comment", ""),
            "zoneId": identity,
            "arn": f"arn:aws:route53:::hostedzone/{identity}",
            "nameServers": sorted(servers),
            "primaryNameServer": servers[0] if servers else "",
            "tags": tags,
            "tagsAll": tags,
            **{name: state[name] for name in self.write_only if state.get(name) is not None},
        }

    def update(self, identity: str, old: Properties, new: Properties, changed: frozenset[str]) -> None:
        route53 = self.client(new, identity)
        if "comment" in changed:
            route53.update_hosted_zone_comment(Id=identity, Comment=new["comment"])
        if "tags" in changed:
            retag(route53, "hostedzone", identity, old, new)

    def delete(self, identity: str, state: Properties) -> None:
        route53 = self.client(state, identity)
        if state.get("forceDestroy"):
            self._empty(route53, identity)
        missing_is_none(lambda: route53.delete_hosted_zone(Id=identity), "NoSuchHostedZone")

    def _empty(self, route53: Any, identity: str) -> None:
        shown = missing_is_none(lambda: route53.list_resource_record_sets(HostedZoneId=identity), "NoSuchHostedZone")
        doomed = [r for r in (shown or {}).get("ResourceRecordSets", []) if r["Type"] not in ("NS", "SOA")]
        if doomed:
            changes = [{"Action": "DELETE", "ResourceRecordSet": record} for record in doomed]
            route53.change_resource_record_sets(HostedZoneId=identity, ChangeBatch={"Changes": changes})


CHECK = {
    "ipAddress": "IPAddress",
    "fqdn": "FullyQualifiedDomainName",
    "port": "Port",
    "type": "Type",
    "resourcePath": "ResourcePath",
    "searchString": "SearchString",
    "requestInterval": "RequestInterval",
    "failureThreshold": "FailureThreshold",
    "measureLatency": "MeasureLatency",
    "invertHealthcheck": "Inverted",
    "disabled": "Disabled",
    "childHealthThreshold": "HealthThreshold",
    "childHealthchecks": "ChildHealthChecks",
    "enableSni": "EnableSNI",
    "regions": "Regions",
    "insufficientDataHealthStatus": "InsufficientDataHealthStatus",
    "routingControlArn": "RoutingControlArn",
}
ONLY_AT_CREATION = {"type", "requestInterval", "measureLatency", "routingControlArn", "referenceName"}


class HealthCheck(AwsResource):
    """aws.route53.HealthCheck"""

    type_name = "aws:route53/healthCheck:HealthCheck"
    sdk = ("route53", "HealthCheck")
    service = "route53"
    regional = False
    create_only = frozenset(ONLY_AT_CREATION)
    computed = ("arn", "tagsAll")
    defaults = {"disabled": False}
    write_only = frozenset({"referenceName", "triggers"})

    def create(self, inputs: Properties) -> str:
        route53 = self.client(inputs)
        made = route53.create_health_check(
            CallerReference=inputs.get("referenceName") or str(uuid.uuid4()), HealthCheckConfig=self._config(inputs)
        )
        identity: str = made["HealthCheck"]["Id"]
        retag(route53, "healthcheck", identity, {}, inputs)
        return identity

    def _config(self, inputs: Properties) -> dict[str, Any]:
        config = {api: inputs[name] for name, api in CHECK.items() if inputs.get(name) is not None}
        if inputs.get("cloudwatchAlarmName"):
            config["AlarmIdentifier"] = {
                "Name": inputs["cloudwatchAlarmName"],
                "Region": inputs["cloudwatchAlarmRegion"],
            }
        return config

    def read(self, identity: str, state: Properties) -> Properties | None:
        route53 = self.client(state, identity)
        found = missing_is_none(lambda: route53.get_health_check(HealthCheckId=identity), "NoSuchHealthCheck")
        if found is None:
            return None
        shown = found["HealthCheck"]["HealthCheckConfig"]
        tags = tags_of(route53, "healthcheck", identity)
        real = {name: shown[api] for name, api in CHECK.items() if shown.get(api) not in (None, [])}
        if sorted(state.get("childHealthchecks") or []) == sorted(real.get("childHealthchecks", [])):
            real["childHealthchecks"] = state.get("childHealthchecks") or []
        alarm = shown.get("AlarmIdentifier")
        if alarm:
            real |= {"cloudwatchAlarmName": alarm["Name"], "cloudwatchAlarmRegion": alarm["Region"]}
        return {
            "disabled": False,
            "invertHealthcheck": False,
            **real,
            "arn": f"arn:aws:route53:::healthcheck/{identity}",
            "tags": tags,
            "tagsAll": tags,
            **{name: state[name] for name in self.write_only if state.get(name) is not None},
        }

    def update(self, identity: str, old: Properties, new: Properties, changed: frozenset[str]) -> None:
        route53 = self.client(new, identity)
        fields = {
            CHECK[name]: new[name]
            for name in changed
            if name in CHECK and name not in ONLY_AT_CREATION and new.get(name) is not None
        }
        if "invertHealthcheck" in changed:
            fields["Inverted"] = bool(new.get("invertHealthcheck"))
        if fields:
            route53.update_health_check(HealthCheckId=identity, **fields)
        if "tags" in changed:
            retag(route53, "healthcheck", identity, old, new)

    def delete(self, identity: str, state: Properties) -> None:
        route53 = self.client(state, identity)
        missing_is_none(lambda: route53.delete_health_check(HealthCheckId=identity), "NoSuchHealthCheck")


ROUTING = {"failoverRoutingPolicies", "weightedRoutingPolicies"}
NO_ROUTING_OF = {
    "latencyRoutingPolicies",
    "geolocationRoutingPolicies",
    "geoproximityRoutingPolicy",
    "cidrRoutingPolicy",
}


class Record(AwsResource):
    """aws.route53.Record: simple, failover and weighted; each record is its own change, as in the real provider."""

    type_name = "aws:route53/record:Record"
    sdk = ("route53", "Record")
    service = "route53"
    regional = False
    create_only = frozenset({"name", "zoneId", "type"})
    computed = ("fqdn",)
    write_only = frozenset({"allowOverwrite"})

    def check(self, inputs: Properties, old: Properties) -> list[tuple[str, str]]:
        faults = [(name, "the sandbox routes by failover and weight only") for name in NO_ROUTING_OF & set(inputs)]
        if inputs.get("multivalueAnswerRoutingPolicy"):
            faults.append(("multivalueAnswerRoutingPolicy", "the sandbox routes by failover and weight only"))
        if ROUTING & set(inputs) and not inputs.get("setIdentifier"):
            faults.append(("setIdentifier", "is required with a routing policy"))
        if bool(inputs.get("aliases")) == bool(inputs.get("records")):
            faults.append(("records", "give records with ttl, or aliases, and not both"))
        return faults

    def create(self, inputs: Properties) -> str:
        self._change("UPSERT" if inputs.get("allowOverwrite") else "CREATE", inputs)
        parts = [inputs["zoneId"], inputs["name"], inputs["type"]]
        if inputs.get("setIdentifier"):
            parts.append(inputs["setIdentifier"])
        return "_".join(parts)

    def _change(self, action: str, inputs: Properties) -> None:
        self.client(inputs).change_resource_record_sets(
            HostedZoneId=inputs["zoneId"],
            ChangeBatch={"Changes": [{"Action": action, "ResourceRecordSet": _record_set(inputs)}]},
        )

    def _shown(self, state: Properties) -> dict[str, Any] | None:
        route53, name = self.client(state), state["name"].rstrip(".").lower() + "."
        pages = route53.get_paginator("list_resource_record_sets")

        def look() -> dict[str, Any] | None:
            for page in pages.paginate(HostedZoneId=state["zoneId"]):
                for record in page["ResourceRecordSets"]:
                    same = record["Name"].lower() == name and record["Type"] == state["type"]
                    if same and record.get("SetIdentifier") == (state.get("setIdentifier") or None):
                        found: dict[str, Any] = record
                        return found
            return None

        found: dict[str, Any] | None = missing_is_none(look, "NoSuchHostedZone")
        return found

    def read(self, identity: str, state: Properties) -> Properties | None:
        if not state.get("name"):
            zone, name, kind, *rest = identity.split("_")
            state = {"zoneId": zone, "name": name, "type": kind, **({"setIdentifier": rest[0]} if rest else {})}
        shown = self._shown(state)
        if shown is None:
            return None
        real: Properties = {
            "zoneId": state["zoneId"],
            "name": state["name"],
            "type": shown["Type"],
            "fqdn": shown["Name"].rstrip("."),
        }
        if shown.get("SetIdentifier"):
            real["setIdentifier"] = shown["SetIdentifier"]
        if shown.get("HealthCheckId"):
            real["healthCheckId"] = shown["HealthCheckId"]
        if shown.get("Failover"):
            real["failoverRoutingPolicies"] = [{"type": shown["Failover"]}]
        if shown.get("Weight") is not None:
            real["weightedRoutingPolicies"] = [{"weight": shown["Weight"]}]
        target = shown.get("AliasTarget")
        if target:
            declared = (state.get("aliases") or [{}])[0].get("name", "")
            same = declared.rstrip(".").lower() == target["DNSName"].rstrip(".").lower()
            real["aliases"] = [
                {
                    "name": declared if same else target["DNSName"].rstrip("."),
                    "zoneId": target["HostedZoneId"],
                    "evaluateTargetHealth": target["EvaluateTargetHealth"],
                }
            ]
        else:
            real |= {"ttl": shown.get("TTL"), "records": [entry["Value"] for entry in shown["ResourceRecords"]]}
        return real | {name: state[name] for name in self.write_only if state.get(name) is not None}

    def update(self, identity: str, old: Properties, new: Properties, changed: frozenset[str]) -> None:
        if "setIdentifier" in changed:
            self._change("DELETE", old)
        self._change("UPSERT", new)

    def delete(self, identity: str, state: Properties) -> None:
        shown = self._shown(state)
        if shown is not None:
            self.client(state).change_resource_record_sets(
                HostedZoneId=state["zoneId"],
                ChangeBatch={"Changes": [{"Action": "DELETE", "ResourceRecordSet": shown}]},
            )


def _record_set(inputs: Properties) -> dict[str, Any]:
    record: dict[str, Any] = {"Name": inputs["name"], "Type": inputs["type"]}
    if inputs.get("setIdentifier"):
        record["SetIdentifier"] = inputs["setIdentifier"]
    if inputs.get("healthCheckId"):
        record["HealthCheckId"] = inputs["healthCheckId"]
    if inputs.get("failoverRoutingPolicies"):
        record["Failover"] = inputs["failoverRoutingPolicies"][0]["type"]
    if inputs.get("weightedRoutingPolicies"):
        record["Weight"] = inputs["weightedRoutingPolicies"][0]["weight"]
    if inputs.get("aliases"):
        alias = inputs["aliases"][0]
        record["AliasTarget"] = {
            "DNSName": alias["name"],
            "HostedZoneId": alias["zoneId"],
            "EvaluateTargetHealth": bool(alias["evaluateTargetHealth"]),
        }
        return record
    if inputs.get("ttl") is None:
        raise Refused("a record without aliases needs ttl")
    record["TTL"] = inputs["ttl"]
    record["ResourceRecords"] = [{"Value": value} for value in inputs["records"]]
    return record


RESOURCES = (Zone, HealthCheck, Record)

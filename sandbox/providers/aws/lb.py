"""Load balancers, their target groups and listeners."""

from typing import Any

from sandbox.providers.aws.base import AwsResource, from_api, tag_changes, tag_list, tag_map, tagged, to_api
from sandbox.providers.aws.cloud import missing_is_none
from sandbox.providers.resource import Refused
from sandbox.providers.values import Properties, project


class ElbResource(AwsResource):
    """What the three have in common: an ARN for an id, and tags by it."""

    service = "elbv2"

    def tags(self, identity: str, state: Properties) -> dict[str, str]:
        shown = self.client(state, identity).describe_tags(ResourceArns=[identity])["TagDescriptions"]
        return tag_map(shown[0]["Tags"]) if shown else {}

    def retag(self, identity: str, old: Properties, new: Properties) -> None:
        elb = self.client(new, identity)
        wanted, unwanted = tag_changes(old, new)
        if unwanted:
            elb.remove_tags(ResourceArns=[identity], TagKeys=unwanted)
        if wanted:
            elb.add_tags(ResourceArns=[identity], Tags=tag_list(wanted))


ATTRIBUTES = {
    "enableDeletionProtection": "deletion_protection.enabled",
    "enableCrossZoneLoadBalancing": "load_balancing.cross_zone.enabled",
    "idleTimeout": "idle_timeout.timeout_seconds",
    "dropInvalidHeaderFields": "routing.http.drop_invalid_header_fields.enabled",
    "enableHttp2": "routing.http2.enabled",
    "enableZonalShift": "zonal_shift.config.enabled",
}


class LoadBalancer(ElbResource):
    """aws.lb.LoadBalancer"""

    type_name = "aws:lb/loadBalancer:LoadBalancer"
    sdk = ("lb", "LoadBalancer")
    name = "name"
    create_only = frozenset({"name", "namePrefix", "internal", "loadBalancerType", "customerOwnedIpv4Pool"})
    computed = (
        *("arn", "arnSuffix", "dnsName", "zoneId", "vpcId", "ipAddressType", "securityGroups", "subnets"),
        *("subnetMappings", "tagsAll"),
    )
    defaults = {"enableDeletionProtection": False, "loadBalancerType": "application", "idleTimeout": 60} | {
        "internal": False, "ipAddressType": "ipv4",
    }  # fmt: skip

    def create(self, inputs: Properties) -> str:
        elb = self.client(inputs)
        groups = {"SecurityGroups": inputs["securityGroups"]} if inputs.get("securityGroups") else {}
        made = elb.create_load_balancer(
            Name=inputs["name"],
            Type=inputs["loadBalancerType"],
            Scheme="internal" if inputs["internal"] else "internet-facing",
            IpAddressType=inputs["ipAddressType"],
            Subnets=inputs.get("subnets") or [],
            **tagged(inputs),
            **groups,
        )["LoadBalancers"][0]
        arn: str = made["LoadBalancerArn"]
        self._attributes(arn, inputs, frozenset(inputs))
        return arn

    def _attributes(self, arn: str, inputs: Properties, changed: frozenset[str]) -> None:
        wanted = [
            {"Key": key, "Value": str(inputs[name]).lower()}
            for name, key in ATTRIBUTES.items()
            if name in changed and inputs.get(name) is not None
        ]
        if wanted:
            self.client(inputs, arn).modify_load_balancer_attributes(LoadBalancerArn=arn, Attributes=wanted)

    def read(self, identity: str, state: Properties) -> Properties | None:
        elb = self.client(state, identity)
        found = missing_is_none(
            lambda: elb.describe_load_balancers(LoadBalancerArns=[identity]), "LoadBalancerNotFound"
        )
        if not found or not found["LoadBalancers"]:
            return None
        shown = found["LoadBalancers"][0]
        live = elb.describe_load_balancer_attributes(LoadBalancerArn=identity)["Attributes"]
        attributes = {attribute["Key"]: attribute["Value"] for attribute in live}
        tags = self.tags(identity, state)
        subnets = [zone["SubnetId"] for zone in shown["AvailabilityZones"]]
        declared = state.get("subnets") or []
        return {
            "region": self.region(state, identity),
            "name": shown["LoadBalancerName"],
            "arn": identity,
            "arnSuffix": identity.rsplit(":loadbalancer/", maxsplit=1)[-1],
            "dnsName": shown["DNSName"],
            "zoneId": shown["CanonicalHostedZoneId"],
            "vpcId": shown["VpcId"],
            "internal": shown["Scheme"] == "internal",
            "loadBalancerType": shown["Type"],
            "ipAddressType": shown.get("IpAddressType", "ipv4"),
            "subnets": declared if sorted(declared) == sorted(subnets) else subnets,
            "securityGroups": shown.get("SecurityGroups", []),
            "tags": tags,
            "tagsAll": tags,
            **{
                name: _typed(attributes[key])
                for name, key in ATTRIBUTES.items()
                if key in attributes and (name in state or name in self.defaults)
            },
            **{name: state[name] for name in ATTRIBUTES if name in state and ATTRIBUTES[name] not in attributes},
        }

    def update(self, identity: str, old: Properties, new: Properties, changed: frozenset[str]) -> None:
        elb = self.client(new, identity)
        self._attributes(identity, new, changed)
        if "securityGroups" in changed:
            elb.set_security_groups(LoadBalancerArn=identity, SecurityGroups=new.get("securityGroups") or [])
        if "subnets" in changed:
            elb.set_subnets(LoadBalancerArn=identity, Subnets=new["subnets"])
        if "tags" in changed:
            self.retag(identity, old, new)

    def delete(self, identity: str, state: Properties) -> None:
        elb = self.client(state, identity)
        missing_is_none(lambda: elb.delete_load_balancer(LoadBalancerArn=identity), "LoadBalancerNotFound")


def _typed(text: str) -> Any:
    return {"true": True, "false": False}.get(text, int(text) if text.isdigit() else text)


HEALTH = {
    "path": "HealthCheckPath",
    "protocol": "HealthCheckProtocol",
    "port": "HealthCheckPort",
    "interval": "HealthCheckIntervalSeconds",
    "timeout": "HealthCheckTimeoutSeconds",
    "healthyThreshold": "HealthyThresholdCount",
    "unhealthyThreshold": "UnhealthyThresholdCount",
    "enabled": "HealthCheckEnabled",
}


class TargetGroup(ElbResource):
    """aws.lb.TargetGroup"""

    type_name = "aws:lb/targetGroup:TargetGroup"
    sdk = ("lb", "TargetGroup")
    name = "name"
    create_only = frozenset({"name", "namePrefix", "port", "protocol", "protocolVersion", "targetType", "vpcId"})
    computed = ("arn", "arnSuffix", "loadBalancerArns", "healthCheck", "protocolVersion", "tagsAll")
    defaults = {"targetType": "instance", "deregistrationDelay": 300}
    write_only = frozenset({"lambdaMultiValueHeadersEnabled", "proxyProtocolV2", "slowStart"})

    def create(self, inputs: Properties) -> str:
        made = self.client(inputs).create_target_group(
            Name=inputs["name"],
            Protocol=inputs["protocol"],
            Port=inputs["port"],
            VpcId=inputs["vpcId"],
            TargetType=inputs["targetType"],
            **tagged(inputs),
            **_health(inputs),
        )["TargetGroups"][0]
        arn: str = made["TargetGroupArn"]
        self._delay(arn, inputs)
        return arn

    def _delay(self, arn: str, inputs: Properties) -> None:
        delay = {"Key": "deregistration_delay.timeout_seconds", "Value": str(inputs["deregistrationDelay"])}
        self.client(inputs, arn).modify_target_group_attributes(TargetGroupArn=arn, Attributes=[delay])

    def read(self, identity: str, state: Properties) -> Properties | None:
        elb = self.client(state, identity)
        found = missing_is_none(lambda: elb.describe_target_groups(TargetGroupArns=[identity]), "TargetGroupNotFound")
        if not found or not found["TargetGroups"]:
            return None
        shown = found["TargetGroups"][0]
        attributes = {
            attribute["Key"]: attribute["Value"]
            for attribute in elb.describe_target_group_attributes(TargetGroupArn=identity)["Attributes"]
        }
        tags = self.tags(identity, state)
        health = {name: shown[api] for name, api in HEALTH.items() if api in shown}
        health["matcher"] = (shown.get("Matcher") or {}).get("HttpCode")
        return {
            "region": self.region(state, identity),
            "name": shown["TargetGroupName"],
            "arn": identity,
            "arnSuffix": identity.rsplit(":", 1)[-1],
            "port": shown["Port"],
            "protocol": shown["Protocol"],
            "vpcId": shown["VpcId"],
            "targetType": shown["TargetType"],
            "deregistrationDelay": int(attributes["deregistration_delay.timeout_seconds"]),
            "healthCheck": {key: value for key, value in health.items() if value is not None},
            "loadBalancerArns": shown.get("LoadBalancerArns", []),
            "tags": tags,
            "tagsAll": tags,
            **{name: state[name] for name in self.write_only if state.get(name) is not None},
        }

    def update(self, identity: str, old: Properties, new: Properties, changed: frozenset[str]) -> None:
        if "healthCheck" in changed:
            self.client(new, identity).modify_target_group(TargetGroupArn=identity, **_health(new))
        if "deregistrationDelay" in changed:
            self._delay(identity, new)
        if "tags" in changed:
            self.retag(identity, old, new)

    def delete(self, identity: str, state: Properties) -> None:
        elb = self.client(state, identity)
        missing_is_none(lambda: elb.delete_target_group(TargetGroupArn=identity), "TargetGroupNotFound")


def _health(inputs: Properties) -> dict[str, Any]:
    declared = inputs.get("healthCheck") or {}
    wanted = {api: declared[name] for name, api in HEALTH.items() if declared.get(name) is not None}
    if declared.get("matcher"):
        wanted["Matcher"] = {"HttpCode": declared["matcher"]}
    return wanted


class Listener(ElbResource):
    """aws.lb.Listener"""

    type_name = "aws:lb/listener:Listener"
    sdk = ("lb", "Listener")
    create_only = frozenset({"loadBalancerArn"})
    computed = ("arn", "sslPolicy", "tagsAll")

    def create(self, inputs: Properties) -> str:
        made = self.client(inputs).create_listener(
            LoadBalancerArn=inputs["loadBalancerArn"], **tagged(inputs), **_listener(inputs)
        )
        return str(made["Listeners"][0]["ListenerArn"])

    def read(self, identity: str, state: Properties) -> Properties | None:
        elb = self.client(state, identity)
        found = missing_is_none(lambda: elb.describe_listeners(ListenerArns=[identity]), "ListenerNotFound")
        if not found or not found["Listeners"]:
            return None
        shown = found["Listeners"][0]
        tags = self.tags(identity, state)
        real, declared = _actions(shown["DefaultActions"]), state.get("defaultActions") or []
        certificates = shown.get("Certificates") or []
        return {
            "region": self.region(state, identity),
            "arn": identity,
            "loadBalancerArn": shown["LoadBalancerArn"],
            "port": shown["Port"],
            "protocol": shown["Protocol"],
            **({"sslPolicy": shown["SslPolicy"]} if shown.get("SslPolicy") else {}),
            **({"certificateArn": certificates[0]["CertificateArn"]} if certificates else {}),
            "defaultActions": project(declared, real) if len(declared) == len(real) else real,
            "tags": tags,
            "tagsAll": tags,
        }

    def update(self, identity: str, old: Properties, new: Properties, changed: frozenset[str]) -> None:
        if changed - {"tags"}:
            self.client(new, identity).modify_listener(ListenerArn=identity, **_listener(new))
        if "tags" in changed:
            self.retag(identity, old, new)

    def delete(self, identity: str, state: Properties) -> None:
        elb = self.client(state, identity)
        missing_is_none(lambda: elb.delete_listener(ListenerArn=identity), "ListenerNotFound")


def _listener(inputs: Properties) -> dict[str, Any]:
    certificate = (
        {"Certificates": [{"CertificateArn": inputs["certificateArn"]}]} if inputs.get("certificateArn") else {}
    )
    policy = {"SslPolicy": inputs["sslPolicy"]} if inputs.get("sslPolicy") else {}
    return {
        "Port": inputs["port"],
        "Protocol": inputs.get("protocol") or "HTTP",
        "DefaultActions": to_api(inputs["defaultActions"], ACTIONS),
        **certificate,
        **policy,
    }


ACTIONS = {"redirect": "RedirectConfig", "fixedResponse": "FixedResponseConfig", "forward": "ForwardConfig"}
CONDITIONS = {"hostHeader": ("host-header", "HostHeaderConfig"), "pathPattern": ("path-pattern", "PathPatternConfig")}
"""The API's names of what the provider calls otherwise."""


def _actions(shown: list[Any]) -> list[Any]:
    return [from_api(action, ACTIONS) for action in shown]


class ListenerRule(ElbResource):
    """aws.lb.ListenerRule"""

    type_name = "aws:lb/listenerRule:ListenerRule"
    sdk = ("lb", "ListenerRule")
    create_only = frozenset({"listenerArn"})
    computed = ("arn", "tagsAll")

    def create(self, inputs: Properties) -> str:
        made = self.client(inputs).create_rule(
            ListenerArn=inputs["listenerArn"], Priority=int(inputs["priority"]), **tagged(inputs), **_rule(inputs)
        )
        return str(made["Rules"][0]["RuleArn"])

    def read(self, identity: str, state: Properties) -> Properties | None:
        elb = self.client(state, identity)
        found = missing_is_none(lambda: elb.describe_rules(RuleArns=[identity]), "RuleNotFound", "ListenerNotFound")
        if not found or not found["Rules"]:
            return None
        shown = found["Rules"][0]
        tags = self.tags(identity, state)
        actions, conditions = _actions(shown["Actions"]), [_condition(each) for each in shown["Conditions"]]
        declared = state.get("actions") or []
        return {
            "region": self.region(state, identity),
            "arn": identity,
            "listenerArn": state.get("listenerArn")
            or identity.replace(":listener-rule/", ":listener/").rpartition("/")[0],
            "priority": int(shown["Priority"]),
            "actions": project(declared, actions) if len(declared) == len(actions) else actions,
            "conditions": conditions,
            "tags": tags,
            "tagsAll": tags,
        }

    def update(self, identity: str, old: Properties, new: Properties, changed: frozenset[str]) -> None:
        elb = self.client(new, identity)
        if "priority" in changed:
            elb.set_rule_priorities(RulePriorities=[{"RuleArn": identity, "Priority": int(new["priority"])}])
        if changed & {"actions", "conditions"}:
            elb.modify_rule(RuleArn=identity, **_rule(new))
        if "tags" in changed:
            self.retag(identity, old, new)

    def delete(self, identity: str, state: Properties) -> None:
        elb = self.client(state, identity)
        missing_is_none(lambda: elb.delete_rule(RuleArn=identity), "RuleNotFound", "ListenerNotFound")


def _rule(inputs: Properties) -> dict[str, Any]:
    conditions = []
    for declared in inputs["conditions"]:
        for name, config in declared.items():
            if config is None:
                continue
            if name not in CONDITIONS:
                raise Refused(f"listener rules: the sandbox knows no condition on {name}")
            field, key = CONDITIONS[name]
            conditions.append({"Field": field, key: {"Values": list(config["values"])}})
    return {"Actions": to_api(inputs["actions"], ACTIONS), "Conditions": conditions}


def _condition(shown: dict[str, Any]) -> dict[str, Any]:
    for name, (field, key) in CONDITIONS.items():
        if shown["Field"] == field:
            return {name: {"values": (shown.get(key) or {}).get("Values") or shown.get("Values") or []}}
    return {shown["Field"]: {}}


RESOURCES = (LoadBalancer, TargetGroup, Listener, ListenerRule)

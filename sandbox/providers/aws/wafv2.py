"""Firewalls: sets of addresses, the rules that keep them out, and what they stand before. Regional ones alone."""

from typing import Any

from sandbox.providers.aws.base import AwsResource, from_api, tag_changes, tag_list, tag_map, tagged, to_api
from sandbox.providers.aws.cloud import missing_is_none
from sandbox.providers.values import Properties

MISSING = "WAFNonexistentItemException"
SPELLINGS = {
    "arn": "ARN",
    "ipSetReferenceStatement": "IPSetReferenceStatement",
    "cloudwatchMetricsEnabled": "CloudWatchMetricsEnabled",
}


class FirewallPart(AwsResource):
    """What a set and a web ACL have in common: an id, a lock token, and tags by the ARN."""

    service = "wafv2"
    name = "name"

    def check(self, inputs: Properties, old: Properties) -> list[tuple[str, str]]:
        faults = super().check(inputs, old)
        if inputs.get("scope") not in (None, "REGIONAL"):
            faults.append(("scope", "the sandbox has firewalls of regions only: REGIONAL"))
        return faults

    def shown(self, identity: str, state: Properties) -> Properties | None:
        """As the cloud has it, its lock token within."""
        raise NotImplementedError

    def named(self, identity: str, state: Properties) -> Properties:
        """How a call names it."""
        return {"Name": state["name"], "Scope": "REGIONAL", "Id": identity}

    def tags(self, arn: str, state: Properties) -> dict[str, str]:
        listed = self.client(state).list_tags_for_resource(ResourceARN=arn)
        return tag_map(listed["TagInfoForResource"]["TagList"])

    def retag(self, arn: str, old: Properties, new: Properties) -> None:
        wanted, unwanted = tag_changes(old, new)
        if unwanted:
            self.client(new).untag_resource(ResourceARN=arn, TagKeys=unwanted)
        if wanted:
            self.client(new).tag_resource(ResourceARN=arn, Tags=tag_list(wanted))


class IpSet(FirewallPart):
    """aws.wafv2.IpSet"""

    type_name = "aws:wafv2/ipSet:IpSet"
    sdk = ("wafv2", "IpSet")
    create_only = frozenset({"name", "namePrefix", "scope", "ipAddressVersion"})
    computed = ("arn", "lockToken", "tagsAll")

    def create(self, inputs: Properties) -> str:
        made = self.client(inputs).create_ip_set(
            Name=inputs["name"],
            Scope=inputs["scope"],
            IPAddressVersion=inputs["ipAddressVersion"],
            Addresses=inputs.get("addresses") or [],
            **_described(inputs),
            **tagged(inputs),
        )
        return str(made["Summary"]["Id"])

    def shown(self, identity: str, state: Properties) -> Properties | None:
        waf = self.client(state)
        found = missing_is_none(lambda: waf.get_ip_set(**self.named(identity, state)), MISSING)
        return None if found is None else {**found["IPSet"], "LockToken": found["LockToken"]}

    def read(self, identity: str, state: Properties) -> Properties | None:
        found = self.shown(identity, state)
        if found is None:
            return None
        tags, declared = self.tags(found["ARN"], state), state.get("addresses") or []
        same = sorted(declared) == sorted(found["Addresses"])
        return {
            "region": self.region(state, identity),
            "name": found["Name"],
            "scope": "REGIONAL",
            "ipAddressVersion": found["IPAddressVersion"],
            "addresses": declared if same else found["Addresses"],
            "description": found.get("Description", ""),
            "arn": found["ARN"],
            "lockToken": found["LockToken"],
            "tags": tags,
            "tagsAll": tags,
        }

    def update(self, identity: str, old: Properties, new: Properties, changed: frozenset[str]) -> None:
        found = self.shown(identity, new) or {}
        if changed & {"addresses", "description"}:
            self.client(new).update_ip_set(
                **self.named(identity, new),
                Addresses=new.get("addresses") or [],
                LockToken=found["LockToken"],
                **_described(new),
            )
        if "tags" in changed:
            self.retag(found["ARN"], old, new)

    def delete(self, identity: str, state: Properties) -> None:
        found = self.shown(identity, state)
        if found is not None:
            self.client(state).delete_ip_set(**self.named(identity, state), LockToken=found["LockToken"])


class WebAcl(FirewallPart):
    """aws.wafv2.WebAcl"""

    type_name = "aws:wafv2/webAcl:WebAcl"
    sdk = ("wafv2", "WebAcl")
    create_only = frozenset({"name", "namePrefix", "scope"})
    computed = ("arn", "capacity", "lockToken", "applicationIntegrationUrl", "tagsAll")

    def create(self, inputs: Properties) -> str:
        made = self.client(inputs).create_web_acl(
            Name=inputs["name"], Scope=inputs["scope"], **_ruled(inputs), **_described(inputs), **tagged(inputs)
        )
        return str(made["Summary"]["Id"])

    def shown(self, identity: str, state: Properties) -> Properties | None:
        waf = self.client(state)
        found = missing_is_none(lambda: waf.get_web_acl(**self.named(identity, state)), MISSING)
        return None if found is None else {**found["WebACL"], "LockToken": found["LockToken"]}

    def read(self, identity: str, state: Properties) -> Properties | None:
        found = self.shown(identity, state)
        if found is None:
            return None
        tags = self.tags(found["ARN"], state)
        real = {
            "rules": found.get("Rules") or [],
            "defaultAction": found["DefaultAction"],
            "visibilityConfig": found["VisibilityConfig"],
        }
        return {
            "region": self.region(state, identity),
            "name": found["Name"],
            "scope": "REGIONAL",
            "description": found.get("Description") or "",
            "arn": found["ARN"],
            "capacity": found.get("Capacity", 0),
            "lockToken": found["LockToken"],
            "tags": tags,
            "tagsAll": tags,
            **{name: _as_declared(state.get(name), value) for name, value in real.items()},
        }

    def update(self, identity: str, old: Properties, new: Properties, changed: frozenset[str]) -> None:
        found = self.shown(identity, new) or {}
        if changed - {"tags"}:
            self.client(new).update_web_acl(
                **self.named(identity, new), **_ruled(new), **_described(new), LockToken=found["LockToken"]
            )
        if "tags" in changed:
            self.retag(found["ARN"], old, new)

    def delete(self, identity: str, state: Properties) -> None:
        found = self.shown(identity, state)
        if found is not None:
            self.client(state).delete_web_acl(**self.named(identity, state), LockToken=found["LockToken"])


class WebAclAssociation(AwsResource):
    """aws.wafv2.WebAclAssociation: its id is `web ACL,resource`, both ARNs."""

    type_name = "aws:wafv2/webAclAssociation:WebAclAssociation"
    sdk = ("wafv2", "WebAclAssociation")
    service = "wafv2"
    create_only = frozenset({"resourceArn", "webAclArn"})

    def create(self, inputs: Properties) -> str:
        both = {"WebACLArn": inputs["webAclArn"], "ResourceArn": inputs["resourceArn"]}
        self.client(inputs).associate_web_acl(**both)
        return f"{inputs['webAclArn']},{inputs['resourceArn']}"

    def read(self, identity: str, state: Properties) -> Properties | None:
        acl, resource = identity.split(",")
        waf = self.client(state, identity)
        found = missing_is_none(lambda: waf.get_web_acl_for_resource(ResourceArn=resource), MISSING)
        if not found or not found.get("WebACL") or found["WebACL"]["ARN"] != acl:
            return None
        return {"region": self.region(state, identity), "webAclArn": acl, "resourceArn": resource}

    def delete(self, identity: str, state: Properties) -> None:
        waf, resource = self.client(state, identity), identity.split(",")[1]
        missing_is_none(lambda: waf.disassociate_web_acl(ResourceArn=resource), MISSING)


def _described(inputs: Properties) -> dict[str, Any]:
    return {"Description": inputs["description"]} if inputs.get("description") else {}


def _ruled(inputs: Properties) -> dict[str, Any]:
    return {
        "DefaultAction": to_api(inputs["defaultAction"], SPELLINGS),
        "Rules": to_api(inputs.get("rules") or [], SPELLINGS),
        "VisibilityConfig": to_api(inputs["visibilityConfig"], SPELLINGS),
    }


def _as_declared(declared: Any, real: Any) -> Any:
    """What was declared if it says what is real, else what is real."""
    return declared if to_api(declared, SPELLINGS) == real else from_api(real, SPELLINGS)


RESOURCES = (IpSet, WebAcl, WebAclAssociation)

"""
Front Door (Standard and Premium): profiles with endpoints, routes, groups of origins, names, certificates and a web
firewall. What is said here is known at the places of Front Door some minutes later (`spreading.py`).

What the web firewall would block is let through: a world has no attacks.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from sandbox.clouds.azure.errors import ArmError, not_done
from sandbox.clouds.azure.ids import parse
from sandbox.clouds.azure.kind import Body, Kind, Record
from sandbox.clouds.azure.kinds.identity import identities_of
from sandbox.clouds.azure.spreading import (
    DOMAINS,
    ENDPOINTS,
    GROUPS,
    ORIGINS,
    PROFILES,
    ROUTES,
    Spreading,
    enabled,
    front_door_id,
    host_of,
    is_proven,
    token_of,
)
from sandbox.clouds.azure.tokens import Claims

VERSIONS = ("2023-05-01", "2024-02-01", "2024-09-01", "2025-04-15", "2025-06-01", "2026-10-01")
TIERS = ("Standard_AzureFrontDoor", "Premium_AzureFrontDoor")
FIREWALLS = "Microsoft.Network/frontDoorWebApplicationFirewallPolicies"
READ_SECRET = "Microsoft.KeyVault/vaults/secrets/getSecret/action"  # noqa: S105 - the name of an action
LAST_ORIGIN = (
    "Cannot disable or delete the last origin when the origin group is still associated with a route or a rule. Please "
    "disassociate the origin group and try again."
)


def refused(message: str) -> ArmError:
    return ArmError(400, "BadRequest", message)


def in_use(message: str) -> ArmError:
    return ArmError(409, "Conflict", message)


class _Part(Kind):
    """Something of a profile: every change of it is spread, and none is made while what is global is frozen."""

    versions = VERSIONS
    is_global = True
    is_long = True

    def profile(self, record: Record) -> Record:
        identity = record.id
        while identity.type.lower() != PROFILES.lower():
            identity = parse(identity.parent or "")
        found = self.store.find(identity)
        if found is None:
            raise ArmError(404, "ParentResourceNotFound", f"The profile {identity.name} was not found.")
        return found

    def settle(self, record: Record, old: Record | None) -> None:
        self.world.context.one(Spreading).changed(self, self.profile(record))

    def remove(self, record: Record) -> None:
        self.store.forget(record.id)
        self.world.context.one(Spreading).changed(self, self.profile(record))

    def shown(self, record: Record) -> Body:
        return {**super().shown(record), "deploymentStatus": "NotStarted"}

    def routes(self, profile: Record) -> Iterable[Record]:
        return [each for each in self.store.below(profile.id.text) if each.id.type.lower() == ROUTES.lower()]

    def referred(self, given: Any, kind: str) -> Record:
        found = self.store.find(str((given or {}).get("id") or ""))
        if found is None or found.id.type.lower() != kind.lower():
            raise refused(f"The resource {(given or {}).get('id')} was not found, or is no {kind}.")
        return found


class Profile(Kind):
    type = PROFILES
    versions = VERSIONS
    is_global = True
    is_long = True

    def check(self, new: Record, old: Record | None) -> None:
        tier = str((new.body.get("sku") or {}).get("name"))
        if tier not in TIERS:
            raise not_done(f"the sku {tier} of a profile")
        if old is not None and (old.body.get("sku") or {}).get("name") == TIERS[1] and tier == TIERS[0]:
            raise refused("A profile cannot be downgraded from Premium to Standard.")

    def shown(self, record: Record) -> Body:
        return {**super().shown(record), "frontDoorId": front_door_id(record), "resourceState": "Active"}


class Endpoint(_Part):
    type = ENDPOINTS
    defaults = {"properties.enabledState": "Enabled"}

    def remove(self, record: Record) -> None:
        self.world.context.one(Spreading).gone(record)

    def shown(self, record: Record) -> Body:
        return {**super().shown(record), "hostName": host_of(record)}


class OriginGroup(_Part):
    """A PUT without healthProbeSettings takes the probes away."""

    type = GROUPS
    defaults = {"properties.sessionAffinityState": "Enabled"}

    def check(self, new: Record, old: Record | None) -> None:
        judged = new.properties.get("loadBalancingSettings") or {}
        sample, needed = int(judged.get("sampleSize") or 4), int(judged.get("successfulSamplesRequired") or 3)
        if not 0 < needed <= sample <= 255:
            raise refused("successfulSamplesRequired has to be between 1 and sampleSize, and sampleSize 255 at most.")
        new.properties["loadBalancingSettings"] = {
            **judged, "sampleSize": sample, "successfulSamplesRequired": needed,
        }  # fmt: skip
        probe = new.properties.get("healthProbeSettings")
        if probe and not 1 <= int(probe.get("probeIntervalInSeconds") or 240) <= 255:
            raise refused("probeIntervalInSeconds has to be between 1 and 255.")

    def check_gone(self, record: Record) -> None:
        if _led_to(self, record):
            raise in_use("The origin group is still associated with a route.")


class Origin(_Part):
    """The last one that is enabled stays so while a route leads to its group (azurerm issue 27652)."""

    type = ORIGINS
    defaults = {
        "properties.enabledState": "Enabled", "properties.priority": 1, "properties.weight": 1000,
        "properties.httpPort": 80, "properties.httpsPort": 443, "properties.enforceCertificateNameCheck": True,
    }  # fmt: skip

    def check(self, new: Record, old: Record | None) -> None:
        given = new.properties
        if not given.get("hostName"):
            raise refused("The property 'hostName' of an origin is required.")
        if not 1 <= int(given["priority"]) <= 5 or not 1 <= int(given["weight"]) <= 1000:
            raise refused("priority has to be between 1 and 5, and weight between 1 and 1000.")
        if not enabled(new):
            self._check_last(new)

    def check_gone(self, record: Record) -> None:
        self._check_last(record)

    def _check_last(self, record: Record) -> None:
        group = self.store.find(record.id.parent or "")
        if group is None or not _led_to(self, group):
            return
        others = [each for each in self.store.children(group, ORIGINS) if each.id.key != record.id.key]
        if not any(enabled(each) for each in others):
            raise in_use(LAST_ORIGIN)


class Route(_Part):
    type = ROUTES
    defaults = {"properties.enabledState": "Enabled", "properties.linkToDefaultDomain": "Disabled"}

    def check(self, new: Record, old: Record | None) -> None:
        given = new.properties
        if list(given.get("patternsToMatch") or ()) != ["/*"]:
            raise not_done("routes of Front Door that match less than /*")
        if given.get("ruleSets") or given.get("cacheConfiguration"):
            raise not_done("rule sets and caches of Front Door")
        group = self.referred(given.get("originGroup"), GROUPS)
        if not any(enabled(each) for each in self.store.children(group, ORIGINS)):
            raise refused("Endpoint pools must contain at least one enabled endpoint.")
        domains = [self.referred(each, DOMAINS) for each in given.get("customDomains") or ()]
        for other in self.store.of_type(ROUTES):
            taken = {str(each["id"]).lower() for each in other.properties.get("customDomains") or ()}
            if other.id.parent != new.id.parent and taken & {each.id.key for each in domains}:
                raise in_use("A custom domain cannot be associated with two endpoints.")
        beside = self.store.children(self.store.find(new.id.parent or "") or new, ROUTES)
        if any(each.id.key != new.id.key for each in beside):
            raise not_done("more than one route of an endpoint")


class CustomDomain(_Part):
    """A name of one's own: served once a TXT record beside it has shown that it is."""

    type = DOMAINS
    create_only = ("properties.hostName",)

    def check(self, new: Record, old: Record | None) -> None:
        host = str(new.properties.get("hostName") or "").lower()
        for other in self.store.of_type(self.type):
            if other.id.key != new.id.key and str(other.properties["hostName"]).lower() == host:
                raise in_use(f"The custom domain {host} is already used by another profile.")
        tls = new.properties.get("tlsSettings") or {}
        if tls.get("certificateType") != "CustomerCertificate":
            raise not_done("a custom domain whose certificate Front Door manages")
        self.referred(tls.get("secret"), Secret.type)

    def check_gone(self, record: Record) -> None:
        for route in self.routes(self.profile(record)):
            if record.id.key in {str(each["id"]).lower() for each in route.properties.get("customDomains") or ()}:
                raise in_use(f"The custom domain is still associated with the route {route.id.name}.")

    def shown(self, record: Record) -> Body:
        state = "Approved" if is_proven(self, record) else "Pending"
        proof = {"validationToken": token_of(record), "expirationDate": "2099-01-01T00:00:00Z"}
        return {**super().shown(record), "domainValidationState": state, "validationProperties": proof}


class Secret(_Part):
    """A certificate in Key Vault, which the profile reads as the identity that it was given."""

    type = f"{PROFILES}/secrets"

    def check(self, new: Record, old: Record | None) -> None:
        given = new.properties.get("parameters") or {}
        if given.get("type") != "CustomerCertificate":
            raise not_done(f"secrets of Front Door of the type {given.get('type')}")
        source = self.referred(given.get("secretSource"), "Microsoft.KeyVault/vaults/secrets")
        identities = [self.store.find(each) for each in identities_of(self.profile(new))]
        if not any(each is not None and self._reads(each, source) for each in identities):
            raise refused(f"Front Door does not have permission to access the Key Vault secret {source.id.text}.")

    def _reads(self, identity: Record, source: Record) -> bool:
        who = Claims(identity.held["principalId"], identity.held["clientId"], "")
        return self.world.may(who, READ_SECRET, source.id.text, data=True)

    def check_gone(self, record: Record) -> None:
        for domain in self.store.children(self.profile(record), DOMAINS):
            tls = domain.properties.get("tlsSettings") or {}
            if str((tls.get("secret") or {}).get("id")).lower() == record.id.key:
                raise in_use(f"The secret is still used by the custom domain {domain.id.name}.")


class SecurityPolicy(_Part):
    type = f"{PROFILES}/securityPolicies"

    def check(self, new: Record, old: Record | None) -> None:
        given = new.properties.get("parameters") or {}
        policy = self.referred(given.get("wafPolicy"), FIREWALLS)
        if (policy.body.get("sku") or {}).get("name") != (self.profile(new).body.get("sku") or {}).get("name"):
            raise refused("The web application firewall policy has another sku than the profile.")
        for each in given.get("associations") or ():
            for domain in each.get("domains") or ():
                if self.store.find(str(domain.get("id"))) is None:
                    raise refused(f"The domain {domain.get('id')} was not found.")


class FirewallPolicy(Kind):
    type = FIREWALLS
    versions = ("2022-05-01", "2024-02-01", "2025-03-01", "2025-10-01", "2025-11-01")
    is_global = True
    is_long = True

    def check(self, new: Record, old: Record | None) -> None:
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9]{0,127}", new.id.name):
            raise refused(f"The name {new.id.name} is not valid: letters and digits alone, a letter first.")
        sets = (new.properties.get("managedRules") or {}).get("managedRuleSets") or ()
        if sets and (new.body.get("sku") or {}).get("name") != TIERS[1]:
            raise refused("Managed rule sets are only supported with Premium_AzureFrontDoor.")

    def check_gone(self, record: Record) -> None:
        for each in self.store.of_type(SecurityPolicy.type):
            if str((each.properties["parameters"].get("wafPolicy") or {}).get("id")).lower() == record.id.key:
                raise in_use("The policy is still associated with a security policy.")

    def shown(self, record: Record) -> Body:
        return {**super().shown(record), "resourceState": "Enabled"}


def _led_to(kind: Kind, group: Record) -> bool:
    return any(
        str((each.properties.get("originGroup") or {}).get("id")).lower() == group.id.key
        for each in kind.store.of_type(ROUTES)
    )


KINDS = (
    Profile, Endpoint, OriginGroup, Origin, Route, CustomDomain, Secret, SecurityPolicy, FirewallPolicy,
)  # fmt: skip

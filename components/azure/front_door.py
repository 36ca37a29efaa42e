"""
Front Door before all sites: chooses among their apps by what each answers of its claim, and is edited in no failover.

Each app is an origin that counts as healthy only while it says that its site is to get the traffic. The last site of
the plan that does is sent everything, because it has the first priority; the first site says so always and has the last
one. Changes of the profile take minutes to arrive everywhere, and an outage may stop them for days.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_azure_native as azure_native

from components.azure.identity import Identity, IdentityArgs
from model import names
from model.clouds import azure

if TYPE_CHECKING:
    from model import Plan
    from model.traffic import GlobalFrontDoor

TIERS = {"standard": "Standard_AzureFrontDoor", "premium": "Premium_AzureFrontDoor"}
RULE_SETS = (("Microsoft_DefaultRuleSet", "2.1", "Block"), ("Microsoft_BotManagerRuleSet", "1.1", None))
"""What the web firewall blocks by, with its version and what becomes of a request; None: each rule says it itself."""
SECRETS = "/secrets/"


@dataclass(frozen=True)
class FrontDoorArgs:
    """
    `apps` are the host names of the sites' apps, in the order of the plan. `certificate` is the ID of the secret in
    Key Vault that the certificate for the plan's record is kept as.
    """

    plan: "Plan"
    door: "GlobalFrontDoor"
    group: str
    apps: Mapping[str, str]
    certificate: str | None


class FrontDoor(pulumi.ComponentResource):
    """
    Gives `host`, the name under which it is found. Raises pulumi.RunError without a certificate: one that Front Door
    manages itself is renewed only while the record leads straight to it.
    """

    def __init__(self, name: str, args: FrontDoorArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("dr:azure:FrontDoor", name, None, opts)
        if not args.certificate:
            raise pulumi.RunError(
                "config dr:certificateArn: there is none, and the plan has a global front door: give the ID of the "
                "secret in Key Vault that holds the certificate of the plan's record with `pulumi config set "
                f"dr:certificateArn --stack {args.plan.traffic.stack}`"
            )
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        self._profile = self._made_profile(args.certificate)
        self._of = {"resource_group_name": args.group, "profile_name": self._profile.name}
        endpoint = azure_native.cdn.AFDEndpoint(
            f"{name}-endpoint",
            **self._of,
            location="global",
            endpoint_name=azure.profile(args.plan),
            enabled_state="Enabled",
            opts=self._child,
        )
        domain = self._domain(args.certificate)
        group, origins = self._origins()
        route = azure_native.cdn.Route(
            f"{name}-route",
            **self._of,
            endpoint_name=endpoint.name,
            route_name="all",
            origin_group={"id": group.id},
            custom_domains=[{"id": domain.id}],
            patterns_to_match=["/*"],
            supported_protocols=["Http", "Https"],
            https_redirect="Enabled",
            forwarding_protocol="HttpsOnly",
            link_to_default_domain="Enabled",  # the switch asks it by this name
            enabled_state="Enabled",
            opts=pulumi.ResourceOptions(parent=self, depends_on=origins),
        )
        if args.door.tier == "premium":
            self._firewall([endpoint, domain], route)
        self.domain = args.plan.traffic.record
        self.token: pulumi.Output[str] = domain.validation_properties.apply(lambda it: str(it.validation_token))
        self.host: pulumi.Output[str] = endpoint.host_name
        self.register_outputs({"host": self.host})

    def _made_profile(self, certificate: str) -> azure_native.cdn.Profile:
        plan, group = self._args.plan, self._args.group
        witness = plan.site(plan.fencing.witness)
        vault = certificate.partition(SECRETS)[0]
        identity = Identity(
            f"{self._name}-acts-as",
            IdentityArgs(
                *(witness.account, witness.region, group, f"{azure.profile(plan)}-front-door"),
                {vault: "Key Vault Secrets User"},
            ),
            self._child,
        )
        return azure_native.cdn.Profile(
            f"{self._name}-profile",
            resource_group_name=group,
            location="global",
            profile_name=azure.profile(plan),
            sku={"name": TIERS[self._args.door.tier]},
            identity={"type": "UserAssigned", "user_assigned_identities": [identity.id]},
            opts=self._child,
        )

    def _domain(self, certificate: str) -> azure_native.cdn.AFDCustomDomain:
        secret = azure_native.cdn.Secret(
            f"{self._name}-certificate",
            **self._of,
            secret_name="of-the-record",  # noqa: S106 - the name of a resource
            parameters={
                "type": "CustomerCertificate",
                "secret_source": {"id": certificate},
                "use_latest_version": True,
            },
            opts=self._child,
        )
        return azure_native.cdn.AFDCustomDomain(
            f"{self._name}-domain",
            **self._of,
            custom_domain_name=self._args.plan.traffic.record.replace(".", "-"),
            host_name=self._args.plan.traffic.record,
            tls_settings={
                "certificate_type": "CustomerCertificate",
                "minimum_tls_version": "TLS12",
                "secret": {"id": secret.id},
            },
            opts=self._child,
        )

    def _origins(self) -> tuple[azure_native.cdn.AFDOriginGroup, list[pulumi.Resource]]:
        """One good answer is enough, as at Traffic Manager; as many bad ones as the plan says are not."""
        traffic = self._args.plan.traffic
        group = azure_native.cdn.AFDOriginGroup(
            f"{self._name}-sites",
            **self._of,
            origin_group_name="sites",
            health_probe_settings={
                "probe_path": names.TRAFFIC_PATH,
                "probe_protocol": "Https",
                "probe_request_type": "GET",
                "probe_interval_in_seconds": int(traffic.health.interval.total_seconds()),
            },
            load_balancing_settings={
                "sample_size": traffic.health.failures,
                "successful_samples_required": 1,
                "additional_latency_in_milliseconds": 0,
            },
            session_affinity_state="Disabled",
            opts=self._child,
        )
        origins: list[pulumi.Resource] = [
            azure_native.cdn.AFDOrigin(
                f"{self._name}-{site}",
                **self._of,
                origin_group_name=group.name,
                origin_name=site,
                host_name=host,
                # The name that clients ask for, which each app is bound to beforehand.
                origin_host_header=traffic.record,
                http_port=80,
                https_port=443,
                priority=priority,
                weight=1000,
                enforce_certificate_name_check=True,
                enabled_state="Enabled",
                opts=self._child,
            )
            for priority, (site, host) in enumerate(reversed(list(self._args.apps.items())), start=1)
        ]
        return group, origins

    def _firewall(self, domains: list[Any], route: azure_native.cdn.Route) -> None:
        sku = {"name": TIERS[self._args.door.tier]}
        policy = azure_native.frontdoor.Policy(
            f"{self._name}-firewall",
            resource_group_name=self._args.group,
            location="Global",
            policy_name=azure.firewall(self._args.plan),
            sku=sku,
            policy_settings={"enabled_state": "Enabled", "mode": "Prevention"},
            managed_rules={
                "managed_rule_sets": [
                    {"rule_set_type": kind, "rule_set_version": version}
                    | ({"rule_set_action": action} if action else {})
                    for kind, version, action in RULE_SETS
                ]
            },
            opts=self._child,
        )
        azure_native.cdn.SecurityPolicy(
            f"{self._name}-firewall-of",
            **self._of,
            security_policy_name="firewall",
            parameters={
                "type": "WebApplicationFirewall",
                "waf_policy": {"id": policy.id},
                "associations": [{"domains": [{"id": each.id} for each in domains], "patterns_to_match": ["/*"]}],
            },
            opts=pulumi.ResourceOptions(parent=self, depends_on=[route]),
        )

"""
What a site stands on in Azure: its resource group, its network, its recovery account, the vault of its logins, the log
of who did what to its vaults, and whom alarms tell.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi
import pulumi_azure_native as azure_native

from components.azure import addresses
from components.azure.alarms import Alarms
from components.azure.audit_log import AuditLog, AuditLogArgs
from components.azure.network import Network, NetworkArgs
from components.azure.recovery_account import RecoveryAccount, RecoveryAccountArgs
from components.azure.vault import Vault, VaultArgs
from components.parts import Place
from model.clouds import azure
from model.routes import service_routes

KEEP_DAYS = 90


@dataclass(frozen=True)
class Standing:
    """
    A store that is found by its name: who uses it is given `roles`, by the ID of what each is held on, and told of its
    `parts` (`model.logins.variable`). `resources` are those of it that this stack declares. `images_at` is the host of
    a registry, which whoever runs an image of it uses without being told.
    """

    roles: Mapping[str, str]
    parts: Mapping[str, str]
    resources: Sequence[pulumi.Resource] = ()
    images_at: str = ""

    def has(self, image: str) -> bool:
        return bool(self.images_at) and image.startswith(f"{self.images_at}/")


@dataclass(frozen=True)
class Opened:
    """A store that is found by its address and opened by a key, by nobody's name."""

    address: pulumi.Output[str]
    port: pulumi.Output[int]
    key: pulumi.Output[str]


@dataclass(frozen=True)
class AzureGround:
    """
    `group` is the name of the site's resource group, in the site's own region. `standing` are the stores that are found
    by their names, and `opened` those that a key opens, each put there when it is declared; `receives` is what other
    sites have to know to send copies here, by store and by site.
    """

    group: pulumi.Output[str]
    network: Network
    recovery: RecoveryAccount
    logins: Vault
    audit: AuditLog
    alarms: Alarms
    door: str
    standing: dict[str, Standing] = field(default_factory=dict)
    opened: dict[str, Opened] = field(default_factory=dict)
    receives: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def record(self) -> Mapping[str, Any]:
        """See `model/site_records.py`. The name of an app is known before the app is there."""
        door = {"frontDoor": {"name": self.door, "zone": ""}}
        return {**door, "receives": self.receives} if self.receives else door


def lay_ground(place: Place) -> AzureGround:
    settings, site = place.settings, place.site
    plan = settings.plan
    made = azure_native.resources.ResourceGroup(
        "group",
        resource_group_name=azure.resource_group(plan, site.name),
        location=site.region,
        tags={"dr-system": plan.system, "dr-place": site.name},
        opts=pulumi.ResourceOptions(parent=place.parent, protect=settings.protect),
    )
    group: pulumi.Output[str] = made.name
    number = 10 + plan.sites.index(site)
    names = azure.network(plan, site.name), azure.private_zone(plan, site.name)
    has_endpoints = bool(plan.refilled_stores)
    network = Network("network", NetworkArgs(site.region, group, *names, number, has_endpoints), place.child)
    account = RecoveryAccountArgs(plan, site.name, group, settings.protect)
    recovery = RecoveryAccount("recovery", account, place.child)
    audit = AuditLog("audit", AuditLogArgs(site.region, group, f"{plan.system}-{site.name}-audit"), place.child)
    logins = VaultArgs(
        region=site.region,
        group=group,
        name=azure.vault(plan, site.name, azure.LOGINS),
        keep_days=KEEP_DAYS,
        purge_protection=settings.protect,
        audit_id=audit.id,
        protect=settings.protect,
    )
    door = addresses.app_host(plan, site.name, service_routes(plan)[0].service)
    alarms = Alarms(place, group, audit.id, place.child)
    return AzureGround(group, network, recovery, Vault(azure.LOGINS, logins, place.child), audit, alarms, door)

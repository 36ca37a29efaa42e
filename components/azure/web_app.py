"""
A service of a site on App Service: an app of its own in the site's plan, and a slot that holds the next version or the
last one.

A swap exchanges what app and slot run, and no stack sees it: so what they run is declared once and then ignored, and
both have the same settings, which a swap therefore leaves as they are. An app without a slot runs what its stack says.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_azure_native as azure_native

from components.azure.identity import Identity

PORT = 8000
SERVICE_TAG = "dr-service"
ARTEFACT = "siteConfig.linuxFxVersion"
HEALTHY_AGAIN_MINUTES = 2
"""After so many minutes without an answer an instance is taken out (App Service: health check, 2 to 10)."""


@dataclass(frozen=True)
class WebAppArgs:
    """
    `farm_id` is the plan's. `image` is the reference of a container. `settings` are its environment. `is_public`:
    requests from outside reach it. `health_path` is empty where nothing asks it. `record` is the name that clients know
    it by, and `certificate` the thumbprint of the one for it, which is in the subscription already. With a `count` of 0
    the app is there with all that it has, and switched off.
    """

    region: str
    group: pulumi.Input[str]
    name: str
    service: str
    farm_id: pulumi.Input[str]
    subnet_id: pulumi.Input[str]
    identity: Identity
    image: str
    command: tuple[str, ...]
    count: int
    settings: Mapping[str, pulumi.Input[str]]
    health_path: str
    is_public: bool
    slot: str | None = None
    record: str | None = None
    certificate: str | None = None


class WebApp(pulumi.ComponentResource):
    """Gives `id`, and `host`, the name that requests find it by."""

    def __init__(self, name: str, args: WebAppArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("dr:azure:WebApp", name, None, opts)
        common = self._common(args)
        app = azure_native.web.WebApp(
            f"{name}-app",
            name=args.name,
            **common,
            opts=pulumi.ResourceOptions(parent=self, ignore_changes=[ARTEFACT] if args.slot else None),
        )
        if args.slot:
            azure_native.web.WebAppSlot(
                f"{name}-slot",
                name=app.name,
                slot=args.slot,
                **common,
                opts=pulumi.ResourceOptions(parent=self, ignore_changes=[ARTEFACT]),
            )
        if args.record:
            # Bound in every site beforehand: a site that takes over has to answer to the name at once, with TLS.
            azure_native.web.WebAppHostNameBinding(
                f"{name}-record",
                resource_group_name=args.group,
                name=app.name,
                host_name=args.record,
                host_name_type="Verified",
                site_name=app.name,
                ssl_state="SniEnabled",
                thumbprint=args.certificate,
                opts=pulumi.ResourceOptions(parent=self),
            )
        self.id: pulumi.Output[str] = app.id
        self.host: pulumi.Output[str] = app.default_host_name
        self.register_outputs({"host": self.host})

    @staticmethod
    def _common(args: WebAppArgs) -> dict[str, Any]:
        settings = {
            **args.settings,
            "PORT": str(PORT),
            "WEBSITES_PORT": str(PORT),
            "AZURE_CLIENT_ID": args.identity.client_id,
            "WEBSITES_ENABLE_APP_SERVICE_STORAGE": "false",
        }
        health = {"health_check_path": args.health_path} if args.health_path else {}
        return {
            "resource_group_name": args.group,
            "location": args.region,
            "kind": "app,linux,container",
            "server_farm_id": args.farm_id,
            "enabled": args.count > 0,
            "https_only": True,
            "client_affinity_enabled": False,
            "public_network_access": "Enabled" if args.is_public else "Disabled",
            "virtual_network_subnet_id": args.subnet_id,
            "identity": {"type": "UserAssigned", "user_assigned_identities": [args.identity.id]},
            "key_vault_reference_identity": args.identity.id,
            "tags": {SERVICE_TAG: args.service},
            "site_config": {
                "linux_fx_version": f"DOCKER|{args.image}",
                "app_command_line": " ".join(args.command),
                "number_of_workers": max(1, args.count),
                "always_on": True,
                "http20_enabled": True,
                "ftps_state": "Disabled",
                "min_tls_version": "1.2",
                "vnet_route_all_enabled": True,
                "acr_use_managed_identity_creds": True,
                "acr_user_managed_identity_id": args.identity.client_id,
                "app_settings": [{"name": key, "value": settings[key]} for key in sorted(settings)],
                **health,
            },
        }

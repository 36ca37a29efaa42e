"""Azure in a world: the door, the services behind it, who may ask, and the Pulumi provider over them."""

from __future__ import annotations

import shutil
import tempfile
import uuid
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from model import Plan
from sandbox.authority import Authority
from sandbox.clouds.azure import blob_service, certificates, login, registry_service, resource_manager, vault_service
from sandbox.clouds.azure.blob_service import Blobs
from sandbox.clouds.azure.door import Door
from sandbox.clouds.azure.kinds import KINDS
from sandbox.clouds.azure.login import Login
from sandbox.clouds.azure.messages import Request, Response, Service
from sandbox.clouds.azure.registry_service import Registries
from sandbox.clouds.azure.resource_manager import ResourceManager
from sandbox.clouds.azure.vault_service import Vaults
from sandbox.clouds.azure.world import AzureWorld, subscriptions_of
from sandbox.clouds.calls import CallLog
from sandbox.clouds.context import Context
from sandbox.clouds.control_plane import OUTSIDE

if TYPE_CHECKING:
    from sandbox.providers.servicer import Provider

NAME = "azure"
CERTIFICATE = "authority.crt"


class AzureControlPlane:
    """See `ControlPlane`."""

    package = "azure-native"

    def __init__(self, context: Context, plan: Plan, authority: Authority, calls: CallLog, home: Path) -> None:
        self._context, self._folder = context, home / "clients" / NAME
        self._folder.mkdir(parents=True, mode=0o700, exist_ok=True)
        (self._folder / CERTIFICATE).write_bytes(authority.certificate)
        # Pods may be another user's processes, which cannot look into the world's home.
        self._open = Path(tempfile.mkdtemp(prefix="dr-authority-"))
        self._open.chmod(0o755)
        (self._open / CERTIFICATE).write_bytes(authority.certificate)
        (self._open / CERTIFICATE).chmod(0o644)
        tenant = str(uuid.uuid5(uuid.NAMESPACE_DNS, f"{plan.system}.tenant"))
        self.settings: Mapping[str, Mapping[str, str]] = certificates.settings_of(plan)
        self.world = AzureWorld(context, Login(tenant), authority, subscriptions_of(plan))
        certificates.keep(self.world.store, plan, tenant)
        context.keep(self.world)
        self.manager = ResourceManager(self.world, KINDS, calls)
        self._blobs, self._vaults, self._registries = Blobs(self.world), Vaults(self.world), Registries(self.world)
        self.world.find_service, self.world.ask_blobs = self._public, self._blobs.answer
        for zone in ("core.windows.net", "vault.azure.net", "azurecr.io"):
            context.names.add_domain(zone)
        sources = {OUTSIDE: "outside"} | {address: region for region, address in context.ports.addresses.items()}
        self._door = Door(
            sources,
            context.ports.clouds[NAME],
            authority,
            find=self._service_of,
            plain=self.world.login.managed_identity,
            admits=context.admits,
        )

    def _service_of(self, host: str) -> Service | None:
        if host == resource_manager.HOST:
            return self.manager.answer
        if host == login.HOST:
            return self._login
        if host.endswith(blob_service.SUFFIX) and self._blobs.account(host) is not None:
            return self._blobs.answer
        if host.endswith(vault_service.SUFFIX) and self._vaults.vault(host) is not None:
            return self._vaults.answer
        if host.endswith(registry_service.SUFFIX) and self._registries.registry(host) is not None:
            return self._registries.answer
        return None

    def _public(self, host: str) -> Callable[[str, str], int] | None:
        """What a probe of Traffic Manager asks; a name of an account that is gone is answered by nobody."""
        return self._blobs.public if host.endswith(blob_service.SUFFIX) else None

    def _login(self, request: Request) -> Response:
        self.world.check_reachable(request.source, None)
        return self.world.login.answer(request)

    # what programs have in their environment --------------------------------------------------------------------------
    def environment(self, region: str) -> Mapping[str, str]:
        operator, subscription = self.world.login.operator, self.world.subscriptions[0]
        who = {"CLIENT_ID": operator.client_id, "CLIENT_SECRET": operator.secret, "TENANT_ID": self.world.login.tenant}
        return {
            **self._way(OUTSIDE, self._folder),
            **{f"AZURE_{name}": value for name, value in who.items()},
            **{f"ARM_{name}": value for name, value in who.items()},
            "AZURE_SUBSCRIPTION_ID": subscription,
            "ARM_SUBSCRIPTION_ID": subscription,
        }

    def pod_environment(self, region: str) -> Mapping[str, str]:
        return self._way(self._context.ports.addresses[region], self._open)

    def _way(self, address: str, folder: Path) -> dict[str, str]:
        """Only loopback itself is reached without the door; every host of the cloud goes through it."""
        door = f"http://{address}:{self._context.ports.clouds[NAME]}"
        direct = ",".join(("localhost", OUTSIDE, *self._context.ports.addresses.values(), "127.0.0.0/8"))
        certificate = str(folder / CERTIFICATE)
        return {
            "HTTPS_PROXY": door,
            "https_proxy": door,
            "NO_PROXY": direct,
            "no_proxy": direct,
            "REQUESTS_CA_BUNDLE": certificate,
            "SSL_CERT_FILE": certificate,
        }

    def identity_of(
        self, region: str, namespace: str, service_account: str, annotations: Mapping[str, str]
    ) -> Mapping[str, str]:
        """The pods of a cluster are nobody here: only App Service gives a process an identity."""
        return {}

    def opens(self, token: str, clusters: Iterable[str]) -> bool:
        """No cluster stands in Azure yet."""
        return False

    def provider(self) -> Provider:
        from sandbox.providers.azure import azure_provider  # noqa: PLC0415 (it needs the SDK, which takes its time)
        from sandbox.providers.azure.cloud import Cloud  # noqa: PLC0415

        return azure_provider(Cloud(self.environment(""), self.world.subscriptions[0]))

    def stop(self) -> None:
        self._door.stop()
        shutil.rmtree(self._open, ignore_errors=True)


def start(context: Context, plan: Plan, authority: Authority, calls: CallLog, home: Path) -> AzureControlPlane:
    """See `Start`."""
    return AzureControlPlane(context, plan, authority, calls, home)

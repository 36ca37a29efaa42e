"""AWS in a world: the gateway and moto behind it, who may ask, and the Pulumi provider over them."""

import os
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path

from model import Plan
from sandbox.authority import Authority
from sandbox.clouds.aws import certificates
from sandbox.clouds.aws.accounts import Accounts, home_account
from sandbox.clouds.aws.cluster_tokens import accepted
from sandbox.clouds.aws.gateway import Gateway
from sandbox.clouds.aws.identities import Identities
from sandbox.clouds.aws.keys import Key
from sandbox.clouds.calls import CallLog
from sandbox.clouds.context import Context
from sandbox.clouds.control_plane import OUTSIDE
from sandbox.clouds.server import Listeners
from sandbox.providers.servicer import Provider

NAME = "aws"
CONFIG, CREDENTIALS = "config", "credentials"
"""Empty, in place of the user's own: a setting there could say to ignore the endpoint that leads into the world."""


class AwsControlPlane:
    """See `ControlPlane`. `key` is the operator's."""

    package = "aws"

    def __init__(self, context: Context, plan: Plan, calls: CallLog, folder: Path) -> None:
        self._context, self._folder = context, folder
        self.settings = certificates.settings_of(plan)
        self.key = Key.new()
        self.identities = Identities(home_account(context), self.key)
        context.keep(self.identities)
        self._listeners = self._listen(calls)

    def environment(self, region: str) -> Mapping[str, str]:
        return {
            "AWS_ENDPOINT_URL": self._endpoint(OUTSIDE),
            "AWS_ACCESS_KEY_ID": self.key.name,
            "AWS_SECRET_ACCESS_KEY": self.key.secret,
            "AWS_DEFAULT_REGION": region,
            "AWS_REGION": region,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": str(self._folder / CONFIG),
            "AWS_SHARED_CREDENTIALS_FILE": str(self._folder / CREDENTIALS),
        }

    def pod_environment(self, region: str) -> Mapping[str, str]:
        return {
            "AWS_DEFAULT_REGION": region,
            "AWS_ENDPOINT_URL": self._endpoint(self._context.ports.addresses[region]),
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def identity_of(
        self, region: str, namespace: str, service_account: str, annotations: Mapping[str, str]
    ) -> Mapping[str, str]:
        return self.identities.for_pod(region, namespace, service_account, annotations)

    def opens(self, token: str, clusters: Iterable[str]) -> bool:
        """The operator's key alone opens the clusters."""
        return accepted(token, lambda name: self.key.secret if name == self.key.name else None, clusters)

    def provider(self) -> Provider:
        from sandbox.providers.aws import aws_provider  # noqa: PLC0415 (it needs the SDK, which takes its time)
        from sandbox.providers.aws.cloud import Cloud  # noqa: PLC0415

        return aws_provider(Cloud(self._endpoint(OUTSIDE), self.key, home_account(self._context)))

    def stop(self) -> None:
        self._listeners.stop()

    def _endpoint(self, address: str) -> str:
        return f"http://{address}:{self._context.ports.clouds[NAME]}"

    def _listen(self, calls: CallLog) -> Listeners:
        from moto.moto_server.werkzeug_app import MotoRequestHandler  # noqa: PLC0415 - moto takes half a second to load

        from sandbox.clouds.aws.buckets import region_of_bucket  # noqa: PLC0415
        from sandbox.clouds.aws.moto_app import MotoApplication  # noqa: PLC0415

        context = self._context
        context.names.add_domain("amazonaws.com")
        application = MotoApplication(context)
        gateway = Gateway(context, application.application, calls, region_of_bucket, self.identities)
        sources = {OUTSIDE: "outside"} | {address: region for region, address in context.ports.addresses.items()}
        listeners = Listeners(
            {address: gateway.application_for(source) for address, source in sources.items()},
            context.ports.clouds[NAME],
            admits=context.admits,
            reader=MotoRequestHandler,
        )
        threading.Thread(target=application.warm, name="warm moto", daemon=True).start()
        return listeners


def start(context: Context, plan: Plan, authority: Authority, calls: CallLog, home: Path) -> AwsControlPlane:
    """See `Start`."""
    context.keep(Accounts.of(plan))
    context.keep(certificates.of(plan, authority))
    os.environ["MOTO_ACCOUNT_ID"] = home_account(context)
    folder = home / "clients" / NAME
    folder.mkdir(parents=True, mode=0o700, exist_ok=True)
    for name in (CONFIG, CREDENTIALS):
        (folder / name).touch(mode=0o600)
    return AwsControlPlane(context, plan, calls, folder)

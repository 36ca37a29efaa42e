"""Starts and stops the control planes of one world."""

import logging
import os
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

from model import Plan, names
from sandbox.authority import Authority
from sandbox.clouds.aws import certificates
from sandbox.clouds.aws.calls import CallLog
from sandbox.clouds.aws.context import Context
from sandbox.clouds.aws.gateway import Gateway
from sandbox.clouds.aws.identities import Identities
from sandbox.clouds.kubernetes.clusters import Clusters
from sandbox.clouds.names import Names
from sandbox.clouds.ports import Ports
from sandbox.clouds.server import Listeners
from sandbox.fabric import Fabric
from sandbox.keys import Key
from sandbox.peers import Admits

log = logging.getLogger(__name__)

OUTSIDE = "127.0.0.1"
KUBECONFIG = "kubeconfig"
AWS_CONFIG, AWS_CREDENTIALS = "aws-config", "aws-credentials"
"""Empty, in place of the user's own: a setting there could say to ignore the endpoint that leads into the world."""


class ControlPlanes:
    """Running control planes. `calls` is the record of every AWS call."""

    def __init__(self, context: Context, home: Path, calls: CallLog, stoppers: list[Callable[[], None]]) -> None:
        self.context = context
        self.calls = calls
        self._stoppers = stoppers
        self.settings: Mapping[str, Mapping[str, str]] = {}
        self.key = Key.new()
        self.identities = Identities(context.account, self.key)
        self._home = home

    def env(self, region: str) -> dict[str, str]:
        """What a program outside that manages things in `region` has in its environment."""
        ports = self.context.ports
        providers = [f"aws:{ports.aws_provider}"]
        if region in ports.kubernetes_providers:
            providers.append(f"kubernetes:{ports.kubernetes_providers[region]}")
        return {
            "AWS_ENDPOINT_URL": f"http://{OUTSIDE}:{ports.aws}",
            "AWS_ACCESS_KEY_ID": self.key.name,
            "AWS_SECRET_ACCESS_KEY": self.key.secret,
            "AWS_DEFAULT_REGION": region,
            "AWS_REGION": region,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": str(self._home / AWS_CONFIG),
            "AWS_SHARED_CREDENTIALS_FILE": str(self._home / AWS_CREDENTIALS),
            "NO_PROXY": "*",
            "no_proxy": "*",
            "KUBECONFIG": str(self._home / KUBECONFIG),
            "PULUMI_DEBUG_PROVIDERS": ",".join(providers),
        }

    def secret_of(self, name: str) -> str | None:
        """The secret of the operator's access key, which alone opens the clusters."""
        return self.key.secret if name == self.key.name else None

    def pod_environment(self, region: str) -> dict[str, str]:
        """What the pods of a region have in theirs: how they reach the cloud. Who each is there, its node tells it."""
        ports = self.context.ports
        return {
            "AWS_DEFAULT_REGION": region,
            "AWS_ENDPOINT_URL": f"http://{ports.addresses[region]}:{ports.aws}",
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def stop(self) -> None:
        self.context.stopping.set()
        for stop in reversed(self._stoppers):
            try:
                stop()
            except Exception:
                log.exception("a control plane did not stop cleanly")
        self.context.stop()
        self.calls.close()


def start_control_planes(
    fabric: Fabric,
    registry: Names,
    plan: Plan,
    ports: Ports,
    home: Path,
    *,
    authority: Authority,
    pace: float = 1.0,
    admits: Admits | None = None,
) -> ControlPlanes:
    """
    Start everything; all ports accept connections when this returns. Raises OSError when a port is taken.

    `plan` gives the account (`model.Plan`). `authority` signs the certificates of the plan's front doors. `admits` says
    which users of this machine may speak to them (None: ours, and root). One world per process: moto's state lives in
    its modules.
    """
    context = Context(fabric=fabric, names=registry, ports=ports, account=plan.primary.account, pace=pace)
    context.admits = admits or context.admits
    context.keep(certificates.of(plan, authority))
    for name in (AWS_CONFIG, AWS_CREDENTIALS):
        (Path(home) / name).touch(mode=0o600)
    calls = CallLog(Path(home) / "calls.jsonl")
    stoppers: list[Callable[[], None]] = []
    planes = ControlPlanes(context, Path(home), calls, stoppers)
    planes.settings = certificates.settings_of(plan)
    os.environ["MOTO_ACCOUNT_ID"] = context.account
    try:
        stoppers.append(_start_kubernetes(context, Path(home), plan, planes))
        stoppers.append(_start_aws(context, calls, ports.addresses, planes.identities))
        stoppers.append(_start_aws_provider(context, planes.key))
        stoppers.append(_start_kubernetes_providers(context))
    except BaseException:
        planes.stop()
        raise
    return planes


def _start_kubernetes(context: Context, home: Path, plan: Plan, planes: ControlPlanes) -> Callable[[], None]:
    regions_of = {names.cluster(plan, site.name): site.region for site in plan.sites}
    clusters = Clusters(context, home, planes.secret_of, regions_of, planes.identities.for_pod)
    context.keep(clusters)
    clusters.write_kubeconfig(home / KUBECONFIG)
    return clusters.stop


def _start_aws(
    context: Context, calls: CallLog, addresses: Mapping[str, str], identities: Identities
) -> Callable[[], None]:
    from sandbox.clouds.aws.buckets import region_of_bucket  # noqa: PLC0415 - moto takes half a second to load
    from sandbox.clouds.aws.moto_app import MotoApplication  # noqa: PLC0415

    context.names.add_domain("amazonaws.com")
    application = MotoApplication(context)
    gateway = Gateway(context, application.application, calls, region_of_bucket, identities)
    sources = {OUTSIDE: "outside"} | {address: region for region, address in addresses.items()}
    listeners = Listeners(
        {address: gateway.application_for(source) for address, source in sources.items()},
        context.ports.aws,
        admits=context.admits,
    )
    threading.Thread(target=application.warm, name="warm moto", daemon=True).start()
    return listeners.stop


def _start_aws_provider(context: Context, key: Key) -> Callable[[], None]:
    from sandbox.providers.aws import aws_provider  # noqa: PLC0415
    from sandbox.providers.aws.cloud import Cloud  # noqa: PLC0415
    from sandbox.providers.serving import serve  # noqa: PLC0415

    cloud = Cloud(f"http://{OUTSIDE}:{context.ports.aws}", key, context.account)
    server = serve(aws_provider(cloud), context.ports.aws_provider, context.admits)

    def stop() -> None:
        server.stop(0.5).wait(2)

    return stop


def _start_kubernetes_providers(context: Context) -> Callable[[], None]:
    from sandbox.providers.kubernetes import kubernetes_provider  # noqa: PLC0415
    from sandbox.providers.kubernetes.cluster import Access  # noqa: PLC0415
    from sandbox.providers.serving import serve  # noqa: PLC0415

    clusters = context.one(Clusters).clusters
    servers = []
    for region, port in context.ports.kubernetes_providers.items():
        one = clusters[region]
        access = Access(one.server, str(one.authority), one.token)
        servers.append(serve(kubernetes_provider(access), port, context.admits))

    def stop() -> None:
        for ended in [server.stop(0.5) for server in servers]:
            ended.wait(2)

    return stop

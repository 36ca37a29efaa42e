"""Starts and stops the control planes of one world: those of its clouds, and its clusters."""

import logging
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from model import Plan, names
from sandbox.authority import Authority
from sandbox.clouds.calls import CallLog
from sandbox.clouds.context import Context
from sandbox.clouds.control_plane import ControlPlane
from sandbox.clouds.kubernetes.clusters import Clusters
from sandbox.clouds.names import Names
from sandbox.clouds.ports import Ports
from sandbox.clouds.registry import CLOUDS
from sandbox.fabric import Fabric
from sandbox.peers import Admits

log = logging.getLogger(__name__)

KUBECONFIG = "kubeconfig"


class ControlPlanes:
    """Running control planes, each cloud's by its name. `calls` is the record of every call of a cloud's API."""

    def __init__(self, context: Context, plan: Plan, home: Path, calls: CallLog) -> None:
        self.context, self.calls = context, calls
        self.clouds: dict[str, ControlPlane] = {}
        self._stoppers: list[Callable[[], None]] = []
        self._cloud_of = {site.region: site.cloud for site in reversed(plan.sites)}
        self._home = home

    @property
    def settings(self) -> dict[str, dict[str, str]]:
        """The settings of each stack that an operator has from the clouds before anything is declared."""
        found: dict[str, dict[str, str]] = {}
        for cloud in self.clouds.values():
            for stack, settings in cloud.settings.items():
                found.setdefault(stack, {}).update(settings)
        return found

    def env(self, region: str) -> dict[str, str]:
        """What a program outside that manages things in `region` has in its environment."""
        ports = self.context.ports
        providers = [f"{cloud.package}:{ports.providers[name]}" for name, cloud in self.clouds.items()]
        if region in ports.kubernetes_providers:
            providers.append(f"kubernetes:{ports.kubernetes_providers[region]}")
        of_clouds = [cloud.environment(region) for cloud in self.clouds.values()]
        direct = {"NO_PROXY": "*", "no_proxy": "*"}  # unless a cloud has a proxy of the world's own
        return (
            direct
            | {name: value for each in of_clouds for name, value in each.items()}
            | {
                "KUBECONFIG": str(self._home / KUBECONFIG),
                "PULUMI_DEBUG_PROVIDERS": ",".join(providers),
            }
        )

    def pod_environment(self, region: str) -> dict[str, str]:
        """What the pods of a region have in theirs: how they reach the clouds."""
        return {name: value for cloud in self.clouds.values() for name, value in cloud.pod_environment(region).items()}

    def opens(self, token: str, clusters: Iterable[str]) -> bool:
        """Has one of the clouds let the maker of a token into one of these clusters?"""
        wanted = tuple(clusters)
        return any(cloud.opens(token, wanted) for cloud in self.clouds.values())

    def identity_of(
        self, region: str, namespace: str, service_account: str, annotations: Mapping[str, str]
    ) -> Mapping[str, str]:
        """Who a pod is in the cloud whose region runs it."""
        return self.clouds[self._cloud_of[region]].identity_of(region, namespace, service_account, annotations)

    def start(self, plan: Plan, authority: Authority) -> None:
        """Clusters first: the clouds tell where they are."""
        regions_of = {names.cluster(plan, site.name): site.region for site in plan.sites}
        clusters = Clusters(self.context, self._home, self.opens, regions_of, self.identity_of)
        self._stoppers.append(clusters.stop)
        self.context.keep(clusters)
        clusters.write_kubeconfig(self._home / KUBECONFIG)
        for name in dict.fromkeys(site.cloud for site in plan.sites):
            cloud = CLOUDS[name].start()(self.context, plan, authority, self.calls, self._home)
            self.clouds[name] = cloud
            self._stoppers.append(cloud.stop)
        self._serve_providers(clusters)

    def _serve_providers(self, clusters: Clusters) -> None:
        from sandbox.providers.kubernetes import kubernetes_provider  # noqa: PLC0415 (the SDK takes its time)
        from sandbox.providers.kubernetes.cluster import Access  # noqa: PLC0415
        from sandbox.providers.serving import serve  # noqa: PLC0415

        ports = self.context.ports
        offered = [(cloud.provider(), ports.providers[name]) for name, cloud in self.clouds.items()]
        for region, port in ports.kubernetes_providers.items():
            one = clusters.clusters[region]
            offered.append((kubernetes_provider(Access(one.server, str(one.authority), one.token)), port))
        for provider, port in offered:
            server = serve(provider, port, self.context.admits)
            self._stoppers.append(lambda ended=server: ended.stop(0.5).wait(2))  # type: ignore[misc]

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

    `plan` names the clouds and their accounts (`model.Plan`). `authority` signs the certificates of the plan's front
    doors. `admits` says which users of this machine may speak to them (None: ours, and root). One world per process:
    what stands in for a cloud may keep its state in its modules.
    """
    context = Context(fabric=fabric, names=registry, ports=ports, pace=pace)
    context.admits = admits or context.admits
    planes = ControlPlanes(context, plan, Path(home), CallLog(Path(home) / "calls.jsonl"))
    try:
        planes.start(plan, authority)
    except BaseException:
        planes.stop()
        raise
    return planes

"""All clusters of the world, and how to get into them."""

import base64
import json
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from sandbox.authority import Authority, Certificates, write_certificates
from sandbox.clouds.context import Context
from sandbox.clouds.kubernetes.api import ApiServer
from sandbox.clouds.kubernetes.jobs import Jobs
from sandbox.clouds.kubernetes.store import Store
from sandbox.clouds.kubernetes.workloads import IdentityOf, Workloads
from sandbox.clouds.server import Application, Listeners, NoAnswer, why_not_served

LONGEST_SILENCE_SECONDS = 300


@dataclass(frozen=True)
class Cluster:
    """Where a region's API server is, and the token that opens it."""

    region: str
    server: str
    authority: Path
    token: str


class Clusters:
    """One API server for each region, on the region's address."""

    def __init__(
        self,
        context: Context,
        home: Path,
        opens: Callable[[str, Iterable[str]], bool],
        regions_of: Mapping[str, str],
        identity_of: IdentityOf,
    ) -> None:
        """
        `opens` says whether a cloud has let the maker of a token into one of the clusters that are named.
        `regions_of`: name of a cluster -> its region. `identity_of`: who a pod is in its cloud.
        """
        ports = context.ports
        self._context, self._regions_of = context, dict(regions_of)
        authority = Authority("sandbox clusters")
        issued = authority.issue(["kubernetes"], ports.addresses.values())
        self._certificates: Certificates = write_certificates(home / "kubernetes", authority, issued)
        self._token = secrets.token_urlsafe(24)
        self.clusters = {
            region: Cluster(region, f"https://{address}:{ports.kubernetes}", self._certificates.authority, self._token)
            for region, address in ports.addresses.items()
        }
        applications: dict[str, Application] = {}
        for region, address in ports.addresses.items():
            store, named = Store(), [name for name, where in regions_of.items() if where == region]
            workloads = Workloads(region, store, context.fabric, identity_of)
            server = ApiServer(
                store,
                workloads,
                Jobs(region, store, context.fabric, workloads),
                partial(self._accepts, opens=opens, clusters=named),
                context.stopping.is_set,
            )
            applications[address] = self._reachable(region, server)
        self._listeners = Listeners(
            applications, ports.kubernetes, self._certificates.server_context(), admits=context.admits
        )

    def _accepts(self, token: str, opens: Callable[[str, Iterable[str]], bool], clusters: Iterable[str]) -> bool:
        """Is it the world's own token, or one by which a cloud lets its maker in?"""
        return secrets.compare_digest(token.encode(), self._token.encode()) or opens(token, clusters)

    @property
    def authority_data(self) -> str:
        """The authority's certificate as a kubeconfig holds it and clouds give it: PEM in base64."""
        return base64.b64encode(self._certificates.authority.read_bytes()).decode()

    def _reachable(self, region: str, server: ApiServer) -> Application:
        network = self._context.fabric.network

        def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
            up = network.region_is_up(region) and network.control_plane_answers(region)
            if not (up and network.allowed("outside", region)):
                if network.hangs("outside", region):
                    self._context.stopping.wait(LONGEST_SILENCE_SECONDS)
                raise NoAnswer
            reason = why_not_served(environ)
            if reason is not None:
                start_response("403 Forbidden", [("Content-Type", "text/plain"), ("Content-Length", str(len(reason)))])
                return [reason.encode()]
            return server(environ, start_response)

        return application

    def write_kubeconfig(self, path: Path) -> None:
        """One context for each cluster, named as the cluster."""
        named = [(name, self.clusters[region]) for name, region in self._regions_of.items()]
        data = self.authority_data
        document = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [
                {"name": name, "cluster": {"server": one.server, "certificate-authority-data": data}}
                for name, one in named
            ],
            "users": [{"name": name, "user": {"token": one.token}} for name, one in named],
            "contexts": [{"name": name, "context": {"cluster": name, "user": name}} for name, one in named],
        }
        path.touch(mode=0o600)
        path.write_text(json.dumps(document, indent=1), encoding="utf-8")

    def stop(self) -> None:
        self._listeners.stop()

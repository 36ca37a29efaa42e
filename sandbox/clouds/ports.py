"""Where the control planes listen, chosen by the world."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Ports:
    """
    Every control plane of a region uses the same port on the region's own address, and 127.0.0.1 stands for outside.

    addresses             region -> 127.N.0.1
    clouds                cloud -> its API, on 127.0.0.1 (callers from outside) and on each region's address (its pods)
    providers             cloud -> its Pulumi provider, on 127.0.0.1
    kubernetes            the region's Kubernetes API server, on the region's address
    kubernetes_providers  region -> Pulumi provider `kubernetes` of that region, on 127.0.0.1
    postgres              the port at which every database of the world is found, as its cloud reports it
    caches                the port at which every cache is found, with TLS
    http, https           the ports at which every load balancer is found: without TLS and with it
    """

    addresses: Mapping[str, str]
    clouds: Mapping[str, int]
    providers: Mapping[str, int]
    kubernetes: int
    kubernetes_providers: Mapping[str, int]
    postgres: int
    caches: int
    http: int
    https: int

"""
Where requests find a service: the address of each service behind the front door, worked out from the plan alone.

A service `payments` is found at `https://RECORD/payments`: its front door sends every request for `/payments` and below
to it, with the whole path, so it answers there, its health included (`/payments/health/db`). A plan may give it another
`path`. What no path is about reaches the default service: `traffic.default_service`, or the first one behind the door.
"""

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .plan import Plan

FIRST_NODE_PORT, NODE_PORTS = 30000, 2768  # Kubernetes, "Service": type NodePort
MOST_SERVICES = 100  # target groups of one application load balancer (Elastic Load Balancing: quotas)


@dataclass(frozen=True)
class ServiceRoute:
    """`node_port` is the port of each node that leads to the service; no two services of a plan share one."""

    service: str
    path: str
    node_port: int
    default: bool


def service_routes(plan: "Plan") -> tuple[ServiceRoute, ...]:
    """
    One for each service that requests from outside reach. A port comes from the service's name: adding a service moves
    no other's, unless their names meet, and then the later one in the plan makes way.
    """
    reached = [service for service in plan.services if service.front_door]
    chosen = plan.traffic.default_service or next((service.name for service in reached), "")
    taken: set[int] = set()
    found = []
    for service in reached:
        offset = zlib.crc32(service.name.encode()) % NODE_PORTS
        while offset in taken and len(taken) < NODE_PORTS:
            offset = (offset + 1) % NODE_PORTS
        taken.add(offset)
        path = service.path or f"/{service.name}"
        found.append(ServiceRoute(service.name, path, FIRST_NODE_PORT + offset, service.name == chosen))
    return tuple(found)


def store_kept_by(plan: "Plan", service: str) -> str | None:
    """The store with incarnations in which a service keeps what it is told: the first one that it uses."""
    known = {store.name for store in plan.incarnated_stores}
    return next((name for name in plan.service(service).uses if name in known), None)


def health_paths(plan: "Plan") -> dict[str, str]:
    """Where each service behind the front door says how it is, and how the stores are that it uses."""
    return {route.service: f"{route.path}{plan.traffic.health.path}" for route in service_routes(plan)}


def writers(plan: "Plan") -> dict[str, str]:
    """For each store that requests from outside write to the path of a service that keeps its writes there."""
    found: dict[str, str] = {}
    for route in service_routes(plan):
        store = store_kept_by(plan, route.service)
        if store is not None:
            found.setdefault(store, route.path)
    return found


def address_of(plan: "Plan", service: str) -> str:
    """Where clients find a service: `https://api.example.com/payments`. Raises KeyError for one that nobody reaches."""
    path = next((route.path for route in service_routes(plan) if route.service == service), None)
    if path is None:
        raise KeyError(f"{service} is not behind the front door")
    traffic = plan.traffic
    port = "" if traffic.port in {80, 443} else f":{traffic.port}"
    return f"{'https' if traffic.tls else 'http'}://{traffic.record}{port}{path}"

"""The port on every node that the front door sends to, and from which requests go to any ready pod behind it."""

from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as k8s

from .workload import FRONT_DOOR, PORT


@dataclass(frozen=True)
class EntranceArgs:
    namespace: str
    node_port: int


class Entrance(pulumi.ComponentResource):
    """A Service of type NodePort, named `front-door`."""

    def __init__(self, name: str, args: EntranceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("dr:kubernetes:Entrance", name, None, opts)
        k8s.core.v1.Service(
            f"{name}-service",
            metadata={
                "name": "front-door",
                "namespace": args.namespace,
                "annotations": {"pulumi.com/skipAwait": "true"},
            },
            spec={
                "type": "NodePort",
                "selector": {FRONT_DOOR: "true"},
                "ports": [{"name": "http", "port": 80, "target_port": PORT, "node_port": args.node_port}],
            },
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})

"""
A site's namespace, and what its pods read there: which site they are in, and how to reach and log in to its stores.

Pods use the stores of their own site only. So a failover moves traffic and writes but edits no configuration, in the
surviving site neither.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as k8s

from components.variables import Variables


@dataclass(frozen=True)
class NamespaceArgs:
    """
    `configs` and `logins` map the name of a ConfigMap or of a Secret to its variables. Every password in `logins` must
    be a secret output.
    """

    namespace: str
    configs: Mapping[str, Variables]
    logins: Mapping[str, Variables]


class Namespace(pulumi.ComponentResource):
    """Gives `name`."""

    def __init__(self, name: str, args: NamespaceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("dr:kubernetes:Namespace", name, None, opts)
        namespace = k8s.core.v1.Namespace(
            f"{name}-namespace",
            metadata={"name": args.namespace},
            opts=pulumi.ResourceOptions(parent=self),
        )
        child = pulumi.ResourceOptions(parent=self, depends_on=[namespace])
        for config, variables in args.configs.items():
            k8s.core.v1.ConfigMap(
                f"{name}-{config}",
                metadata={"name": config, "namespace": args.namespace},
                data=variables,
                opts=child,
            )
        for login, variables in args.logins.items():
            k8s.core.v1.Secret(
                f"{name}-{login}",
                metadata={"name": login, "namespace": args.namespace},
                string_data=variables,
                opts=child,
            )
        self.name = args.namespace
        self.resource = namespace
        self.register_outputs({"name": args.namespace})

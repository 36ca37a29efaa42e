"""
A site's namespace, and the configuration that its pods read: which site they are in, and how to reach its database.

Pods use the database of their own site only. So a failover moves traffic and writes but edits no configuration, in the
surviving site neither.
"""

from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as k8s


@dataclass(frozen=True)
class DatabaseAddress:
    """How pods reach one database. `password` must be a secret output."""

    host: pulumi.Output[str]
    port: pulumi.Output[int]
    database: str
    username: str
    password: pulumi.Output[str]


@dataclass(frozen=True)
class NamespaceArgs:
    """`environment` is given to every pod. `databases` maps the name of a database to its address."""

    namespace: str
    environment: dict[str, str]
    databases: dict[str, DatabaseAddress]


class Namespace(pulumi.ComponentResource):
    """
    Gives `name`; `environment`, the ConfigMap of the site; and for each database the names of its ConfigMap and Secret
    (`config`, `login`), whose keys are the variables DATABASE_HOST, _PORT, _NAME, _USER and DATABASE_PASSWORD.
    """

    def __init__(self, name: str, args: NamespaceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("dr:kubernetes:Namespace", name, None, opts)
        namespace = k8s.core.v1.Namespace(
            f"{name}-namespace",
            metadata={"name": args.namespace},
            opts=pulumi.ResourceOptions(parent=self),
        )
        child = pulumi.ResourceOptions(parent=self, depends_on=[namespace])
        k8s.core.v1.ConfigMap(
            f"{name}-site",
            metadata={"name": "site", "namespace": args.namespace},
            data=args.environment,
            opts=child,
        )
        for database, address in args.databases.items():
            metadata = {"name": f"database-{database}", "namespace": args.namespace}
            k8s.core.v1.ConfigMap(
                f"{name}-{database}",
                metadata=metadata,
                data={
                    "DATABASE_HOST": address.host,
                    "DATABASE_PORT": address.port.apply(lambda port: str(int(port))),
                    "DATABASE_NAME": address.database,
                    "DATABASE_USER": address.username,
                },
                opts=child,
            )
            k8s.core.v1.Secret(
                f"{name}-{database}",
                metadata=metadata,
                string_data={"DATABASE_PASSWORD": address.password},
                opts=child,
            )
        self.name = args.namespace
        self.resource = namespace
        self.register_outputs({"name": args.namespace})

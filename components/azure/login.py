"""
How to log in to a site's database, as a secret of the site's own vault.

It holds user, password and name but no host: a new incarnation has another host. A password that is changed later is
written by its runbook, as a new version, and what the program declares is only the first one.
"""

import json
from dataclasses import dataclass

import pulumi
import pulumi_azure_native as azure_native


@dataclass(frozen=True)
class DatabaseLoginArgs:
    """`password` must be a secret output."""

    group: pulumi.Input[str]
    vault: pulumi.Input[str]
    secret_name: str
    username: str
    database: str
    password: pulumi.Output[str]


class DatabaseLogin(pulumi.ComponentResource):
    """Keys of the value: engine, username, password, dbname."""

    def __init__(self, name: str, args: DatabaseLoginArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("dr:azure:DatabaseLogin", name, None, opts)
        value = args.password.apply(
            lambda password: json.dumps(
                {"engine": "postgres", "username": args.username, "password": password, "dbname": args.database}
            )
        )
        azure_native.keyvault.Secret(
            f"{name}-secret",
            resource_group_name=args.group,
            vault_name=args.vault,
            secret_name=args.secret_name,
            properties={"value": value, "content_type": "application/json"},  # as secret as the password
            opts=pulumi.ResourceOptions(parent=self, ignore_changes=["properties.value"]),
        )
        self.register_outputs({})


@dataclass(frozen=True)
class CacheLoginArgs:
    """`key` must be a secret output."""

    group: pulumi.Input[str]
    vault: pulumi.Input[str]
    secret_name: str
    key: pulumi.Output[str]


class CacheLogin(pulumi.ComponentResource):
    """
    Keys of the value: engine, password. The cloud makes the key, so the next update of the stack writes down a new one.
    """

    def __init__(self, name: str, args: CacheLoginArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("dr:azure:CacheLogin", name, None, opts)
        azure_native.keyvault.Secret(
            f"{name}-secret",
            resource_group_name=args.group,
            vault_name=args.vault,
            secret_name=args.secret_name,
            properties={
                "value": args.key.apply(lambda key: json.dumps({"engine": "redis", "password": key})),
                "content_type": "application/json",
            },
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})

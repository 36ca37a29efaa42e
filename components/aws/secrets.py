"""
How to log in to a site's database, in Secrets Manager, with a copy in every other site's region.

It holds user, password and name but no host: a new incarnation has another host, and a changed secret string replaces
the version (`secret_string` is create-only in the provider). For the same reason a password that is changed later is
written by its runbook, as a new version, and what the program declares is only the first one.
"""

import json
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws


@dataclass(frozen=True)
class DatabaseSecretArgs:
    """`replica_regions` are all other regions of the plan. `password` must be a secret output."""

    region: str
    secret_name: str
    replica_regions: tuple[str, ...]
    username: str
    database: str
    password: pulumi.Output[str]
    protect: bool


class DatabaseSecret(pulumi.ComponentResource):
    """Gives `arn`. Keys of the value: engine, username, password, dbname."""

    def __init__(self, name: str, args: DatabaseSecretArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("dr:aws:DatabaseSecret", name, None, opts)
        secret = aws.secretsmanager.Secret(
            f"{name}-secret",
            region=args.region,
            name=args.secret_name,
            description=f"Login of database {args.database}",
            replicas=[{"region": region} for region in args.replica_regions],
            force_overwrite_replica_secret=True,
            recovery_window_in_days=30 if args.protect else 0,
            opts=pulumi.ResourceOptions(parent=self, protect=args.protect),
        )
        value = args.password.apply(
            lambda password: json.dumps(
                {"engine": "postgres", "username": args.username, "password": password, "dbname": args.database}
            )
        )
        aws.secretsmanager.SecretVersion(
            f"{name}-login",
            region=args.region,
            secret_id=secret.id,
            secret_string=value,  # as secret as the password
            opts=pulumi.ResourceOptions(parent=self, ignore_changes=["secretString"]),
        )
        self.arn: pulumi.Output[str] = secret.arn
        self.register_outputs({"arn": secret.arn})


@dataclass(frozen=True)
class ServiceSecretArgs:
    """The login of one service in one store of its own site. `password` must be a secret output."""

    region: str
    secret_name: str
    username: str
    password: pulumi.Output[str]


class ServiceSecret(pulumi.ComponentResource):
    """
    A login that machines read for themselves. Gives `arn`; keys of the value: username, password. It can be derived
    anew at any time, so nothing keeps a deleted one, and another password is another version.
    """

    def __init__(self, name: str, args: ServiceSecretArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("dr:aws:ServiceSecret", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        secret = aws.secretsmanager.Secret(
            f"{name}-secret",
            region=args.region,
            name=args.secret_name,
            description=f"Login of {args.username}",
            recovery_window_in_days=0,
            opts=child,
        )
        value = args.password.apply(lambda password: json.dumps({"username": args.username, "password": password}))
        aws.secretsmanager.SecretVersion(
            f"{name}-version",
            region=args.region,
            secret_id=secret.id,
            secret_string=value,  # as secret as the password
            opts=child,
        )
        self.arn: pulumi.Output[str] = secret.arn
        self.register_outputs({"arn": secret.arn})

"""
The system's encryption key: one multi-region key, so that what one site encrypted another can read.

The primary site holds the original; other sites hold replicas of it, which work while the original's region is gone.
Nobody ever calls UpdatePrimaryRegion: it would make the declared replica unreadable to the provider (facts of the
Terraform provider's ReplicaKey), and either copy encrypts and decrypts without it.
"""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws


@dataclass(frozen=True)
class KeyArgs:
    """`replica_of` is the ARN of the original, None in the site that holds it. `alias` begins with `alias/`."""

    region: str
    alias: str
    description: str
    replica_of: str | None
    protect: bool


class MultiRegionKey(pulumi.ComponentResource):
    """Gives `arn`, that of the key in this region."""

    def __init__(self, name: str, args: KeyArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("dr:aws:MultiRegionKey", name, None, opts)
        child = pulumi.ResourceOptions(parent=self, protect=args.protect)
        key: aws.kms.Key | aws.kms.ReplicaKey
        if args.replica_of is None:
            key = aws.kms.Key(
                f"{name}-original",
                region=args.region,
                description=args.description,
                multi_region=True,
                enable_key_rotation=True,
                deletion_window_in_days=30,
                opts=child,
            )
        else:
            key = aws.kms.ReplicaKey(
                f"{name}-replica",
                region=args.region,
                description=args.description,
                primary_key_arn=args.replica_of,
                deletion_window_in_days=30,
                opts=child,
            )
        aws.kms.Alias(
            f"{name}-alias",
            region=args.region,
            name=args.alias,
            target_key_id=key.key_id,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.arn: pulumi.Output[str] = key.arn
        self.register_outputs({"arn": key.arn})

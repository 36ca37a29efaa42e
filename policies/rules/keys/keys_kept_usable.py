"""Keys are on and are rotated."""

from collections.abc import Iterator

from ..kernel import HIGH, MEDIUM, Context, Resource, Rule
from ..kernel.checks import is_present, is_true, unless
from ..kernel.standards import NIST_KEYS, PCI_KEYS


def enabled(r: Resource, ctx: Context) -> Iterator[str]:
    node = r["enabled" if r.type.endswith("ReplicaKey") else "isEnabled"]
    if node.raw is not None and node.flag() is not True:
        yield f"{node.path} is {node.shown()}: nothing encrypted with it can be read"


def not_rotated_by_aws(r: Resource) -> bool:
    """AWS rotates symmetric keys only, and none of a custom key store."""
    kind = (r["customerMasterKeySpec"].text() or "SYMMETRIC_DEFAULT").upper()
    return kind != "SYMMETRIC_DEFAULT" or r["customKeyStoreId"].present()


RULES = (
    Rule(
        id="DR-KEY-007",
        title="KMS keys and replica keys are enabled",
        severity=HIGH,
        types=("aws:kms/key:Key", "aws:kms/replicaKey:ReplicaKey"),
        checks=(enabled,),
        why="A disabled key in the recovery region is found out during the recovery.",
        remedy="Leave isEnabled (of a replica: enabled) out or true.",
        serves=(NIST_KEYS,),
    ),
    Rule(
        id="DR-KEY-008",
        title="KMS keys are rotated",
        severity=MEDIUM,
        types=("aws:kms/key:Key",),
        checks=(unless(not_rotated_by_aws, is_true("enableKeyRotation")),),
        why="After a compromise the clean environment must not depend on key material of unknown age.",
        remedy=(
            "Set enableKeyRotation to true. Keys that are not symmetric, or in a key store of their own, are exempt."
        ),
        fix={"enableKeyRotation": True},
        serves=(NIST_KEYS, PCI_KEYS),
        see=("checkov CKV_AWS_7", "AWS Config CMK_BACKING_KEY_ROTATION_ENABLED", "prowler kms_cmk_rotation_enabled"),
    ),
    Rule(
        id="DR-KEY-009",
        title="Backup vaults have a key of their own",
        severity=MEDIUM,
        types=("aws:backup/vault:Vault",),
        checks=(is_present("kmsKeyArn", "recovery points use the AWS managed key, which cannot be shared"),),
        why="Copies to other accounts need a customer key; the managed one cannot be used there.",
        remedy="Set kmsKeyArn when the vault is made.",
        serves=(NIST_KEYS,),
        see=(
            "checkov CKV_AWS_166",
            "AWS Config BACKUP_RECOVERY_POINT_ENCRYPTED",
            "prowler backup_recovery_point_encrypted",
        ),
    ),
)

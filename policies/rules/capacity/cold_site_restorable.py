"""A cold site has what a restore needs."""

from collections.abc import Iterator

from ..kernel import CRITICAL, HIGH, Context, Resource, Rule
from ..kernel.standards import BACKUP, NIST_ALTERNATE_SITE

STORES = (
    "aws:backup/vault:Vault",
    "aws:s3/bucket:Bucket",
    "azure-native:dataprotection:BackupVault",
    "azure-native:recoveryservices:Vault",
    "azure-native:storage:StorageAccount",
    "kubernetes:velero.io/v1:BackupStorageLocation",
)
KEYS = ("aws:kms/replicaKey:ReplicaKey", "aws:kms/key:Key", "azure-native:keyvault:Vault")


def has_backups(r: Resource, ctx: Context) -> Iterator[str]:
    if ctx.facts.role_of(r) == "cold" and not ctx.stack.of(*STORES):
        yield "the cold site has neither a backup vault nor a bucket to restore from"


def has_keys(r: Resource, ctx: Context) -> Iterator[str]:
    if ctx.facts.role_of(r) == "cold" and not ctx.stack.of(*KEYS):
        yield "the cold site has no key of its own to read encrypted backups with"


RULES = (
    Rule(
        id="DR-CAP-006",
        title="A cold site holds backups",
        severity=CRITICAL,
        types=(),
        scope="stack",
        checks=(has_backups,),
        needs=("siteRole",),
        why="The site for the day on which two regions are lost must not need either of them.",
        remedy="Copy backups into a vault or bucket of the cold site.",
        serves=(*BACKUP, NIST_ALTERNATE_SITE),
    ),
    Rule(
        id="DR-CAP-007",
        title="A cold site can read its backups",
        severity=HIGH,
        types=(),
        scope="stack",
        checks=(has_keys,),
        needs=("siteRole",),
        why="Encrypted copies without a key in the region are noise.",
        remedy="Add a replica key, or a key that the copies are encrypted with again.",
        serves=(*BACKUP, NIST_ALTERNATE_SITE),
    ),
)

"""Every AWS backup vault is locked."""

from collections.abc import Iterator

from ..kernel import HIGH, Context, Resource, Rule
from ..kernel.standards import BACKUP

LOCK = "aws:backup/vaultLockConfiguration:VaultLockConfiguration"


def check(r: Resource, ctx: Context) -> Iterator[str]:
    if ctx.stack.first_naming((LOCK,), "backupVaultName", r) is None:
        yield "no VaultLockConfiguration names this vault: its recovery points can be deleted"


RULE = Rule(
    id="DR-IMM-001",
    title="Every AWS backup vault is locked",
    severity=HIGH,
    types=("aws:backup/vault:Vault",),
    scope="stack",
    checks=(check,),
    why="An attacker with the administrator's key deletes recovery points first. A lock outlives that key.",
    remedy="Add a VaultLockConfiguration; with changeableForDays it can no longer be taken off after those days.",
    serves=BACKUP,
    see=("AWS Config BACKUP_RECOVERY_POINT_MANUAL_DELETION_DISABLED",),
)

"""A vault's lock keeps recovery points long enough."""

from ..kernel import HIGH, Rule, days
from ..kernel.checks import at_least
from ..kernel.standards import BACKUP

RULE = Rule(
    id="DR-IMM-002",
    title="A vault lock keeps recovery points long enough",
    severity=HIGH,
    types=("aws:backup/vaultLockConfiguration:VaultLockConfiguration",),
    checks=(at_least("minRetentionDays", "minDays"),),
    thresholds=(days("minDays", 7, "shortest life of a recovery point that nobody can delete"),),
    why="A lock without a shortest life protects recovery points that may expire tomorrow.",
    remedy="Set minRetentionDays. Every change of a lock replaces it, which a locked vault refuses: decide once.",
    serves=BACKUP,
    see=("AWS Config BACKUP_RECOVERY_POINT_MINIMUM_RETENTION_CHECK",),
)

"""Azure's backup vaults are immutable."""

from ..kernel import HIGH, Rule
from ..kernel.checks import is_one_of
from ..kernel.standards import BACKUP

RULE = Rule(
    id="DR-IMM-009",
    title="Azure backup vaults are immutable",
    severity=HIGH,
    types=("azure-native:dataprotection:BackupVault", "azure-native:recoveryservices:Vault"),
    checks=(is_one_of("properties.securitySettings.immutabilitySettings.state", "Locked", "Unlocked"),),
    why="An immutable vault refuses to shorten retention and to delete recovery points, whoever asks.",
    remedy="Set immutabilitySettings.state to Unlocked, look at it for a month, then to Locked (for good).",
    serves=BACKUP,
    see=(
        "Azure Policy d6f6f560-14b7-49a4-9fc8-d2c3a9807868",
        "Azure Policy 2514263b-bc0d-4b06-ac3e-f262c0979018",
    ),
)

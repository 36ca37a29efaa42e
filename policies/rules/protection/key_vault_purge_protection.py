"""A Key Vault cannot be purged before its time."""

from ..kernel import CRITICAL, Rule
from ..kernel.checks import is_true
from ..kernel.standards import DELETION, NIST_KEYS

RULE = Rule(
    id="DR-PRO-005",
    title="Key Vaults cannot be purged",
    severity=CRITICAL,
    types=("azure-native:keyvault:Vault",),
    checks=(is_true("properties.enablePurgeProtection"),),
    why=(
        "Soft delete alone does not help against somebody who purges. Without the keys, encrypted databases and "
        "their backups are lost in every region."
    ),
    remedy="Set properties.enablePurgeProtection to true. It cannot be taken back, which is its use.",
    serves=(*DELETION, NIST_KEYS),
    see=(
        "checkov CKV_AZURE_110",
        "checkov CKV_AZURE_42",
        "Azure Policy 0b60c0b2-2dc2-4e1c-b5c9-abbed971de53",
        "prowler keyvault_recoverable",
    ),
)

"""A Key Vault keeps what is deleted."""

from ..kernel import HIGH, Rule
from ..kernel.checks import is_true
from ..kernel.standards import DELETION

RULE = Rule(
    id="DR-PRO-006",
    title="Key Vaults keep what is deleted",
    severity=HIGH,
    types=("azure-native:keyvault:Vault",),
    checks=(is_true("properties.enableSoftDelete"),),
    why="Azure now turns it on by itself, but a program that says so stays right for old vaults and other clouds.",
    remedy="Set properties.enableSoftDelete to true.",
    fix={"properties.enableSoftDelete": True},
    serves=DELETION,
    see=("checkov CKV_AZURE_111", "Azure Policy 1e66c121-a66a-4b1f-9b83-0fd99bf0fc2d", "prowler keyvault_recoverable"),
)

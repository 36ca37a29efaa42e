"""A deleted Key Vault can be had back long enough."""

from ..kernel import HIGH, Rule, days
from ..kernel.checks import at_least
from ..kernel.standards import DELETION

RULE = Rule(
    id="DR-RET-017",
    title="A deleted Key Vault can be had back long enough",
    severity=HIGH,
    types=("azure-native:keyvault:Vault",),
    checks=(at_least("properties.softDeleteRetentionInDays", "minDays", absent=90),),
    thresholds=(days("minDays", 90, "how long a deleted vault or secret can be had back"),),
    why="The days cannot be changed once the vault exists; 7 is the shortest that Azure allows.",
    remedy="Leave properties.softDeleteRetentionInDays out (90) or set it when the vault is made.",
    serves=DELETION,
    see=("prowler keyvault_recoverable",),
)

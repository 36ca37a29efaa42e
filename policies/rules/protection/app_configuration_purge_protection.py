"""An App Configuration store cannot be purged."""

from ..kernel import HIGH, Rule
from ..kernel.checks import is_true
from ..kernel.standards import DELETION

RULE = Rule(
    id="DR-PRO-007",
    title="App Configuration stores cannot be purged",
    severity=HIGH,
    types=("azure-native:appconfiguration:ConfigurationStore",),
    checks=(is_true("enablePurgeProtection"),),
    why="A service that has lost its configuration does not start anywhere.",
    remedy="Set enablePurgeProtection to true (standard tier).",
    serves=DELETION,
    see=("checkov CKV_AZURE_187",),
)

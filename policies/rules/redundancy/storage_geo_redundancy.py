"""Storage accounts are copied to another region."""

from collections.abc import Iterator

from ..kernel import HIGH, Context, Resource, Rule
from ..kernel.checks import is_one_of
from ..kernel.standards import OTHER_REGION
from ..kernel.stateful import of_data

GEO = is_one_of("sku.name", "Standard_GRS", "Standard_RAGRS", "Standard_GZRS", "Standard_RAGZRS")
COPIES = "azure-native:storage:ObjectReplicationPolicy"


def copied(r: Resource, ctx: Context) -> Iterator[str]:
    """By its own redundancy, or by a policy that copies its objects to or from another account."""
    found = list(GEO(r, ctx))
    if found and ctx.stack.first_naming((COPIES,), "accountName", r) is None:
        yield from found


RULE = Rule(
    id="DR-GEO-002",
    title="Storage accounts are geo-redundant",
    severity=HIGH,
    types=("azure-native:storage:StorageAccount",),
    scope="stack",
    checks=(of_data(copied),),
    why="LRS and ZRS stay in one region. After an account failover the account is LRS until somebody changes it back.",
    remedy=(
        "Set sku.name to Standard_RAGZRS or Standard_RAGRS (GRS is not readable before a failover), or copy its "
        "objects by an ObjectReplicationPolicy."
    ),
    serves=OTHER_REGION,
    see=(
        "checkov CKV_AZURE_206",
        "Azure Policy bf045164-79ba-4215-8f95-f8048dc1780b",
        "prowler storage_geo_redundant_enabled",
    ),
)

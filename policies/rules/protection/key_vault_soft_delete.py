"""A Key Vault keeps what is deleted."""

from collections.abc import Iterator

from ..kernel import HIGH, Context, Resource, Rule
from ..kernel.checks import is_true
from ..kernel.standards import DELETION


def check(r: Resource, ctx: Context) -> Iterator[str]:
    # On unless told otherwise since this version of the API (Azure docs); before, off.
    yield from is_true("properties.enableSoftDelete", absent=not r.made_before("2019-09-01"))(r, ctx)


RULE = Rule(
    id="DR-PRO-006",
    title="Key Vaults keep what is deleted",
    severity=HIGH,
    types=("azure-native:keyvault:Vault",),
    checks=(check,),
    why="Azure turns it on unless told otherwise, since the API of 2019-09-01. Without it a deleted key is gone.",
    remedy="Leave properties.enableSoftDelete out, or set it to true.",
    fix={"properties.enableSoftDelete": True},
    serves=DELETION,
    see=("checkov CKV_AZURE_111", "Azure Policy 1e66c121-a66a-4b1f-9b83-0fd99bf0fc2d", "prowler keyvault_recoverable"),
)

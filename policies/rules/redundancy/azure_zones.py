"""What serves in Azure is spread over zones."""

from collections.abc import Iterator

from ..kernel import HIGH, MEDIUM, Context, Resource, Rule
from ..kernel.checks import is_one_of, is_true
from ..kernel.standards import REDUNDANCY


def tier(r: Resource, ctx: Context) -> Iterator[str]:
    if (r["sku.name"].text() or "").lower() == "automatic":
        return  # has the tier Standard always
    yield from is_one_of("sku.tier", "Standard", "Premium", "Paid")(r, ctx)


RULES = (
    Rule(
        id="DR-HAV-013",
        title="App Service plans are spread over zones",
        severity=HIGH,
        types=("azure-native:web:AppServicePlan",),
        checks=(is_true("zoneRedundant"),),
        why="Left out, all instances of a plan lie in one zone, and the app is lost with it.",
        remedy="Set zoneRedundant to true with a Premium sku and two instances or more.",
        serves=REDUNDANCY,
        see=("checkov CKV_AZURE_225",),
    ),
    Rule(
        id="DR-HAV-014",
        title="Event Hubs and Service Bus namespaces are spread over zones",
        severity=MEDIUM,
        types=("azure-native:eventhub:Namespace", "azure-native:servicebus:Namespace"),
        checks=(is_true("zoneRedundant"),),
        why="Events that were accepted and not read yet are lost with the zone that holds them.",
        remedy="Set zoneRedundant to true when the namespace is made (of Service Bus: Premium only).",
        serves=REDUNDANCY,
        see=("checkov CKV_AZURE_228", "Azure Policy ae243d87-5cf3-4dce-90bd-6d62be328de9"),
        differs=(
            "CKV_AZURE_228 judges the location alone: where a region has zones, Azure spreads a new namespace by "
            "itself. This rule wants zoneRedundant to be true, so that Azure refuses a namespace where there are no "
            "zones instead of making it in one place."
        ),
    ),
    Rule(
        id="DR-HAV-015",
        title="Container registries and their replications are spread over zones",
        severity=MEDIUM,
        types=("azure-native:containerregistry:Registry", "azure-native:containerregistry:Replication"),
        checks=(is_one_of("zoneRedundancy", "Enabled"),),
        why="A registry in one zone is away just when pods must be started in the others. It cannot be changed later.",
        remedy="Set zoneRedundancy to Enabled when the registry or replication is made (Premium).",
        serves=REDUNDANCY,
        see=("checkov CKV_AZURE_233", "Azure Policy 9d2b0a20-57d6-474c-9d12-44a4a20999c6"),
    ),
    Rule(
        id="DR-HAV-016",
        title="AKS has the tier whose control plane survives a zone",
        severity=MEDIUM,
        types=("azure-native:containerservice:ManagedCluster",),
        checks=(tier,),
        why="In the free tier nobody promises that the API server is there, and a failover starts pods through it.",
        remedy="Set sku.tier to Standard or Premium.",
        fix={"sku.name": "Base", "sku.tier": "Standard"},
        serves=REDUNDANCY,
        see=("checkov CKV_AZURE_170",),
    ),
)

"""
Azure. Regions and their pairs are those of the public cloud (Microsoft Learn: Azure regions list, region pairs).
A geo-restore and a geo-redundant copy can only be had in the paired region; some newer regions have none.
"""

from .facts import CloudFacts

PAIRS = (
    ("australiaeast", "australiasoutheast"), ("australiacentral", "australiacentral2"),
    ("canadacentral", "canadaeast"), ("centralindia", "southindia"), ("eastasia", "southeastasia"),
    ("eastus", "westus"), ("eastus2", "centralus"), ("francecentral", "francesouth"),
    ("germanywestcentral", "germanynorth"), ("japaneast", "japanwest"),
    ("jioindiacentral", "jioindiawest"), ("koreacentral", "koreasouth"),
    ("northcentralus", "southcentralus"), ("northeurope", "westeurope"), ("norwayeast", "norwaywest"),
    ("southafricanorth", "southafricawest"), ("swedencentral", "swedensouth"), ("switzerlandnorth", "switzerlandwest"),
    ("uaenorth", "uaecentral"), ("uksouth", "ukwest"), ("westcentralus", "westus2"),
)  # fmt: skip
UNPAIRED = (
    "austriaeast", "belgiumcentral", "chilecentral", "indonesiacentral", "israelcentral", "italynorth",
    "malaysiawest", "mexicocentral", "newzealandnorth", "polandcentral", "qatarcentral", "spaincentral",
)  # fmt: skip
# Their pair lies in one direction only: the other region is paired with somebody else, or closed to customers.
ONE_WAY = {
    "brazilsouth": "southcentralus",
    "westindia": "southindia",
    "westus3": "eastus",
    "brazilsoutheast": "brazilsouth",
}

AZURE = CloudFacts(
    name="azure",
    regions={
        **dict.fromkeys(UNPAIRED),
        **ONE_WAY,
        **dict(PAIRS),
        **{second: first for first, second in PAIRS},
    },
    account=r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
    account_is="an Azure subscription id such as 6f1c9a1e-8f6b-4a51-9b4c-0d7f0a4f8b11",
)

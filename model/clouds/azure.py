"""
Azure. Regions and their pairs are those of the public cloud (Microsoft Learn: Azure regions list, region pairs).
A geo-restore and a geo-redundant copy can only be had in the paired region; some newer regions have none.
"""

import zlib
from datetime import timedelta
from typing import TYPE_CHECKING

from .facts import CloudFacts, Gone, ServiceRules, StepTime, StoreFacts, StoreRules

if TYPE_CHECKING:
    from model.plan import Plan
    from model.stores import Registry

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

# Regions in which a standby and a storage account stay in one zone (Microsoft Learn: Azure regions list).
WITHOUT_ZONES = frozenset({
    "australiacentral", "australiacentral2", "australiasoutheast", "brazilsoutheast", "canadaeast", "francesouth",
    "germanynorth", "jioindiacentral", "jioindiawest", "koreasouth", "northcentralus", "norwaywest", "southafricawest",
    "southindia", "swedensouth", "switzerlandwest", "uaecentral", "ukwest", "westcentralus", "westindia", "westus",
})  # fmt: skip

TIERS = {"B": "Burstable", "GP": "GeneralPurpose", "MO": "MemoryOptimized"}
"""How a size of a database begins, and what the Resource Manager calls it."""
DEFAULT_SIZE = "GP_Standard_D2ds_v5"
"""The smallest that can have a standby and a replica."""
CACHE_SIZES = {
    "Balanced_B1": 1, "Balanced_B3": 3, "Balanced_B5": 6, "Balanced_B10": 12, "Balanced_B20": 24, "Balanced_B50": 60,
    "Balanced_B100": 120, "Balanced_B150": 180, "Balanced_B250": 240, "Balanced_B350": 360, "Balanced_B500": 480,
    "Balanced_B700": 720, "Balanced_B1000": 960, "FlashOptimized_A1500": 1500, "FlashOptimized_A2000": 2000,
    "FlashOptimized_A4500": 4500,
}  # fmt: skip
"""How many GB the sizes of a cache hold, the smallest first (Microsoft Learn: Azure Managed Redis, sizes)."""
DEFAULT_APP_SIZE = "P0v3"
"""The smallest that has slots, and that its makers still offer for years to come."""

STORE_RULES = {
    # Flexible Server: PITR 7 to 35 days; Burstable has neither replicas nor high availability; a geo-redundant backup
    # is restored in the paired region alone (Microsoft Learn: limits, read replicas, backup and restore).
    "postgres": StoreRules(
        size=r"(B|GP|MO)_Standard_[A-Z]+[0-9]+[A-Za-z0-9]*(_v[0-9])?",
        size_is="a tier and a size such as GP_Standard_D2ds_v5",
        alone=r"B_.*",
        pitr_days=(7, 35),
        copied_to_pair=True,
        copied_within=timedelta(hours=1),
    ),
    # Cosmos DB: continuous backups of 7 or of 30 days.
    "documents": StoreRules(pitr_days=(7, 30)),
    # Fixed when the vault is made, and never shortened (Key Vault: soft delete).
    "vault": StoreRules(soft_delete_days=(7, 90)),
    "registry": StoreRules(untagged_days=(0, 365)),
    # An account is the source of two policies and the destination of two (Blob Storage: object replication).
    "objects": StoreRules(most_copies=2),
    # Azure Managed Redis (Microsoft Learn: tiers and sizes).
    "redis": StoreRules(
        size=r"(Balanced_B|MemoryOptimized_M|ComputeOptimized_X|FlashOptimized_A)[0-9]+",
        size_is="a size of Azure Managed Redis such as Balanced_B5",
    ),
}
SERVICE_RULES = {
    # App Service limits: instances of a plan, and slots from Standard on.
    "web_app": ServiceRules(
        size=r"(B[1-3]|S[1-3]|P[0-5]m?v[2-4])",
        size_is="a size of an App Service plan such as P1v3",
        most={r"B.*": 3, r"S.*": 10, r"P.*": 30},
        no_slots=r"B.*",
        taken_slots=("production",),
        alone_behind_door=True,
    ),
}
GONE = (
    Gone(
        "`az front-door` or `az network front-door`",
        "classic Front Door takes no new profiles since 1 April 2025 and retires on 31 March 2027, and no profile is "
        "edited while the global control plane is frozen",
        "a site claims the traffic through its own storage account, which `global_front_door` follows too, and "
        "`dr failover` does that",
    ),
    Gone(
        "one resource group for all regions",
        "nothing in a group can be managed while the region of the group is lost",
        "each site has a group of its own in its own region, and what is global is in that of the witness",
    ),
    Gone(
        "`az network traffic-manager endpoint update`",
        "an outage may freeze the global control plane just when it is needed",
        "endpoints follow the sites' claims, and `dr failover` changes none of them",
    ),
    Gone(
        "`az postgres server`",
        "single servers were retired on 28 March 2025",
        "the component is a flexible server, whose replica `dr failover` promotes",
        kind="postgres",
    ),
    Gone(
        "a new Azure Cache for Redis",
        "Enterprise tiers retire on 31 March 2027, Basic, Standard and Premium on 30 September 2028, and a tenant that "
        "had none before 1 April 2026 cannot make one",
        "Azure Managed Redis takes its place",
        kind="redis",
    ),
    Gone(
        "a geo-replica of a cache that persists itself",
        "linked servers and persistence exclude each other, and Azure Managed Redis is replicated between regions only "
        "by active geo-replication, of which every member is written to and none persists itself",
        "each site has a cache of its own, which `dr failover` fills with a snapshot that lies there or leaves empty",
        kind="redis",
    ),
    Gone(
        "`az cosmosdb failover-priority-change` in an outage",
        "changing priorities needs both regions, so it hangs or makes matters worse while one of them is lost",
        "the lost region is taken offline, which the vendor alone can undo",
        kind="documents",
    ),
    Gone(
        "a restore of one database of Cosmos DB under another name",
        "only deleted databases are restored in their account, under their own names",
        "what was corrupted is restored into a new account",
        kind="documents",
    ),
    Gone(
        "`az acr import` from the data endpoint of a replica",
        "a data endpoint hands out layers and is no login server, and a replica has what the registry has, what is "
        "spoiled or deleted with it",
        "a tag is set back to the digest that it had before, for as long as untagged images are kept",
        kind="registry",
    ),
    Gone(
        "a failover of a storage account (`az storage account failover`)",
        "an account that takes part in object replication cannot be failed over, and any other is left with local "
        "redundancy and without what was written after its last sync time",
        "each site has an account of its own that is written to there, and has copies of the others' objects",
        kind="objects",
    ),
    Gone(
        "the daily export of a vault's secret metadata",
        "it restores nothing, and a backup of a secret is restored in its own subscription and geography alone",
        "each site has a vault of its own in its own region",
        kind="vault",
    ),
)

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
    example_account="6f1c9a1e-8f6b-4a51-9b4c-0d7f0a4f8b11",
    example_regions=("northeurope", "westeurope", "swedencentral"),
    recovery_name=lambda plan, site: storage_account(plan, site, "recovery"),
    stores={
        # The log and its snapshots are kept as one backup (Flexible Server: backup and restore).
        "postgres": StoreFacts(
            replication=("asynchronous", "none"), snapshots_outlive_log=False, promoted_sends_backups=False
        ),
        "vault": StoreFacts(),
        "registry": StoreFacts(),
        "objects": StoreFacts(archive_classes=("Cool", "Cold", "Archive"), receiver_names_copies=True),
        # Active geo-replication has as many writers as regions, and is not declared here.
        "redis": StoreFacts(replication=("none",)),
    },
    services=("web_app",),
    sites_behind_one_door=5,  # Front Door: an origin has one of five priorities
    # Microsoft Learn, Flexible Server: read replicas, high availability, backup and restore ("from a few minutes to a
    # few hours").
    step_times={
        "promote_database": StepTime(180, 600, "assumed: a promoted replica restarts and replays what it has"),
        "fail_over_database": StepTime(90, 120, "Microsoft Learn: a failover takes 60 to 120 seconds"),
        "build_compute": StepTime(300, 900, "assumed: an App Service plan, then its apps"),
        "build_store": StepTime(1200, 3600, "assumed: a server is made from a backup"),
    },
    store_rules=STORE_RULES,
    service_rules=SERVICE_RULES,
    gone=GONE,
)


LOGINS = "logins"
"""The vault of a site that holds how to log in to its stores, in the place of the name of a store."""

# The names that Azure's own rules make differ from ours (Microsoft Learn: naming rules for resources). What is global
# is taken for everybody: a real deployment needs an unusual system name, as everywhere.


def resource_group(plan: "Plan", site: str) -> str:
    """The group of a site, in the site's own region: while that is lost, nothing in the group can be managed."""
    return f"{plan.system}-{site}"


def storage_account(plan: "Plan", site: str, store: str) -> str:
    """Lower case letters and digits, 24 at most, taken for everybody: `cometprimaryrecovery`."""
    return within(24, f"{plan.system}{site}{store}".replace("-", ""), join="")


def container(store: str) -> str:
    """What a site writes its objects of a store into, and no other site: 63 characters at most."""
    return f"{store}-objects"


def copies(store: str, writer: str) -> str:
    """What another site has of them. Nobody writes into it, because the destination of a copy is closed to that."""
    return within(63, f"{store}-from-{writer}")


def sends_outside(plan: "Plan", region: str) -> str | None:
    """The region that a geo-redundant account sends to, or None where it has no pair or data may not lie there."""
    pair = AZURE.regions[region]
    return pair if pair in plan.residency.allowed_regions else None


def vault(plan: "Plan", site: str, store: str) -> str:
    """Letters, digits and single hyphens, 24 at most, taken for everybody."""
    return within(24, f"{plan.system}-{site}-{store}")


def cache(plan: "Plan", site: str, store: str) -> str:
    """Letters, digits and single hyphens, 60 at most, taken for everybody in its region."""
    return within(60, f"{plan.system}-{site}-{store}")


def cache_size(memory_gb: int) -> str:
    """The smallest that holds so much."""
    return next(size for size, holds in CACHE_SIZES.items() if holds >= memory_gb)


def registry(plan: "Plan", store: str) -> str:
    """Letters and digits, 50 at most, taken for everybody. One for all sites: it is copied by the cloud itself."""
    return within(50, f"{plan.system}{store}".replace("-", ""), join="")


def registry_regions(plan: "Plan", store: "Registry") -> tuple[str, ...]:
    """
    The regions that the images of a registry lie in, its own first: one that they are copied to, because only there
    can be changed which copies are used, and that must not end with the region that is served from.
    """
    sites = [*(plan.site(name) for name in store.replicate_to), plan.primary]
    return tuple(dict.fromkeys(site.region for site in sites if site.cloud == "azure"))


def app(plan: "Plan", site: str, service: str) -> str:
    """What runs a service: 60 characters at most together with the name of a slot, taken for everybody."""
    return within(40, f"{plan.system}-{site}-{service}")


def profile(plan: "Plan", *, child: str = "") -> str:
    """A Traffic Manager profile: the plan's own, or the one nested in it for a site. Taken for everybody."""
    return within(63, f"{plan.system}-{child}" if child else plan.system)


def firewall(plan: "Plan") -> str:
    """The web firewall of the global front door: letters and digits, beginning with a letter."""
    return within(63, f"{plan.system}firewall".replace("-", ""), join="")


def network(plan: "Plan", site: str) -> str:
    """The network of a site. Its subnets are called after what is in them: `apps`, `jobs`, `stores`."""
    return f"{plan.system}-{site}"


def private_zone(plan: "Plan", site: str) -> str:
    """The private DNS zone of a site's databases. Its name has to end so (Microsoft Learn: private access)."""
    return f"{network(plan, site)}.private.postgres.database.azure.com"


CACHE_ZONE = "privatelink.redis.azure.net"
"""The private DNS zone in which a site finds its caches by their public names (Microsoft Learn: private endpoints)."""


def within(longest: int, name: str, *, join: str = "-") -> str:
    """A longer name ends in a digest of itself."""
    if len(name) <= longest:
        return name
    return f"{name[: longest - 8 - len(join)].rstrip('-')}{join}{zlib.crc32(name.encode()):08x}"

"""Azure's backup vaults store elsewhere and can restore there."""

from collections.abc import Iterator

from ..kernel import CRITICAL, Context, Resource, Rule
from ..kernel.standards import BACKUP, OTHER_REGION


def storage(r: Resource, ctx: Context) -> Iterator[str]:
    if "recoveryservices" in r.type:
        node = r["properties.redundancySettings.standardTierStorageRedundancy"]
        kinds = ["GeoRedundant" if node.raw is None else node.text() or ""]  # what Azure takes when it is left out
        where = node.path
    else:
        kinds = [setting["type"].text() or "" for setting in r["properties.storageSettings"].items()]
        where = "properties.storageSettings"
    if not any(kind.lower() == "georedundant" for kind in kinds):
        yield f"{where} has no GeoRedundant storage"


def cross_region_restore(r: Resource, ctx: Context) -> Iterator[str]:
    if "recoveryservices" in r.type:
        node = r["properties.redundancySettings.crossRegionRestore"]
    else:
        node = r["properties.featureSettings.crossRegionRestoreSettings.state"]
    if (node.text() or "").lower() != "enabled":
        yield f"{node.path} is {node.shown()}, needs to be Enabled"


RULE = Rule(
    id="DR-GEO-009",
    title="Azure backup vaults store in and restore to the paired region",
    severity=CRITICAL,
    types=("azure-native:dataprotection:BackupVault", "azure-native:recoveryservices:Vault"),
    checks=(storage, cross_region_restore),
    why=(
        "Geo-redundant storage alone can be read only after Azure declares the region lost; cross-region restore lets "
        "you decide. Redundancy is fixed once something is protected."
    ),
    remedy="Set the storage to GeoRedundant and cross-region restore to Enabled when the vault is made.",
    serves=(*BACKUP, *OTHER_REGION),
    see=("Azure Policy 8f09fda1-91a2-4e14-96a2-67c6281158f7",),
)

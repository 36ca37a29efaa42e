"""Backups of Azure SQL databases are kept in another region too."""

from ..kernel import HIGH, Rule
from ..kernel.checks import is_one_of
from ..kernel.standards import BACKUP, OTHER_REGION

RULE = Rule(
    id="DR-GEO-010",
    title="Backups of Azure SQL databases are geo-redundant",
    severity=HIGH,
    types=("azure-native:sql:Database",),
    checks=(is_one_of("requestedBackupStorageRedundancy", "Geo", "GeoZone", absent="Geo"),),
    why=(
        "Geo restore, the last resort when a region is lost, reads geo-redundant backups only. Left out, Azure "
        "takes Geo."
    ),
    remedy="Leave requestedBackupStorageRedundancy out, or set it to Geo or GeoZone.",
    serves=(*BACKUP, *OTHER_REGION),
    see=("Azure Policy d38fc420-0735-4ef3-ac11-c806f651a570",),
)

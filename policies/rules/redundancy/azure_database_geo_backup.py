"""Backups of Azure databases are kept in the paired region too."""

from ..kernel import CRITICAL, Rule
from ..kernel.checks import is_one_of, unless
from ..kernel.following import is_azure_replica
from ..kernel.standards import BACKUP, OTHER_REGION

RULE = Rule(
    id="DR-GEO-001",
    title="Backups of Azure PostgreSQL and MySQL are geo-redundant",
    severity=CRITICAL,
    types=("azure-native:dbforpostgresql:Server", "azure-native:dbformysql:Server"),
    checks=(unless(is_azure_replica, is_one_of("backup.geoRedundantBackup", "Enabled")),),
    why=(
        "Left out it is Disabled, and the backups burn with the region. It can be set only when the server is made; "
        "a later change shows as an update in the preview and is refused by Azure. Read replicas are exempt: Azure "
        "makes no backups of them."
    ),
    remedy="Set backup.geoRedundantBackup to Enabled when the server is made.",
    serves=(*BACKUP, *OTHER_REGION),
    see=(
        "checkov CKV_AZURE_136",
        "checkov CKV_AZURE_94",
        "Azure Policy cee2f9fd-3968-44be-a863-bd62c9884423",
        "prowler postgresql_flexible_server_geo_redundant_backup_enabled",
        "prowler mysql_flexible_server_geo_redundant_backup_enabled",
    ),
    differs="CKV_AZURE_94 judges single servers too, a service that Azure has retired; this rule flexible servers.",
)

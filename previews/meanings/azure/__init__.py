"""What Azure resources mean for recovery."""

from previews.meanings.azure.alarms import ALARM_GUARDS, ALARMS
from previews.meanings.azure.backups import BACKUP_GUARDS, BACKUPS
from previews.meanings.azure.databases import DATABASE_GUARDS, DATABASES
from previews.meanings.azure.exposure import EXPOSURE
from previews.meanings.azure.routing import ROUTING, ROUTING_GUARDS
from previews.meanings.azure.services import SERVICE_GUARDS, SERVICES
from previews.meanings.azure.storage import STORAGE, STORAGE_GUARDS
from previews.meanings.azure.stores import HOLDINGS as AZURE_STORES

AZURE = (*DATABASES, *STORAGE, *BACKUPS, *SERVICES, *ROUTING, *ALARMS, *EXPOSURE)
AZURE_GUARDS = (
    *DATABASE_GUARDS,
    *STORAGE_GUARDS,
    *BACKUP_GUARDS,
    *SERVICE_GUARDS,
    *ROUTING_GUARDS,
    *ALARM_GUARDS,
)

__all__ = ["AZURE", "AZURE_GUARDS", "AZURE_STORES"]

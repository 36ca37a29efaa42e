"""How Azure names things of ours from elsewhere: IDs and host names, worked out from the plan alone."""

import uuid
from typing import TYPE_CHECKING

from model import names
from model.clouds import azure

if TYPE_CHECKING:
    from model import Plan

ROLES = {
    "Storage Blob Data Contributor": "ba92f5b4-2d11-453d-a403-e96b0029c9fe",
    "Storage Blob Data Reader": "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1",
    "Key Vault Secrets User": "4633458b-17de-408a-b874-0445c86b69e6",
    "AcrPull": "7f951dda-4ed3-4680-a7ca-43fe172d538d",
}
"""Built-in roles, by the ID that each has in every subscription (Microsoft Learn: Azure built-in roles)."""


def group(plan: "Plan", site: str) -> str:
    return f"/subscriptions/{plan.site(site).account}/resourceGroups/{azure.resource_group(plan, site)}"


def server(plan: "Plan", site: str, store: str, incarnation: int) -> str:
    """How a replica in another region names its source."""
    identifier = names.store_identifier(plan, site, store, incarnation)
    return f"{group(plan, site)}/providers/Microsoft.DBforPostgreSQL/flexibleServers/{identifier}"


def account(plan: "Plan", site: str, store: str) -> str:
    return f"{group(plan, site)}/providers/Microsoft.Storage/storageAccounts/{azure.storage_account(plan, site, store)}"


def container(plan: "Plan", site: str, store: str, name: str) -> str:
    return f"{account(plan, site, store)}/blobServices/default/containers/{name}"


def vault(plan: "Plan", site: str, store: str) -> str:
    return f"{group(plan, site)}/providers/Microsoft.KeyVault/vaults/{azure.vault(plan, site, store)}"


def blob_host(plan: "Plan", site: str, store: str) -> str:
    return f"{azure.storage_account(plan, site, store)}.blob.core.windows.net"


def app_host(plan: "Plan", site: str, service: str) -> str:
    return f"{azure.app(plan, site, service)}.azurewebsites.net"


def registry(plan: "Plan", store: str) -> str:
    where = group(plan, plan.fencing.witness)
    return f"{where}/providers/Microsoft.ContainerRegistry/registries/{azure.registry(plan, store)}"


def registry_host(plan: "Plan", store: str) -> str:
    return f"{azure.registry(plan, store)}.azurecr.io"


def role(subscription: str, name: str) -> str:
    return f"/subscriptions/{subscription}/providers/Microsoft.Authorization/roleDefinitions/{ROLES[name]}"


def assignment(*parts: str) -> str:
    """The name of a role assignment has to be a GUID; this one is the same for the same parts."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, "/".join(parts)))

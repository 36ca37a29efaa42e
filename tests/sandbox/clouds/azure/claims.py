"""Where a site claims the traffic: a container that everybody may read, in an account of its own."""

from typing import Any

from azure.identity import DefaultAzureCredential
from azure.mgmt.storage import StorageManagementClient
from azure.storage.blob import BlobServiceClient, ContainerClient


def claims_in(
    storage: StorageManagementClient, group: str, account: str, region: str, credential: DefaultAzureCredential
) -> ContainerClient:
    """Make both, and give the container."""
    body: Any = {
        "location": region, "kind": "StorageV2", "sku": {"name": "Standard_LRS"},
        "properties": {"allowBlobPublicAccess": True},
    }  # fmt: skip
    opened: Any = {"properties": {"publicAccess": "Blob"}}
    storage.storage_accounts.begin_create(group, account, body).result()
    storage.blob_containers.create(group, account, "claims", opened)
    service = BlobServiceClient(f"https://{account}.blob.core.windows.net", credential=credential)
    return service.get_container_client("claims")

"""Azure blobs keep versions, and every storage account says so."""

from collections.abc import Iterator

from ..kernel import HIGH, Context, Resource, Rule
from ..kernel.checks import is_true
from ..kernel.standards import BACKUP
from ..kernel.stateful import of_data

PROPERTIES = "azure-native:storage:BlobServiceProperties"


def has_properties(r: Resource, ctx: Context) -> Iterator[str]:
    if (r["kind"].text() or "").lower() == "filestorage":
        return  # holds no blobs
    if ctx.stack.first_naming((PROPERTIES,), "accountName", r) is None:
        yield "no BlobServiceProperties names this account: no versions, no soft delete"


RULES = (
    Rule(
        id="DR-IMM-007",
        title="Azure blobs keep versions and a change feed",
        severity=HIGH,
        types=(PROPERTIES,),
        checks=(is_true("isVersioningEnabled"), of_data(is_true("changeFeed.enabled"))),
        why="Object replication and point-in-time restore both need versions and the change feed.",
        remedy="Set isVersioningEnabled and changeFeed.enabled to true.",
        fix={"isVersioningEnabled": True, "changeFeed.enabled": True},
        serves=BACKUP,
        see=("Azure Policy c36a325b-ae04-4863-ad4f-19c6678f8e08", "prowler storage_blob_versioning_is_enabled"),
    ),
    Rule(
        id="DR-IMM-008",
        title="Every storage account has blob protection",
        severity=HIGH,
        types=("azure-native:storage:StorageAccount",),
        scope="stack",
        checks=(has_properties,),
        why="The protection of blobs is a resource of its own: an account without it has none.",
        remedy="Add BlobServiceProperties (blobServicesName default) with versions and soft delete.",
        serves=BACKUP,
    ),
)

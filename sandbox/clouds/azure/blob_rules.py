"""What accounts, containers and policies say of the blobs in them: for the service that keeps them, and for copies."""

from sandbox.clouds.azure.kind import Record, get

KEPT_VERSIONS_OF = "properties.immutableStorageWithVersioning"
KEPT_VERSIONS = f"{KEPT_VERSIONS_OF}.immutabilityPolicy"


def container_id(account: Record, container: object) -> str:
    return f"{account.id.text}/blobServices/default/containers/{container}"


def keeps_versions(*holders: Record | None) -> bool:
    """
    Is immutability of an account, or of a container, that of versions? Then what is written over or deleted stays as an
    earlier version; else nothing is changed at all.
    """
    return any(each is not None and get(each.body, f"{KEPT_VERSIONS_OF}.enabled") is True for each in holders)


def is_named(policy: Record, which: str, account: Record) -> bool:
    """Is an account the `sourceAccount`, or the `destinationAccount`, of a policy of object replication?"""
    return str(policy.properties[which]).strip("/").lower() == account.id.text.strip("/").lower()

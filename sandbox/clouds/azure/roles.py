"""
Who may do what: role definitions and role assignments, looked at on every call.

The permissions are those of Microsoft's "Azure built-in roles", reduced to the services that a world has.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True)
class Role:
    """`actions` are of the Resource Manager, `data` those of the data planes; `*` stands for anything."""

    name: str
    actions: tuple[str, ...] = ()
    not_actions: tuple[str, ...] = ()
    data: tuple[str, ...] = ()
    not_data: tuple[str, ...] = ()

    def allows(self, action: str, *, data: bool) -> bool:
        granted, denied = (self.data, self.not_data) if data else (self.actions, self.not_actions)
        return _any(granted, action) and not _any(denied, action)


BLOBS = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs"
IMAGES = "Microsoft.ContainerRegistry/registries"
DELEGATION = "Microsoft.Storage/storageAccounts/blobServices/generateUserDelegationKey"
_READ_ACCOUNT = ("Microsoft.Storage/storageAccounts/blobServices/containers/read",)
BUILT_IN = {
    "8e3af657-a8ff-443c-a75c-2fe8c4bcb635": Role("Owner", ("*",)),
    "b24988ac-6180-42a0-ab88-20f7382dd24c": Role(
        "Contributor", ("*",), ("Microsoft.Authorization/*/delete", "Microsoft.Authorization/*/write")
    ),
    "acdd72a7-3385-48ef-bd42-f606fba81ae7": Role("Reader", ("*/read",)),
    "00482a5a-887f-4fb3-b363-3b7fe8e74483": Role(
        "Key Vault Administrator", ("*/read",), data=("Microsoft.KeyVault/vaults/*",)
    ),
    "b86a8fe4-44ce-4948-aee5-eccb2c155cd7": Role(
        "Key Vault Secrets Officer", ("*/read",), data=("Microsoft.KeyVault/vaults/secrets/*",)
    ),
    "4633458b-17de-408a-b874-0445c86b69e6": Role(
        "Key Vault Secrets User",
        data=(
            "Microsoft.KeyVault/vaults/secrets/getSecret/action",
            "Microsoft.KeyVault/vaults/secrets/readMetadata/action",
        ),
    ),
    "b7e6dc6d-f1e8-4753-8033-0f276bb0955b": Role(
        "Storage Blob Data Owner",
        ("Microsoft.Storage/storageAccounts/blobServices/containers/*", f"{DELEGATION}/action"),
        data=(f"{BLOBS}/*",),
    ),
    "ba92f5b4-2d11-453d-a403-e96b0029c9fe": Role(
        "Storage Blob Data Contributor",
        ("Microsoft.Storage/storageAccounts/blobServices/containers/*", f"{DELEGATION}/action"),
        data=tuple(f"{BLOBS}/{verb}" for verb in ("read", "write", "delete", "add/action", "move/action")),
    ),
    "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1": Role("Storage Blob Data Reader", _READ_ACCOUNT, data=(f"{BLOBS}/read",)),
    "de139f84-1756-47ae-9be6-808fbbe84772": Role(
        "Website Contributor",
        (
            *("Microsoft.Web/sites/*", "Microsoft.Web/serverFarms/read", "Microsoft.Web/serverFarms/join/action"),
            *("Microsoft.Resources/subscriptions/resourceGroups/read", "Microsoft.Authorization/*/read"),
        ),
    ),
    "a4b10055-b0c7-44c2-b00f-c7b5b3550cf7": Role(
        "Traffic Manager Contributor",
        ("Microsoft.Network/trafficManagerProfiles/*", "Microsoft.Resources/subscriptions/resourceGroups/read"),
    ),
    "43d0d8ad-25c7-4714-9337-8ba259a9fe05": Role("Monitoring Reader", ("*/read",)),
    "7f951dda-4ed3-4680-a7ca-43fe172d538d": Role("AcrPull", (f"{IMAGES}/pull/read",)),
    "8311e382-0749-4cb8-b61a-304f252e45ec": Role("AcrPush", (f"{IMAGES}/pull/read", f"{IMAGES}/push/write")),
    "c2f4ef07-c644-48eb-af81-4b1b4947fb11": Role("AcrDelete", (f"{IMAGES}/artifacts/delete",)),
    "f1a07417-d97a-45cb-824c-7a7467783830": Role(
        "Managed Identity Operator",
        (
            "Microsoft.ManagedIdentity/userAssignedIdentities/*/read",
            "Microsoft.ManagedIdentity/userAssignedIdentities/*/assign/action",
        ),
    ),
}
OPERATOR = (
    "8e3af657-a8ff-443c-a75c-2fe8c4bcb635",
    "00482a5a-887f-4fb3-b363-3b7fe8e74483",
    "b7e6dc6d-f1e8-4753-8033-0f276bb0955b",
)
"""What the operator of a world holds on its subscriptions: being their owner alone opens no vault and no blob."""


@cache
def _pattern(pattern: str) -> re.Pattern[str]:
    return re.compile(".*".join(re.escape(part) for part in pattern.split("*")), re.IGNORECASE)


def _any(patterns: Iterable[str], action: str) -> bool:
    return any(_pattern(each).fullmatch(action) for each in patterns)


def covers(scope: str, resource: str) -> bool:
    """Does something that stands on `scope` hold for `resource`? Both are IDs."""
    scope, resource = scope.lower().rstrip("/"), resource.lower()
    return resource == scope or resource.startswith(f"{scope}/")

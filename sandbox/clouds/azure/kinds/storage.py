"""Storage accounts, their blob service, containers and the policies that keep blobs from being changed."""

import re

from model.clouds.azure import AZURE
from sandbox.clouds.azure.blobs import BlobStore
from sandbox.clouds.azure.errors import ArmError, not_done
from sandbox.clouds.azure.ids import ResourceId
from sandbox.clouds.azure.kind import ABSENT, Action, Body, Kind, Record, get
from sandbox.clouds.azure.kinds.network import check_subnets

VERSIONS = ("2022-09-01", "2023-01-01", "2023-05-01", "2024-01-01", "2025-01-01", "2025-06-01", "2026-09-01")
GEO = ("Standard_GRS", "Standard_RAGRS", "Standard_GZRS", "Standard_RAGZRS")
NAME = re.compile(r"[a-z0-9]{3,24}")
CONTAINER = re.compile(r"(?!.*--)[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")


class StorageAccount(Kind):
    """Its name is taken for everybody. The blobs of one lie in `BlobStore`."""

    type = "Microsoft.Storage/storageAccounts"
    versions = VERSIONS
    regional = True
    created_status = 200
    create_only = ("properties.isHnsEnabled", "properties.immutableStorageWithVersioning")
    defaults = {
        "properties.supportsHttpsTrafficOnly": True,
        "properties.minimumTlsVersion": "TLS1_2",
        "properties.allowBlobPublicAccess": False,
        "properties.accessTier": "Hot",
    }

    def check(self, new: Record, old: Record | None) -> None:
        name, sku = new.id.name, str((new.body.get("sku") or {}).get("name", ""))
        if not NAME.fullmatch(name):
            raise ArmError(400, "AccountNameInvalid", f"{name} is not a valid storage account name.")
        if not sku:
            raise ArmError(400, "SkuMissing", "The property 'sku' is required.")
        if old is None and self.world.named(self.type, name) is not None:
            raise ArmError(409, "StorageAccountAlreadyTaken", f"The storage account named {name} is already taken.")
        if sku in GEO and AZURE.regions.get(new.location) is None:
            message = f"{sku} is not available in {new.location}: the region has no pair."
            raise ArmError(400, "InvalidSkuForRegion", message)
        check_subnets(self.store, new.properties.get("networkAcls"), "Microsoft.Storage")
        if new.properties.get("isHnsEnabled"):
            raise not_done("storage accounts with a hierarchical namespace")

    def remove(self, record: Record) -> None:
        self.world.context.one(BlobStore).forget_account(record.id.name)

    def shown(self, record: Record) -> Body:
        name, sku = record.id.name, str(record.body["sku"]["name"])
        shown: Body = {
            **super().shown(record),
            "primaryEndpoints": {"blob": f"https://{name}.blob.core.windows.net/"},
            "primaryLocation": record.location,
            "statusOfPrimary": "available",
            "creationTime": record.created.isoformat(),
        }
        if sku in GEO:
            shown.update(secondaryLocation=AZURE.regions[record.location], statusOfSecondary="available")
        return shown

    def actions(self) -> dict[str, Action]:
        return {"listKeys": self._no_keys}

    def _no_keys(self, record: Record, body: Body) -> Body:
        raise ArmError(
            403, "KeyBasedAuthenticationNotPermitted", "Accounts of the sandbox have no keys: ask with a role instead."
        )


class BlobService(Kind):
    """`default` is there with its account."""

    type = "Microsoft.Storage/storageAccounts/blobServices"
    versions = VERSIONS
    taken_methods = ("GET", "PUT")
    created_status = 200

    def implicit(self, identity: ResourceId) -> Record | None:
        found = identity.name == "default" and self.store.find(identity.parent or "") is not None
        return Record(identity, {"properties": {}}) if found else None

    def check(self, new: Record, old: Record | None) -> None:
        if new.id.name != "default":
            raise ArmError(400, "InvalidResourceName", "The name of a blob service is 'default'.")
        restore = new.properties.get("restorePolicy") or {}
        kept = new.properties.get("deleteRetentionPolicy") or {}
        if restore.get("enabled") and not (restore.get("days", 0) < kept.get("days", 0)):
            message = "restorePolicy.days must be less than deleteRetentionPolicy.days."
            raise ArmError(400, "InvalidXmlNodeValue", message)

    def shown(self, record: Record) -> Body:
        return {}


class Container(Kind):
    """One made over the data plane is seen here, and the other way round."""

    type = "Microsoft.Storage/storageAccounts/blobServices/containers"
    versions = VERSIONS
    create_only = ("properties.immutableStorageWithVersioning",)
    defaults = {"properties.publicAccess": "None"}

    def check(self, new: Record, old: Record | None) -> None:
        if not CONTAINER.fullmatch(new.id.name):
            raise ArmError(400, "ContainerOperationFailure", f"{new.id.name} is not a valid container name.")
        account = self.world.named(StorageAccount.type, new.id.names[0])
        public = account is not None and account.properties.get("allowBlobPublicAccess")
        if new.properties["publicAccess"] not in {"None", "Blob"}:
            raise not_done(f"publicAccess {new.properties['publicAccess']} of a container")
        if new.properties["publicAccess"] != "None" and not public:
            raise ArmError(409, "PublicAccessNotPermitted", "Public access is not permitted on this storage account.")

    def check_gone(self, record: Record) -> None:
        policy = self.store.find(f"{record.id.text}/immutabilityPolicies/default")
        locked = policy is not None and policy.held.get("state") == "Locked"
        if locked and self.world.context.one(BlobStore).names(record.id.names[0], record.id.name):
            message = "The container has a locked immutability policy and holds blobs."
            raise ArmError(409, "ContainerProtectedFromDeletion", message)

    def remove(self, record: Record) -> None:
        self.world.context.one(BlobStore).forget_container(record.id.names[0], record.id.name)

    def shown(self, record: Record) -> Body:
        policy = self.store.find(f"{record.id.text}/immutabilityPolicies/default")
        return {"hasImmutabilityPolicy": policy is not None, "hasLegalHold": False, "leaseStatus": "Unlocked"}


class ImmutabilityPolicy(Kind):
    """Locking one is an action, and cannot be taken back: from then on its period can only grow."""

    type = "Microsoft.Storage/storageAccounts/blobServices/containers/immutabilityPolicies"
    versions = VERSIONS
    created_status = 200

    def check(self, new: Record, old: Record | None) -> None:
        days = new.properties.get("immutabilityPeriodSinceCreationInDays")
        if not isinstance(days, int) or not 1 <= days <= 146000:
            message = "immutabilityPeriodSinceCreationInDays must be between 1 and 146000."
            raise ArmError(400, "InvalidImmutabilityPolicy", message)
        if old is not None and old.held.get("state") == "Locked":
            before = get(old.body, "properties.immutabilityPeriodSinceCreationInDays")
            if before is not ABSENT and days < before:
                raise _locked()

    def check_gone(self, record: Record) -> None:
        if record.held.get("state") == "Locked":
            raise _locked()

    def shown(self, record: Record) -> Body:
        return {"state": record.held.get("state", "Unlocked")}

    def shown_beside(self, record: Record) -> Body:
        return {"etag": '"8d59f81a7fa7be0"'}

    def actions(self) -> dict[str, Action]:
        return {"lock": self._lock, "extend": self._extend}

    def _lock(self, record: Record, body: Body) -> Body:
        record.held["state"] = "Locked"
        return self.document(record)

    def _extend(self, record: Record, body: Body) -> Body:
        wanted = Record(record.id, {"properties": {**record.properties, **body.get("properties", {})}})
        self.check(wanted, record)
        record.body = wanted.body
        return self.document(record)


def _locked() -> ArmError:
    return ArmError(409, "ContainerImmutabilityPolicyLocked", "The immutability policy is locked.")


KINDS = (StorageAccount, BlobService, Container, ImmutabilityPolicy)

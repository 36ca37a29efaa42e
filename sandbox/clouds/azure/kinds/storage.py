"""Storage accounts, their blob service, containers and the policies that keep blobs from being changed."""

import re
from datetime import UTC, datetime
from typing import Any

from model.clouds.azure import AZURE
from sandbox.clouds.azure.blob_copies import GEO, BlobCopies, is_geo_redundant, pair_of, region_of
from sandbox.clouds.azure.blob_rules import KEPT_VERSIONS, keeps_versions
from sandbox.clouds.azure.blobs import BlobStore
from sandbox.clouds.azure.errors import ArmError, not_done
from sandbox.clouds.azure.ids import ResourceId
from sandbox.clouds.azure.kind import ABSENT, Action, Body, Kind, Record, get
from sandbox.clouds.azure.kinds.network import check_subnets

VERSIONS = ("2022-09-01", "2023-01-01", "2023-05-01", "2024-01-01", "2025-01-01", "2025-06-01", "2026-09-01")
NAME = re.compile(r"[a-z0-9]{3,24}")
CONTAINER = re.compile(r"(?!.*--)[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")


class StorageAccount(Kind):
    """Its name is taken for everybody. The blobs of one lie in `BlobStore`."""

    type = "Microsoft.Storage/storageAccounts"
    versions = VERSIONS
    regional = True
    created_status = 200
    create_only = ("properties.isHnsEnabled", "properties.immutableStorageWithVersioning.enabled")
    defaults = {
        "properties.supportsHttpsTrafficOnly": True,
        "properties.minimumTlsVersion": "TLS1_2",
        "properties.allowBlobPublicAccess": False,
        "properties.accessTier": "Hot",
        "properties.allowCrossTenantReplication": False,
    }

    def check(self, new: Record, old: Record | None) -> None:
        name, sku = new.id.name, str((new.body.get("sku") or {}).get("name", ""))
        if not NAME.fullmatch(name):
            raise ArmError(400, "AccountNameInvalid", f"{name} is not a valid storage account name.")
        if not sku:
            raise ArmError(400, "SkuMissing", "The property 'sku' is required.")
        if old is None and self.world.named(self.type, name) is not None:
            raise ArmError(409, "StorageAccountAlreadyTaken", f"The storage account named {name} is already taken.")
        if sku in GEO and AZURE.regions.get(region_of(new)) is None:
            message = f"{sku} is not available in {region_of(new)}: the region has no pair."
            raise ArmError(400, "InvalidSkuForRegion", message)
        check_subnets(self.store, new.properties.get("networkAcls"), "Microsoft.Storage")
        if new.properties.get("isHnsEnabled"):
            raise not_done("storage accounts with a hierarchical namespace")
        _check_kept_versions(new, old)

    def settle(self, record: Record, old: Record | None) -> None:
        self._copies.keep_pair(record)

    def check_gone(self, record: Record) -> None:
        blobs = self.world.context.one(BlobStore)
        holds = any(blobs.names(record.id.name, each) for each in blobs.containers(record.id.name))
        if holds and get(record.body, f"{KEPT_VERSIONS}.state") == "Locked":
            raise ArmError(409, "StorageAccountOperationNotAllowed", "A locked policy keeps blobs of the account.")

    def remove(self, record: Record) -> None:
        self._copies.forget_pair(record)
        self.world.context.one(BlobStore).forget_account(record.id.name)

    @property
    def _copies(self) -> BlobCopies:
        return self.world.context.one(BlobCopies)

    def managed_in(self, record: Record) -> str | None:
        """Where its blobs lie; while that region does not answer, the pair of a geo-redundant account does."""
        region = region_of(record)
        if is_geo_redundant(record) and not self.world.context.fabric.network.control_plane_answers(region):
            return pair_of(record)
        return region

    def shown(self, record: Record) -> Body:
        name, sku = record.id.name, str(record.body["sku"]["name"])
        shown: Body = {
            **super().shown(record),
            "primaryEndpoints": {"blob": f"https://{name}.blob.core.windows.net/"},
            "primaryLocation": region_of(record),
            "statusOfPrimary": "available",
            "creationTime": record.created.isoformat(),
        }
        if sku in GEO:
            shown.update(secondaryLocation=pair_of(record), statusOfSecondary="available")
        return shown

    def expanded(self, record: Record, what: str) -> Body:
        if what.lower() != "georeplicationstats":
            raise not_done(f"$expand={what} of a storage account")
        if not is_geo_redundant(record):
            return {}
        synced = datetime.fromtimestamp(self._copies.synced_at(record), UTC).replace(microsecond=0)
        return {"geoReplicationStats": {"status": "Live", "lastSyncTime": synced.isoformat(), "canFailover": True}}

    def actions(self) -> dict[str, Action]:
        return {"listKeys": self._no_keys, "failover": self._failover}

    def _failover(self, record: Record, asked: Body) -> Any:
        """
        Planned: the two regions change places when all has arrived. Else what has not arrived is lost, and the account
        has local redundancy from then on; its location stays what it was (Microsoft Learn: storage disaster recovery).
        """
        planned = str(asked.get("failoverType") or "").lower() == "planned"
        if not is_geo_redundant(record):
            message = "A failover is only possible for accounts with geo-redundancy."
            raise ArmError(409, "AccountFailoverNotAllowed", message)
        if self.store.children(record, f"{self.type}/objectReplicationPolicies"):
            message = "A failover is not supported for the source or destination account of object replication."
            raise ArmError(409, "AccountFailoverNotAllowed", message)
        pair = pair_of(record)
        network = self.world.context.fabric.network
        if planned and not (network.region_is_up(region_of(record)) and network.region_is_up(pair)):
            raise ArmError(409, "AccountFailoverNotAllowed", "A planned failover needs both regions.")

        def fail_over() -> None:
            before = region_of(record)
            self._copies.fail_over(record, planned=planned)
            record.held["region"], record.held["pair"] = pair, before
            if not planned:
                record.body["sku"] = {**record.body["sku"], "name": "Standard_LRS"}

        return fail_over

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
        account = self.store.find(new.id.parent or "")
        if account is not None and not new.properties.get("isVersioningEnabled"):
            had_versions = old is not None and old.properties.get("isVersioningEnabled")
            if had_versions and keeps_versions(account):
                raise ArmError(409, "VersioningRequired", "Versions that are immutable need versioning.")
            if self.store.children(account, f"{StorageAccount.type}/objectReplicationPolicies"):
                raise ArmError(409, "VersioningRequired", "Versioning cannot be disabled while objects are replicated.")

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


STATES = ("Disabled", "Unlocked", "Locked")


def _check_kept_versions(new: Record, old: Record | None) -> None:
    """A policy of a whole account is made unlocked, locked later, and then never shortened or taken away."""
    wanted = get(new.body, KEPT_VERSIONS)
    had = get(old.body, KEPT_VERSIONS) if old is not None else ABSENT
    if wanted in (ABSENT, None):
        if had is not ABSENT and had["state"] == "Locked":
            raise _locked()
        return
    state, days = wanted.get("state"), wanted.get("immutabilityPeriodSinceCreationInDays")
    if state not in STATES or not isinstance(days, int) or not 1 <= days <= 146000:
        raise ArmError(400, "InvalidImmutabilityPolicy", "The policy of an account needs a state and 1 to 146000 days.")
    if state == "Locked" and (had is ABSENT or had["state"] == "Disabled"):
        raise ArmError(400, "InvalidImmutabilityPolicy", "Only a policy that is Unlocked can become Locked.")
    was_locked = had is not ABSENT and had["state"] == "Locked"
    if was_locked and (state != "Locked" or days < had["immutabilityPeriodSinceCreationInDays"]):
        raise _locked()


class LifecycleRules(Kind):
    """What becomes of blobs with their age. A world does not run for days, and carries nothing of it out."""

    type = "Microsoft.Storage/storageAccounts/managementPolicies"
    versions = VERSIONS
    created_status = 200

    def check(self, new: Record, old: Record | None) -> None:
        rules = (new.properties.get("policy") or {}).get("rules")
        if new.id.name != "default" or not rules:
            raise ArmError(400, "InvalidRequestPropertyValue", "A policy is called default and has rules.")
        if any(not each.get("name") or each.get("type") != "Lifecycle" for each in rules):
            raise ArmError(400, "InvalidRequestPropertyValue", "Each rule has a name and is of type Lifecycle.")

    def shown(self, record: Record) -> Body:
        return {"lastModifiedTime": record.created.isoformat()}


def _locked() -> ArmError:
    return ArmError(409, "ContainerImmutabilityPolicyLocked", "The immutability policy is locked.")


KINDS = (StorageAccount, BlobService, Container, ImmutabilityPolicy, LifecycleRules)

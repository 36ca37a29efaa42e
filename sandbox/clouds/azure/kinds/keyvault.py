"""Key vaults: soft delete, purge protection, names that stay taken; and secrets as the Resource Manager sees them."""

import re
from datetime import UTC, datetime, timedelta

from sandbox.clouds.azure.errors import ArmError, not_done
from sandbox.clouds.azure.ids import ResourceId, parse
from sandbox.clouds.azure.kind import Action, Body, Kind, Record, get
from sandbox.clouds.azure.kinds.network import check_subnets
from sandbox.clouds.azure.secrets import Secret as Kept
from sandbox.clouds.azure.secrets import SecretStore, Version

VERSIONS = ("2022-07-01", "2023-02-01", "2023-07-01", "2024-11-01", "2024-12-01-preview", "2025-05-01", "2026-05-15")
NAME = re.compile(r"(?!.*--)[a-zA-Z][a-zA-Z0-9-]{1,22}[a-zA-Z0-9]")


class Vault(Kind):
    """Its name is taken for everybody, and stays so while it is deleted and can be recovered."""

    type = "Microsoft.KeyVault/vaults"
    versions = VERSIONS
    regional = True
    created_status = 200
    create_only = ("properties.softDeleteRetentionInDays",)
    one_way = {"properties.enablePurgeProtection": (True,)}
    defaults = {
        "properties.softDeleteRetentionInDays": 90,
        "properties.enableSoftDelete": True,
        "properties.enableRbacAuthorization": False,
        "properties.publicNetworkAccess": "Enabled",
        "properties.accessPolicies": [],
    }

    def check(self, new: Record, old: Record | None) -> None:
        given, name = new.properties, new.id.name
        if not NAME.fullmatch(name):
            raise ArmError(400, "VaultNameNotValid", f"The vault name '{name}' is invalid.")
        if not 7 <= int(given["softDeleteRetentionInDays"]) <= 90:
            raise ArmError(400, "BadRequest", "softDeleteRetentionInDays must be between 7 and 90.")
        if not given["enableSoftDelete"]:
            message = 'The property "enableSoftDelete" can be set to false only for creating new vaults, and no longer.'
            raise ArmError(400, "BadRequest", message)
        if str(given.get("tenantId", "")).lower() != self.world.login.tenant:
            message = f"The vault's tenantId {given.get('tenantId')} is not the tenant of the subscription."
            raise ArmError(400, "BadRequest", message)
        check_subnets(self.store, given.get("networkAcls"), "Microsoft.KeyVault")
        mode = given.pop("createMode", "default")
        if old is None:
            self._check_name(new, mode)
        if given.get("enablePurgeProtection") is False:
            message = 'The property "enablePurgeProtection" cannot be set to false.'
            raise ArmError(400, "BadRequest", message)

    def _check_name(self, new: Record, mode: str) -> None:
        name = new.id.name
        deleted = self.world.kept_names.get((self.type, name.lower()))
        if mode == "recover":
            if deleted is None:
                raise ArmError(404, "VaultNotFound", f"There is no deleted vault {name} that could be recovered.")
            before: Record = deleted["record"]
            if before.location != new.location:
                raise ArmError(400, "BadRequest", f"The deleted vault {name} is in {before.location}.")
            new.body = {**before.body}
            del self.world.kept_names[self.type, name.lower()]
        elif deleted is not None:
            raise ArmError(
                409,
                "ConflictError",
                f"A vault with the same name already exists in deleted state. You need to either recover or purge "
                f"existing key vault. ({name})",
            )
        elif self.world.named(self.type, name) is not None:
            raise ArmError(409, "VaultAlreadyExists", f"The vault name '{name}' is already in use.")

    def remove(self, record: Record) -> None:
        now = datetime.now(UTC)
        days = int(record.properties["softDeleteRetentionInDays"])
        kept = {"record": record, "at": now, "purge": now + timedelta(days=days)}
        self.world.kept_names[self.type, record.id.name.lower()] = kept

    def shown(self, record: Record) -> Body:
        return {**super().shown(record), "vaultUri": f"https://{record.id.name.lower()}.vault.azure.net/"}


class DeletedVault(Kind):
    """What is left of a vault until it is recovered or purged."""

    type = "Microsoft.KeyVault/locations/deletedVaults"
    versions = VERSIONS
    taken_methods = ("GET",)

    def implicit(self, identity: ResourceId) -> Record | None:
        kept = self.world.kept_names.get((Vault.type, identity.name.lower()))
        if kept is None or kept["record"].location != identity.names[0].lower():
            return None
        record: Record = kept["record"]
        protected = get(record.body, "properties.enablePurgeProtection") is True
        return Record(
            identity,
            {
                "properties": {
                    "vaultId": record.id.text,
                    "location": record.location,
                    "deletionDate": kept["at"].isoformat(),
                    "scheduledPurgeDate": kept["purge"].isoformat(),
                    "purgeProtectionEnabled": protected,
                }
            },
        )

    def listed(self, parent: ResourceId) -> list[Record]:
        every = [kept["record"] for (kind, _), kept in self.world.kept_names.items() if kind == Vault.type]
        base = f"/subscriptions/{parent.subscription}/providers/Microsoft.KeyVault/locations"
        wanted = parent.names[0].lower() if len(parent.segments) > 1 else ""
        found = [
            self.implicit(parse(f"{base}/{each.location}/deletedVaults/{each.id.name}"))
            for each in every
            if each.location == (wanted or each.location)
        ]
        return [each for each in found if each is not None]

    def shown(self, record: Record) -> Body:
        return {}

    def actions(self) -> dict[str, Action]:
        return {"purge": self._purge}

    def _purge(self, record: Record, body: Body) -> Body | None:
        if record.properties["purgeProtectionEnabled"]:
            message = f"The vault {record.id.name} is protected from being purged until its retention is over."
            raise ArmError(409, "PurgeNotAllowed", message)
        self.world.kept_names.pop((Vault.type, record.id.name.lower()), None)
        self.world.context.one(SecretStore).forget(record.id.name)
        return None


class DeletedVaults(DeletedVault):
    """Those of all regions."""

    type = "Microsoft.KeyVault/deletedVaults"

    def implicit(self, identity: ResourceId) -> Record | None:
        return super().implicit(identity) if len(identity.segments) > 1 else None


class Secret(Kind):
    """A PUT makes a new version; the value is never given back. Deleting one goes over the data plane."""

    type = "Microsoft.KeyVault/vaults/secrets"
    versions = VERSIONS
    taken_methods = ("GET", "PUT", "PATCH")
    secret = ("properties.value",)
    created_status = 200

    def implicit(self, identity: ResourceId) -> Record | None:
        found = self._secrets(identity).get(identity.name.lower())
        there = found is not None and found.deleted is None and self.store.find(identity.parent or "") is not None
        return Record(identity, {"properties": {}}) if there else None

    def check(self, new: Record, old: Record | None) -> None:
        found = self._secrets(new.id).get(new.id.name.lower())
        if found is not None and found.deleted is not None:
            message = (
                f"Secret {new.id.name} is currently in a deleted but recoverable state, and its name cannot be reused."
            )
            raise ArmError(409, "Conflict", message)
        if old is None and "value" not in new.properties:
            raise ArmError(400, "BadRequest", "properties.value is required.")

    def settle(self, record: Record, old: Record | None) -> None:
        store, given = self.world.context.one(SecretStore), record.properties
        with store.lock:
            kept = self._secrets(record.id).setdefault(record.id.name.lower(), Kept())
            value = record.held["secrets"].pop("properties.value", None)
            if value is not None:
                kept.versions.append(Version(value))
            kept.versions[-1].change({**given, "tags": record.body.get("tags")})

    def shown(self, record: Record) -> Body:
        uri = f"https://{record.id.names[0].lower()}.vault.azure.net/secrets/{record.id.name}"
        kept = self._secrets(record.id)[record.id.name.lower()]
        newest = kept.versions[-1]
        attributes = {"enabled": newest.enabled, "created": newest.created, "updated": newest.updated}
        if newest.expires is not None:
            attributes["exp"] = newest.expires
        if newest.not_before is not None:
            attributes["nbf"] = newest.not_before
        return {"secretUri": uri, "secretUriWithVersion": f"{uri}/{newest.name}", "attributes": attributes}

    def _secrets(self, identity: ResourceId) -> dict[str, Kept]:
        return self.world.context.one(SecretStore).of(identity.names[0])


class Key(Kind):
    """Keys are not in the sandbox: what would be encrypted with one would only seem to be."""

    type = "Microsoft.KeyVault/vaults/keys"
    versions = VERSIONS

    def check(self, new: Record, old: Record | None) -> None:
        raise not_done("keys in a vault")


KINDS = (Vault, DeletedVault, DeletedVaults, Secret, Key)

"""VAULT.vault.azure.net: the data plane of secrets, with its challenge, as the REST API of Key Vault has it."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any

from sandbox.clouds.azure import access
from sandbox.clouds.azure.errors import ArmError, not_done
from sandbox.clouds.azure.kind import Record
from sandbox.clouds.azure.kinds.keyvault import Vault
from sandbox.clouds.azure.messages import Request, Response, as_json
from sandbox.clouds.azure.secrets import Secret, SecretStore, Version
from sandbox.clouds.azure.tokens import BadToken, Claims
from sandbox.clouds.azure.world import AzureWorld
from sandbox.clouds.server import NoAnswer

SUFFIX = ".vault.azure.net"
RESOURCE = "https://vault.azure.net"
NAME = re.compile(r"[0-9a-zA-Z-]{1,127}")
DAY_SECONDS = 86400
OF_POLICIES = {
    "getSecret/action": "get", "setSecret/action": "set", "readMetadata/action": "list", "update/action": "set",
    "delete": "delete", "recover/action": "recover", "purge/action": "purge",
}  # fmt: skip


class Vaults:
    """The data plane of all vaults."""

    def __init__(self, world: AzureWorld) -> None:
        self.world, self.store = world, world.context.one(SecretStore)

    def vault(self, host: str) -> Record | None:
        return self.world.named(Vault.type, host.removesuffix(SUFFIX)) if host.endswith(SUFFIX) else None

    def answer(self, request: Request) -> Response:
        vault = self.vault(request.host)
        self.world.check_reachable(request.source, vault.location if vault else None)
        if vault is None:
            raise NoAnswer
        try:
            answer = self._let_in(request, vault)
        except ArmError as error:
            inner: dict[str, Any] = {"innererror": {"code": error.inner}} if isinstance(error, _Inner) else {}
            document = {"error": {"code": error.code, "message": str(error), **inner}}
            return as_json(error.status, document, error.headers)
        self.world.check_reachable(request.source, vault.location)
        return answer

    def _let_in(self, request: Request, vault: Record) -> Response:
        try:
            claims = access.caller(self.world, request.headers.get("authorization", ""), frozenset({RESOURCE}))
        except BadToken as error:
            tenant = f"https://login.microsoftonline.com/{self.world.login.tenant}"
            challenge = {"WWW-Authenticate": f'Bearer authorization="{tenant}", resource="{RESOURCE}"'}
            raise ArmError(
                401, "Unauthorized", f"AKV10000: Request is missing a Bearer or PoP token: {error}", challenge
            ) from error
        if not access.let_in(self.world, vault, vault.properties.get("networkAcls"), request.source):
            message = f"Client address is not authorized and caller is not a trusted service. Vault: {vault.id.name}"
            raise _Inner(403, "Forbidden", message, "ForbiddenByFirewall")
        if not request.query.get("api-version"):
            raise ArmError(400, "BadParameter", "api-version must be specified.")
        try:
            document = request.document() or {}
        except ValueError as error:
            raise ArmError(400, "BadParameter", f"The request body is not JSON: {error}") from error
        with self.store.lock:
            return self._dispatch(request, vault, claims, document)

    def _dispatch(self, request: Request, vault: Record, claims: Claims, document: Any) -> Response:
        def may(action: str, name: str = "") -> None:
            self._check(claims, vault, action, name)

        method, parts = request.method, request.path.strip("/").split("/")
        secrets = self.store.of(vault.id.name)
        match (method, parts):
            case ("GET", ["secrets"]):
                may("readMetadata/action")
                there = [(name, each) for name, each in secrets.items() if each.deleted is None]
                return _listed([self._item(vault, name, each.versions[-1], named=False) for name, each in there])
            case ("GET", ["secrets", name, "versions"]):
                may("readMetadata/action", name)
                kept = _there(secrets, name)
                return _listed([self._item(vault, name, each) for each in kept.versions])
            case ("PUT", ["secrets", name]):
                may("setSecret/action", name)
                return as_json(200, self._bundle(vault, name, self._set(secrets, name, document)))
            case ("GET", ["secrets", name, *rest]) if len(rest) < 2:
                may("getSecret/action", name)
                version = _version(_there(secrets, name), name, rest[0] if rest else "")
                if not version.enabled:
                    message = "Operation get is not allowed on a disabled secret."
                    raise _Inner(403, "Forbidden", message, "SecretDisabled")
                return as_json(200, self._bundle(vault, name, version))
            case ("PATCH", ["secrets", name, *rest]) if len(rest) < 2:
                may("update/action", name)
                version = _version(_there(secrets, name), name, rest[0] if rest else "")
                version.change(document)
                return as_json(200, self._item(vault, name, version))
            case ("DELETE", ["secrets", name]):
                may("delete", name)
                kept = _there(secrets, name)
                kept.deleted = int(time.time())
                self.world.store.forget(f"{vault.id.text}/secrets/{name}")
                return as_json(200, self._deleted(vault, name, kept))
            case ("GET", ["deletedsecrets"]):
                may("readMetadata/action")
                gone = [(name, each) for name, each in secrets.items() if each.deleted is not None]
                return _listed([self._deleted(vault, name, each) for name, each in gone])
            case ("GET", ["deletedsecrets", name]):
                may("readMetadata/action", name)
                return as_json(200, self._deleted(vault, name, _gone(secrets, name)))
            case ("POST", ["deletedsecrets", name, "recover"]):
                may("recover/action", name)
                kept = _gone(secrets, name)
                kept.deleted = None
                return as_json(200, self._item(vault, name, kept.versions[-1]))
            case ("DELETE", ["deletedsecrets", name]):
                may("purge/action", name)
                _gone(secrets, name)
                if vault.properties.get("enablePurgeProtection"):
                    message = 'Operation "purge" is not allowed because purge protection is enabled for this vault.'
                    raise ArmError(403, "Forbidden", message)
                del secrets[name.lower()]
                return Response(204)
        raise not_done(f"{method} /{'/'.join(parts)} of a vault")

    def _check(self, claims: Claims, vault: Record, action: str, name: str) -> None:
        scope = f"{vault.id.text}/secrets/{name}" if name else vault.id.text
        if vault.properties.get("enableRbacAuthorization"):
            allowed = self.world.may(claims, f"Microsoft.KeyVault/vaults/secrets/{action}", scope, data=True)
        else:
            policies = vault.properties.get("accessPolicies") or ()
            given = [p for p in policies if str(p.get("objectId", "")).lower() == claims.object_id]
            named = {str(each).lower() for p in given for each in (p.get("permissions") or {}).get("secrets") or ()}
            allowed = bool(named & {OF_POLICIES[action], "all"})
        if not allowed:
            message = f"Caller is not authorized to perform action on resource. Action: '{action}' Resource: '{scope}'"
            raise _Inner(403, "Forbidden", message, "ForbiddenByRbac")

    def _set(self, secrets: dict[str, Secret], name: str, document: Any) -> Version:
        if not NAME.fullmatch(name):
            raise ArmError(400, "BadParameter", f"The request URI contains an invalid name: {name}")
        if not isinstance(document.get("value"), str):
            raise ArmError(400, "BadParameter", "The property value must be a string.")
        kept = secrets.setdefault(name.lower(), Secret())
        if kept.deleted is not None:
            message = f"Secret {name} is currently in a deleted but recoverable state, and its name cannot be reused."
            raise _Inner(409, "Conflict", message, "ObjectIsDeletedButRecoverable")
        made = Version(document["value"])
        made.change(document)
        kept.versions.append(made)
        return made

    # as the service writes them ---------------------------------------------------------------------------------------
    def _item(self, vault: Record, name: str, version: Version, *, named: bool = True) -> dict[str, Any]:
        """Without the value."""
        days = int(vault.properties["softDeleteRetentionInDays"])
        protected = vault.properties.get("enablePurgeProtection")
        times = {"nbf": version.not_before, "exp": version.expires}
        attributes: dict[str, Any] = {
            "enabled": version.enabled,
            "created": version.created,
            "updated": version.updated,
            "recoveryLevel": "Recoverable" if protected else "Recoverable+Purgeable",
            "recoverableDays": days,
        }
        attributes |= {key: value for key, value in times.items() if value is not None}
        base = f"https://{vault.id.name.lower()}{SUFFIX}/secrets/{name}"
        shown: dict[str, Any] = {"id": f"{base}/{version.name}" if named else base, "attributes": attributes}
        if version.content_type:
            shown["contentType"] = version.content_type
        if version.tags:
            shown["tags"] = version.tags
        return shown

    def _bundle(self, vault: Record, name: str, version: Version) -> dict[str, Any]:
        return {"value": version.value, **self._item(vault, name, version)}

    def _deleted(self, vault: Record, name: str, kept: Secret) -> dict[str, Any]:
        at, days = int(kept.deleted or 0), int(vault.properties["softDeleteRetentionInDays"])
        where = f"https://{vault.id.name.lower()}{SUFFIX}/deletedsecrets/{name}"
        times = {"deletedDate": at, "scheduledPurgeDate": at + days * DAY_SECONDS}
        return {**self._item(vault, name, kept.versions[-1]), "recoveryId": where, **times}


class _Inner(ArmError):
    """An error with a second code in it, which clients of the vault look at."""

    def __init__(self, status: int, code: str, message: str, inner: str) -> None:
        super().__init__(status, code, message)
        self.inner = inner


def _there(secrets: dict[str, Secret], name: str) -> Secret:
    return _one(secrets, name, lambda kept: kept.deleted is None)


def _gone(secrets: dict[str, Secret], name: str) -> Secret:
    return _one(secrets, name, lambda kept: kept.deleted is not None)


def _one(secrets: dict[str, Secret], name: str, is_meant: Callable[[Secret], bool]) -> Secret:
    found = secrets.get(name.lower())
    if found is None or not found.versions or not is_meant(found):
        raise ArmError(404, "SecretNotFound", f"A secret with (name/id) {name} was not found in this key vault.")
    return found


def _version(kept: Secret, name: str, wanted: str) -> Version:
    found = next((each for each in kept.versions if each.name == wanted), None) if wanted else kept.versions[-1]
    if found is None:
        raise ArmError(
            404, "SecretNotFound", f"A secret with (name/id) {name}/{wanted} was not found in this key vault."
        )
    return found


def _listed(items: list[dict[str, Any]]) -> Response:
    return as_json(200, {"value": items, "nextLink": None})

"""ACCOUNT.blob.core.windows.net: the operations on containers and blobs, as the REST API of Blob Storage has them."""

from __future__ import annotations

import base64
import re
import secrets
import time
import uuid
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

from sandbox.clouds.azure import access, signatures
from sandbox.clouds.azure.blob_copies import BlobCopies, region_of
from sandbox.clouds.azure.blob_rules import KEPT_VERSIONS, container_id, keeps_versions
from sandbox.clouds.azure.blobs import Blob, BlobStore, Kept, version_id
from sandbox.clouds.azure.ids import parse
from sandbox.clouds.azure.kind import ABSENT, Record, get
from sandbox.clouds.azure.kinds.storage import CONTAINER, Container, StorageAccount
from sandbox.clouds.azure.messages import Request, Response
from sandbox.clouds.azure.roles import BLOBS, DELEGATION
from sandbox.clouds.azure.tokens import BadToken, Claims
from sandbox.clouds.azure.world import AzureWorld
from sandbox.clouds.server import NoAnswer

SUFFIX = ".blob.core.windows.net"
RANGE = re.compile(r"bytes=(\d+)-(\d*)")
DAY_SECONDS = 86400
MOST_LISTED = 5000
NOT_MET = "The condition specified using HTTP conditional header(s) is not met."


class StorageError(Exception):
    """A refusal in the words of the service."""

    def __init__(self, status: int, code: str, message: str = "", headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message or code)
        self.status, self.code, self.headers = status, code, dict(headers or {})


class Blobs:
    """The data plane of all accounts."""

    def __init__(self, world: AzureWorld) -> None:
        self.world, self.store = world, world.context.one(BlobStore)
        self.copies = world.context.one(BlobCopies)

    def account(self, host: str) -> Record | None:
        return self.world.named(StorageAccount.type, host.removesuffix(SUFFIX)) if host.endswith(SUFFIX) else None

    def answer(self, request: Request) -> Response:
        asked = {
            "x-ms-request-id": str(uuid.uuid4()),
            "x-ms-version": request.headers.get("x-ms-version", "2021-12-02"),
        }
        account = self.account(request.host)
        self.world.check_reachable(request.source, region_of(account) if account else None)
        if account is None:
            raise NoAnswer
        try:
            answer = self._let_in(request, account)
        except StorageError as error:
            text = f'<?xml version="1.0" encoding="utf-8"?><Error><Code>{error.code}</Code>'
            text += f"<Message>{escape(str(error))}</Message></Error>"
            headers = {"x-ms-error-code": error.code, "Content-Type": "application/xml", **error.headers}
            return Response(error.status, {**asked, **headers}, b"" if error.status == 304 else text.encode())
        self.world.check_reachable(request.source, region_of(account))
        return Response(answer.status, {**asked, **answer.headers}, answer.body)

    def _is_public_read(self, request: Request, account: Record) -> bool:
        """A blob of a container that anybody may read, asked for by somebody who says nothing of himself."""
        container, _, name = request.path.lstrip("/").partition("/")
        record = self.world.store.find(container_id(account, container))
        return (
            request.method in {"GET", "HEAD"}
            and "authorization" not in request.headers
            and not request.query.keys() & {"comp", "restype", "versionid"}
            and bool(name and record is not None and record.properties.get("publicAccess") == "Blob")
            and bool(account.properties.get("allowBlobPublicAccess"))
        )

    def public(self, host: str, path: str) -> int:
        """The status that somebody outside without credentials gets, at once. Raises NoAnswer."""
        account = self.account(host)
        if account is None or not self.world.is_reachable("outside", region_of(account)):
            raise NoAnswer
        return self.answer(Request("GET", host, path, {}, b"", "outside")).status

    def _let_in(self, request: Request, account: Record) -> Response:
        if self._is_public_read(request, account):
            container, _, name = request.path.lstrip("/").partition("/")
            with self.store.lock:
                return self._blob(request, (account, container, name), "", lambda *_, **__: None)
        if "sig" in request.query:
            return self._by_signature(request, account)
        audiences = frozenset({"https://storage.azure.com", f"https://{request.host}"})
        try:
            claims = access.caller(self.world, request.headers.get("authorization", ""), audiences)
        except BadToken as error:
            where = f"https://login.microsoftonline.com/{self.world.login.tenant}/oauth2/authorize"
            challenge = f"Bearer authorization_uri={where} resource_id=https://storage.azure.com"
            code = (
                "NoAuthenticationInformation" if "authorization" not in request.headers else "InvalidAuthenticationInfo"
            )
            raise StorageError(401, code, str(error), {"WWW-Authenticate": challenge}) from error
        if not access.let_in(self.world, account, account.properties.get("networkAcls"), request.source):
            raise StorageError(403, "AuthorizationFailure", "This request is not authorized by the network rules.")
        container, _, name = request.path.lstrip("/").partition("/")
        scope = container_id(account, container) if container else account.id.text

        def may(action: str, *, data: bool = True) -> None:
            if not self.world.may(claims, action, scope, data=data):
                raise StorageError(403, "AuthorizationPermissionMismatch", f"The caller may not do {action} here.")

        kind, what = request.query.get("restype", ""), request.query.get("comp", "")
        if not container and (request.method, what) == ("POST", "userdelegationkey"):
            may(f"{DELEGATION}/action", data=False)
            return self._delegate(request, account, claims)
        if not container:
            return self._account(request, account, what, may)
        if kind == "container":
            return self._container(request, account, container, what, may)
        if not name:
            raise StorageError(501, "NotImplemented", "The sandbox has no root container.")
        if self.world.store.find(scope) is None:
            raise StorageError(404, "ContainerNotFound", "The specified container does not exist.")
        with self.store.lock:
            return self._blob(request, (account, container, name), what, may)

    def _by_signature(self, request: Request, account: Record) -> Response:
        """A blob, for somebody who has nothing but an address: he may what the one who signed it may, and allows."""
        container, _, name = request.path.lstrip("/").partition("/")
        try:
            who, allowed = signatures.check(self._secret(account), request.query, account.id.name, container, name)
        except (signatures.BadSignature, ValueError) as error:
            raise StorageError(403, "AuthenticationFailed", str(error)) from error
        if not access.let_in(self.world, account, account.properties.get("networkAcls"), request.source):
            raise StorageError(403, "AuthorizationFailure", "This request is not authorized by the network rules.")
        scope, claims = container_id(account, container), Claims(who, "", "")
        if not name or self.world.store.find(scope) is None:
            raise StorageError(404, "ContainerNotFound", "The specified container does not exist.")

        def may(action: str, *, data: bool = True) -> None:
            is_allowed = signatures.PERMISSIONS.get(action.rpartition("/")[2], "-") in allowed
            if not is_allowed or not self.world.may(claims, action, scope, data=data):
                raise StorageError(403, "AuthorizationPermissionMismatch", f"The signature does not allow {action}.")

        with self.store.lock:
            return self._blob(request, (account, container, name), request.query.get("comp", ""), may)

    def _delegate(self, request: Request, account: Record, claims: Claims) -> Response:
        try:
            asked = {each.tag: str(each.text) for each in ET.fromstring(request.body)}  # noqa: S314 (the world's own)
            start, expiry = (datetime.fromisoformat(asked[name]) for name in ("Start", "Expiry"))
        except (ET.ParseError, KeyError, ValueError) as error:
            raise StorageError(400, "InvalidXmlDocument", "The XML specified is not syntactically valid.") from error
        if not start < expiry <= datetime.now(UTC) + signatures.LONGEST:
            raise StorageError(400, "InvalidInput", "A key lasts for seven days at most.")
        made = {
            "skoid": claims.object_id, "sktid": self.world.login.tenant, "skt": asked["Start"], "ske": asked["Expiry"],
            "sks": "b", "skv": request.headers.get("x-ms-version", ""),
        }  # fmt: skip
        named = zip(
            ("SignedOid", "SignedTid", "SignedStart", "SignedExpiry", "SignedService", "SignedVersion"),
            made.values(),
            strict=True,
        )
        parts = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in named)
        key = signatures.key_of(self._secret(account), made)
        return _xml(f"<UserDelegationKey>{parts}<Value>{key}</Value></UserDelegationKey>")

    @staticmethod
    def _secret(account: Record) -> bytes:
        found: bytes = account.held.setdefault("delegation", secrets.token_bytes(32))
        return found

    # accounts and containers ------------------------------------------------------------------------------------------
    def _account(self, request: Request, account: Record, what: str, may: Any) -> Response:
        if request.method != "GET" or what != "list":
            raise _not_done(request, what)
        may(f"{Container.type}/read", data=False)
        found = self.world.store.children(account, Container.type)
        listed = "".join(f"<Container><Name>{each.id.name}</Name>{_container_xml(each)}</Container>" for each in found)
        return _xml(f'<EnumerationResults ServiceEndpoint="https://{request.host}/"><Containers>{listed}</Containers>'
                    "<NextMarker/></EnumerationResults>")  # fmt: skip

    def _container(self, request: Request, account: Record, container: str, what: str, may: Any) -> Response:
        store, identity = self.world.store, parse(container_id(account, container))
        record = store.find(identity)
        if request.method == "PUT" and not what:
            may(f"{Container.type}/write", data=False)
            if not CONTAINER.fullmatch(container):
                raise StorageError(400, "InvalidResourceName", f"{container} is not a valid container name.")
            if record is not None:
                raise StorageError(409, "ContainerAlreadyExists", "The specified container already exists.")
            record = Record(identity, {"properties": {"publicAccess": "None"}})
            store.keep(record)
            return Response(201, _container_headers(record))
        if record is None:
            raise StorageError(404, "ContainerNotFound", "The specified container does not exist.")
        if request.method in {"GET", "HEAD"} and not what:
            may(f"{Container.type}/read", data=False)
            return Response(200, _container_headers(record))
        if request.method == "GET" and what == "list":
            may(f"{BLOBS}/read")
            return self._list(request, account, container)
        if request.method == "DELETE" and not what:
            may(f"{Container.type}/delete", data=False)
            if self._days(account, container):
                raise StorageError(409, "ContainerProtectedFromDeletion", "The container has an immutability policy.")
            store.forget(identity)
            self.store.forget_container(account.id.name, container)
            return Response(202)
        raise _not_done(request, what)

    def _list(self, request: Request, account: Record, container: str) -> Response:
        query = request.query
        prefix, delimiter, marker = query.get("prefix", ""), query.get("delimiter", ""), query.get("marker", "")
        include = set(query.get("include", "").split(","))
        if include - {"", "versions", "metadata", "deleted", "copy", "tags"}:
            raise StorageError(501, "NotImplemented", f"The sandbox does not list {','.join(sorted(include))}.")
        most = min(int(query.get("maxresults", MOST_LISTED)), MOST_LISTED)
        entries: dict[str, str] = {}
        for name in self.store.names(account.id.name, container):
            if not name.startswith(prefix) or name < marker:
                continue
            cut = name.find(delimiter, len(prefix)) if delimiter else -1
            if cut >= 0:
                entries[name[: cut + len(delimiter)]] = ""
                continue
            kept = self.store.of(account.id.name, container, name)
            older = kept.before if "versions" in include else []
            shown = [_blob_xml(name, each, current=False, include=include) for each in older]
            if kept.current is not None:
                shown.append(_blob_xml(name, kept.current, current=True, include=include))
            if shown:
                entries[name] = "".join(shown)
        listed, rest = list(entries)[:most], list(entries)[most:]
        body = "".join(entries[name] or f"<BlobPrefix><Name>{escape(name)}</Name></BlobPrefix>" for name in listed)
        following = f"<NextMarker>{escape(rest[0])}</NextMarker>" if rest else "<NextMarker/>"
        head = f'<EnumerationResults ServiceEndpoint="https://{request.host}/" ContainerName="{container}">'
        return _xml(f"{head}<Prefix>{escape(prefix)}</Prefix><Blobs>{body}</Blobs>{following}</EnumerationResults>")

    # blobs ------------------------------------------------------------------------------------------------------------
    def _blob(self, request: Request, where: tuple[Record, str, str], what: str, may: Any) -> Response:
        account, container, name = where
        if request.query.get("snapshot"):
            raise _not_done(request, "snapshots")
        kept = self.store.of(account.id.name, container, name)
        if request.method in {"GET", "HEAD"} and not what:
            may(f"{BLOBS}/read")
            return self._read(request, kept)
        if request.method == "DELETE" and not what:
            may(f"{BLOBS}/delete")
            answer = self._delete(request, account, container, kept)
            self.copies.deleted(account, container, name, request.query.get("versionid", ""))
            return answer
        if request.method == "PUT":
            may(f"{BLOBS}/write")
            before = kept.current
            answer = self._put(request, account, container, kept, what)
            if kept.current is not None and kept.current is not before:
                self.copies.wrote(account, container, name, kept.current)
            return answer
        raise _not_done(request, what)

    def _read(self, request: Request, kept: Kept) -> Response:
        blob = _version(kept, request.query.get("versionid", ""))
        _check_conditions(request, blob, reads=True)
        headers = {**_headers(blob), "Accept-Ranges": "bytes"}
        if blob is kept.current and blob.version:
            headers["x-ms-is-current-version"] = "true"
        if request.method == "HEAD":
            return Response(200, {**headers, "Content-Length": str(len(blob.data))})
        wanted = RANGE.fullmatch(request.headers.get("x-ms-range") or request.headers.get("range") or "")
        if wanted is None:
            return Response(200, headers, blob.data)
        first, size = int(wanted[1]), len(blob.data)
        if first >= size:
            raise StorageError(
                416, "InvalidRange", "The range specified is invalid.", {"Content-Range": f"bytes */{size}"}
            )
        last = min(int(wanted[2]) if wanted[2] else size - 1, size - 1)
        return Response(206, {**headers, "Content-Range": f"bytes {first}-{last}/{size}"}, blob.data[first : last + 1])

    def _put(self, request: Request, account: Record, container: str, kept: Kept, what: str) -> Response:
        if self.copies.receives(account, container):
            # The documents name the status and not the code (Microsoft Learn: object replication).
            raise StorageError(409, "Conflict", "Nobody writes into a container that objects are replicated to.")
        if what == "block":
            kept.blocks[request.query["blockid"]] = request.body
            return Response(201)
        if what == "metadata":
            blob = _version(kept, "")
            _check_conditions(request, blob)
            return self._write(account, container, kept, replace(blob, metadata=_metadata(request)), status=200)
        if what not in {"", "blocklist"}:
            raise _not_done(request, what)
        if "x-ms-copy-source" in request.headers:
            raise _not_done(request, "copying from an address")
        data = request.body
        if what == "blocklist":
            data = _joined(kept, request.body)
        elif request.headers.get("x-ms-blob-type") != "BlockBlob":
            raise _not_done(request, f"blobs of type {request.headers.get('x-ms-blob-type')}")
        _check_conditions(request, kept.current)
        content = request.headers.get("x-ms-blob-content-type") or request.headers.get("content-type")
        kept.blocks.clear()
        return self._write(
            account, container, kept, Blob(data, content or "application/octet-stream", _metadata(request)), status=201
        )

    def _write(self, account: Record, container: str, kept: Kept, blob: Blob, *, status: int) -> Response:
        versions = self._keeps_versions(account)
        if kept.current is not None:
            if not versions or not self._is_kept_by_version(account, container):
                self._check_immutable(account, container, kept.current)
            if versions:
                kept.before.append(kept.current)
        kept.current = Blob(blob.data, blob.content_type, blob.metadata, version=version_id() if versions else "")
        return Response(status, _headers(kept.current, content=False))

    def _delete(self, request: Request, account: Record, container: str, kept: Kept) -> Response:
        version = request.query.get("versionid", "")
        blob = _version(kept, version)
        _check_conditions(request, blob)
        by_version = self._keeps_versions(account) and self._is_kept_by_version(account, container)
        if version or not by_version:
            self._check_immutable(account, container, blob)
        if version and blob is not kept.current:
            kept.before.remove(blob)
        else:
            if self._keeps_versions(account) and not version:
                kept.before.append(blob)
            kept.current = None
        return Response(202)

    def _keeps_versions(self, account: Record) -> bool:
        service = self.world.store.find(f"{account.id.text}/blobServices/default")
        return service is not None and bool(service.properties.get("isVersioningEnabled"))

    def _days(self, account: Record, container: str) -> int:
        """For how many days a policy of the container, or of all of them, keeps blobs as they are: 0 for none."""
        identity = parse(f"{container_id(account, container)}/immutabilityPolicies/default")
        policy, whole = self.world.store.find(identity), get(account.body, KEPT_VERSIONS)
        if policy is not None:
            return int(policy.properties["immutabilityPeriodSinceCreationInDays"])
        is_kept = whole is not ABSENT and whole["state"] != "Disabled"
        return int(whole["immutabilityPeriodSinceCreationInDays"]) if is_kept else 0

    def _is_kept_by_version(self, account: Record, container: str) -> bool:
        return keeps_versions(account, self.world.store.find(container_id(account, container)))

    def _check_immutable(self, account: Record, container: str, blob: Blob) -> None:
        days = self._days(account, container)
        if time.time() < blob.at + days * DAY_SECONDS:
            message = "This operation is not permitted as the blob is immutable due to a policy."
            raise StorageError(409, "BlobImmutableDueToPolicy", message)


def _version(kept: Kept, version: str) -> Blob:
    """Raises StorageError."""
    versions = [*kept.before, *([kept.current] if kept.current else [])]
    found = next((each for each in versions if each.version == version), None) if version else kept.current
    if found is None:
        raise StorageError(404, "BlobNotFound", "The specified blob does not exist.")
    return found


def _check_conditions(request: Request, blob: Blob | None, *, reads: bool = False) -> None:
    match, unless = request.headers.get("if-match"), request.headers.get("if-none-match")
    if match is not None and (blob is None or match not in {"*", blob.etag}):
        raise StorageError(
            412, "ConditionNotMet", "The condition specified using HTTP conditional header(s) is not met."
        )
    if unless is not None and blob is not None:
        if reads and unless in {"*", blob.etag}:
            raise StorageError(304, "ConditionNotMet")
        if unless == "*":
            raise StorageError(409, "BlobAlreadyExists", "The specified blob already exists.")
        if unless == blob.etag:
            raise StorageError(
                412, "ConditionNotMet", "The condition specified using HTTP conditional header(s) is not met."
            )
    for name in ("if-modified-since", "if-unmodified-since"):
        if name in request.headers:
            raise StorageError(501, "NotImplemented", f"The sandbox does not look at {name}.")
    if "x-ms-lease-id" in request.headers:
        raise StorageError(501, "NotImplemented", "The sandbox does not have leases of blobs.")


def _headers(blob: Blob, *, content: bool = True) -> dict[str, str]:
    shown = {"ETag": blob.etag, "Last-Modified": blob.modified, "x-ms-request-server-encrypted": "true"}
    if blob.version:
        shown["x-ms-version-id"] = blob.version
    if content:
        shown |= {"Content-Type": blob.content_type, "x-ms-blob-type": "BlockBlob", "x-ms-server-encrypted": "true"}
        shown |= {f"x-ms-meta-{name}": value for name, value in blob.metadata.items()} | blob.marks
    return shown


def _metadata(request: Request) -> dict[str, str]:
    start = "x-ms-meta-"
    return {name.removeprefix(start): value for name, value in request.headers.items() if name.startswith(start)}


def _joined(kept: Kept, body: bytes) -> bytes:
    """The blocks that a list names, put together. Raises StorageError."""
    try:
        names = [str(each.text) for each in ET.fromstring(body)]  # noqa: S314 (of the world's own users)
        return b"".join(kept.blocks[name] for name in names)
    except (ET.ParseError, KeyError) as error:
        raise StorageError(400, "InvalidBlockList", "The specified block list is invalid.") from error


def _blob_xml(name: str, blob: Blob, *, current: bool, include: set[str]) -> str:
    version = f"<VersionId>{blob.version}</VersionId>" if blob.version else ""
    mark = "<IsCurrentVersion>true</IsCurrentVersion>" if blob.version and current else ""
    metadata = "".join(f"<{key}>{escape(value)}</{key}>" for key, value in blob.metadata.items())
    return (
        f"<Blob><Name>{escape(name)}</Name>{version}{mark}<Properties><Last-Modified>{blob.modified}</Last-Modified>"
        f"<Etag>{blob.etag.strip(chr(34))}</Etag><Content-Length>{len(blob.data)}</Content-Length>"
        f"<Content-Type>{escape(blob.content_type)}</Content-Type><BlobType>BlockBlob</BlobType>"
        f"<LeaseStatus>unlocked</LeaseStatus><LeaseState>available</LeaseState></Properties>"
        f"{f'<Metadata>{metadata}</Metadata>' if 'metadata' in include else ''}</Blob>"
    )


def _container_headers(record: Record) -> dict[str, str]:
    modified = Blob(b"", "", {}, at=record.created.timestamp()).modified
    etag = base64.b32encode(record.created.isoformat().encode()).decode()[:14]
    return {"ETag": f'"0x8D{etag}"', "Last-Modified": modified, "x-ms-lease-status": "unlocked"}


def _container_xml(record: Record) -> str:
    headers = _container_headers(record)
    etag, modified = headers["ETag"].strip('"'), headers["Last-Modified"]
    return f"<Properties><Last-Modified>{modified}</Last-Modified><Etag>{etag}</Etag></Properties>"


def _xml(text: str) -> Response:
    body = f'<?xml version="1.0" encoding="utf-8"?>{text}'.encode()
    return Response(200, {"Content-Type": "application/xml"}, body)


def _not_done(request: Request, what: str) -> StorageError:
    return StorageError(501, "NotImplemented", f"The sandbox does not do {request.method} with {what or 'this'}.")

"""
Blob Storage: a storage account whose blobs are changed by conditional writes.

The first part of a key is the container, so that each has rules of its own: anybody may read `claims/active`, nobody
may change what is in `journal`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from azure.core import MatchConditions
from azure.storage.blob import BlobServiceClient, ContainerSasPermissions, ContentSettings, generate_container_sas

from scripts.clouds.azure.arm import is_missing, said, unless
from scripts.clouds.protocol import ObjectVersion, StoredObject
from scripts.core.errors import CloudFailed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scripts.clouds.azure.session import Session

CONNECT_SECONDS, READ_SECONDS = 1, 3
CLOCKS_DIFFER = timedelta(minutes=15)
"""By so much a signature is valid earlier than it was made (Microsoft Learn: best practices for SAS)."""
_LARGEST = 1 << 16  # bytes of an old version that are read


class Account:
    """See `ObjectStore`. `name` is that of the storage account."""

    def __init__(self, session: Session, region: str, name: str) -> None:
        self.name = name
        self._session, self._region = session, region
        self._made: Any = None

    def read(self, key: str) -> StoredObject | None:
        answered: list[datetime] = []
        try:
            with said(f"reading {key} in {self.name}"):
                found = self._blob(key).download_blob(raw_response_hook=lambda it: answered.append(_answered_at(it)))
                body = found.readall()
        except CloudFailed as error:
            if is_missing(error):
                return None
            raise
        return StoredObject(body, _bare(found.properties.etag), found.properties.last_modified, answered[-1])

    def create(self, key: str, body: bytes) -> StoredObject:
        return self._put(key, body, {"overwrite": False})

    def replace(self, key: str, body: bytes, *, etag: str) -> StoredObject:
        match = {"etag": f'"{etag}"', "match_condition": MatchConditions.IfNotModified}
        return self._put(key, body, {"overwrite": True, **match})

    def write(self, key: str, body: bytes) -> StoredObject:
        return self._put(key, body, {"overwrite": True})

    def delete(self, key: str) -> None:
        with unless(missing=True), said(f"deleting {key} in {self.name}"):
            self._blob(key).delete_blob()

    def keys(self, prefix: str) -> list[str]:
        container, _, rest = prefix.partition("/")
        try:
            with said(f"listing {prefix} in {self.name}"):
                found = self._service().get_container_client(container).list_blob_names(name_starts_with=rest)
                return sorted(f"{container}/{each}" for each in found)
        except CloudFailed as error:
            if is_missing(error):
                return []
            raise

    def versions(self, key: str) -> Iterator[ObjectVersion]:
        """Blob Storage keeps no mark of a deletion: of a deleted blob there are the earlier versions alone."""
        with said(f"looking for the versions of {key} in {self.name}"):
            container, _, name = key.partition("/")
            holder = self._service().get_container_client(container)
            found = [it for it in holder.list_blobs(name_starts_with=name, include=["versions"]) if it.name == name]
            for each in sorted(found, key=lambda it: (bool(it.is_current_version), it.version_id or ""), reverse=True):
                version = str(each.version_id or "")
                held = self._blob(key).download_blob(offset=0, length=_LARGEST, version_id=version or None)
                yield ObjectVersion(version, each.last_modified, held.readall())

    def copy(self, key: str, to: Account) -> None:
        """An object of any size, piece by piece, over whatever is there."""
        with said(f"copying {key} from {self.name} to {to.name}"):
            to._blob(key).upload_blob(self._blob(key).download_blob().chunks(), overwrite=True)

    def signed(self, container: str, permissions: str, seconds: float) -> str:
        """
        The address of a container that opens it for so long to whoever holds it, for what the letters in `permissions`
        say. As secret as a password.
        """
        now = datetime.now(UTC)
        begins, ends = now - CLOCKS_DIFFER, now + timedelta(seconds=seconds)
        with said(f"asking {self.name} for a key to sign with"):
            key = self._service().get_user_delegation_key(begins, ends)
        signature = generate_container_sas(
            self.name, container, user_delegation_key=key, permission=ContainerSasPermissions.from_string(permissions),
            start=begins, expiry=ends, protocol="https",
        )  # fmt: skip
        return f"https://{self.name}.blob.core.windows.net/{container}?{signature}"

    def _put(self, key: str, body: bytes, condition: Mapping[str, Any]) -> StoredObject:
        with said(f"writing {key} in {self.name}"):
            answer = self._blob(key).upload_blob(
                body, content_settings=ContentSettings(content_type="application/json"), **condition
            )
        return StoredObject(body, _bare(answer["etag"]), answer["last_modified"], answer["date"])

    def _blob(self, key: str) -> Any:
        container, _, name = key.partition("/")
        return self._service().get_blob_client(container, name)

    def _service(self) -> Any:
        """Made once, and shared by threads. Raises Refused for a lost region."""
        self._session.check(self._region)
        if self._made is None:
            self._made = BlobServiceClient(
                f"https://{self.name}.blob.core.windows.net",
                credential=self._session.credential,
                connection_timeout=CONNECT_SECONDS,
                read_timeout=READ_SECONDS,
                retry_total=1,
                retry_connect=1,
                retry_status=1,
                initial_backoff=0,
                increment_base=0,
            )
        return self._made


def _bare(etag: str) -> str:
    return etag.strip('"')


def _answered_at(answer: Any) -> datetime:
    said_at = answer.http_response.headers.get("Date")
    return parsedate_to_datetime(said_at) if said_at else datetime.now(UTC)

"""S3: one bucket with conditional writes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

from scripts.clouds.aws.session import Session, code_of, said
from scripts.clouds.protocol import ObjectVersion, StoredObject
from scripts.core.errors import CloudFailed

_AT_ONCE = 100  # versions in one list
_LARGEST = 1 << 16  # bytes of an old version that are read


class Bucket:
    """See `ObjectStore`."""

    def __init__(self, session: Session, region: str, name: str) -> None:
        self.name = name
        self._session, self._region = session, region

    def read(self, key: str) -> StoredObject | None:
        try:
            with said(f"reading {key} in {self.name}"):
                answer = self._session.client("s3", self._region).get_object(Bucket=self.name, Key=key)
                body = answer["Body"].read()
        except CloudFailed as error:
            if code_of(error) in {"NoSuchKey", "404"}:
                return None
            raise
        return StoredObject(body, answer["ETag"], answer["LastModified"], _answered_at(answer))

    def create(self, key: str, body: bytes) -> StoredObject:
        return self._put(key, body, {"IfNoneMatch": "*"})

    def replace(self, key: str, body: bytes, *, etag: str) -> StoredObject:
        return self._put(key, body, {"IfMatch": etag})

    def write(self, key: str, body: bytes) -> StoredObject:
        return self._put(key, body, {})

    def delete(self, key: str) -> None:
        with said(f"deleting {key} in {self.name}"):
            self._session.client("s3", self._region).delete_object(Bucket=self.name, Key=key)

    def keys(self, prefix: str) -> list[str]:
        pages = self._session.client("s3", self._region).get_paginator("list_objects_v2")
        with said(f"listing {prefix} in {self.name}"):
            listed = [page.get("Contents", []) for page in pages.paginate(Bucket=self.name, Prefix=prefix)]
        return sorted(str(each["Key"]) for page in listed for each in page)

    def versions(self, key: str) -> Iterator[ObjectVersion]:
        s3 = self._session.client("s3", self._region)
        pages = s3.get_paginator("list_object_versions").paginate(Bucket=self.name, Prefix=key, MaxKeys=_AT_ONCE)
        with said(f"looking for the versions of {key} in {self.name}"):
            for page in pages:
                both = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
                found = [each for each in both if each["Key"] == key]
                # Markers are listed apart, and the present version may have the same second as the one before it.
                for each in sorted(found, key=lambda it: (it["IsLatest"], it["LastModified"]), reverse=True):
                    body = None
                    if "Size" in each:
                        answer = s3.get_object(Bucket=self.name, Key=key, VersionId=each["VersionId"])
                        body = answer["Body"].read(_LARGEST)
                    yield ObjectVersion(each["VersionId"], each["LastModified"], body)

    def _put(self, key: str, body: bytes, condition: Mapping[str, str]) -> StoredObject:
        with said(f"writing {key} in {self.name}"):
            answer = self._session.client("s3", self._region).put_object(
                Bucket=self.name, Key=key, Body=body, ContentType="application/json", **condition
            )
        at = _answered_at(answer)
        return StoredObject(body, answer["ETag"], at, at)


def _answered_at(answer: Mapping[str, Any]) -> datetime:
    return parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"])

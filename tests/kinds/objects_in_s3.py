"""Objects in S3: written in several regions, brought back from an earlier version, read by nobody without a key."""

import time
import urllib.error
import urllib.request
from typing import Any

from model import names
from scripts.clouds.aws.objects import Bucket
from scripts.clouds.aws.session import Session
from scripts.drills.stage import Stage

STORE = "media"
LONGEST_SECONDS = 10


class ObjectsInS3:
    """See `Life`."""

    def __init__(self, stage: Stage) -> None:
        self._stage, self._session = stage, Session()
        self._key, self._body = "notes/newest", b""

    def write(self) -> None:
        self._body = f"written at {time.time_ns()}".encode()
        self._bucket(self._stage.active).write(self._key, self._body)

    def holds(self, site: str) -> bool:
        found = self._bucket(site).read(self._key)
        return found is not None and found.body == self._body

    def back_up(self) -> str:
        """Nothing is to be done for it: a bucket with versions keeps the present one under what comes."""
        return self._versions()[0]

    def damage(self) -> None:
        self._bucket(self._stage.active).delete(self._key)

    def is_restored(self, backup: str) -> bool:
        site = self._stage.active
        s3, bucket = self._client(site), self._bucket(site)
        kept = s3.get_object(Bucket=bucket.name, Key=self._key, VersionId=backup)["Body"].read()
        bucket.write(self._key, kept)
        return self.holds(site)

    def why_not_isolated(self, site: str) -> str | None:
        """A bucket is outside every network: what closes it is that a caller without a key is refused."""
        client = self._client(site)
        url = f"{client.meta.endpoint_url}/{self._bucket(site).name}/{self._key}"
        try:
            with urllib.request.urlopen(url, timeout=LONGEST_SECONDS) as answer:
                return f"{url} answers {answer.status} without a key"
        except urllib.error.HTTPError as refused:
            return None if refused.code == 403 else f"{url} answers {refused.code} without a key"

    def _versions(self) -> list[str]:
        site = self._stage.active
        found = self._client(site).list_object_versions(Bucket=self._bucket(site).name, Prefix=self._key)
        return [str(each["VersionId"]) for each in found["Versions"] if each["IsLatest"]]

    def _bucket(self, site: str) -> Bucket:
        plan = self._stage.plan
        return Bucket(self._session, plan.site(site).region, names.bucket(plan, site, STORE))

    def _client(self, site: str) -> Any:
        return self._session.client("s3", self._stage.plan.site(site).region)

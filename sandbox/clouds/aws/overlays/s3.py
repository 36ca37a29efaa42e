"""
S3: conditional writes that are atomic, replication that copies, buckets that strangers cannot read, and a default lock
that can be changed.

moto looks and then writes, so that two conditional writers may both succeed; it keeps replication rules, and only parts
of them, without acting on them; it serves unsigned requests whatever the bucket's policy says; and it changes the lock
of an empty bucket only.
"""

import threading
from typing import Any, ClassVar

from moto.core.responses import ActionResult
from moto.iam.access_control import PermissionResult
from moto.s3 import urls
from moto.s3.exceptions import InvalidBucketState, ReplicationConfigurationNotFoundError, S3ClientError
from moto.s3.models import FakeBucket, FakeKey, S3Backend
from moto.s3.responses import S3Response

from sandbox.clouds.aws.buckets import policy_of
from sandbox.clouds.aws.overlays.s3_replication import Copier
from sandbox.clouds.aws.permissions import allows, denies, statements
from sandbox.clouds.context import Context

Answer = Any


class WriteLock:
    """One lock for all writes of the world: a condition and the write it guards are one step."""

    def __init__(self, _: Context) -> None:
        self.lock = threading.RLock()


class S3(S3Response):
    """The calls that moto answers half."""

    context: ClassVar[Context]

    # writes -------------------------------------------------------------------------------------------------------
    def put_object(self) -> Answer:
        return self._write(super().put_object, self.parse_key_name())

    def copy_object(self) -> Answer:
        return self._write(super().copy_object, self.parse_key_name())

    def delete_object(self) -> Answer:
        send = self._get_param("versionId") is None
        return self._write(super().delete_object, self.parse_key_name(), send=send)

    def _key_response_post(self, *args: Any, **kwargs: Any) -> Answer:
        if "uploadId" not in self.querystring:
            return super()._key_response_post(*args, **kwargs)
        return self._write(lambda: super(S3, self)._key_response_post(*args, **kwargs), self.parse_key_name())

    def _write(self, write: Any, key: str, *, send: bool = True) -> Answer:
        with self.context.one(WriteLock).lock:
            bucket: FakeBucket = self.backend.get_bucket(self.bucket_name)
            before = len(bucket.keys.getlist(key, []))
            answer = write()
            after = bucket.keys.getlist(key, [])
            if send and after and (len(after) != before or not bucket.is_versioned):
                self.context.one(Copier).wrote(bucket, after[-1], key)
        return answer

    # reads --------------------------------------------------------------------------------------------------------
    def head_object(self, *args: Any, **kwargs: Any) -> Answer:
        return self._with_status(super().head_object(*args, **kwargs))

    def get_object(self, *args: Any, **kwargs: Any) -> Answer:
        return self._with_status(super().get_object(*args, **kwargs))

    def _with_status(self, answer: Answer) -> Answer:
        if not isinstance(answer, tuple) or len(answer) != 3:
            return answer
        version = self.querystring.get("versionId", [None])[0]
        key = self.backend.get_object(self.bucket_name, self.parse_key_name(), version_id=version)
        if isinstance(key, FakeKey):
            state = self.context.one(Copier).state_of(self.bucket_name, key)
            if state is not None:
                answer[1]["x-amz-replication-status"] = state
        return answer

    def get_bucket_replication(self) -> Answer:
        self.data["Action"] = "GetBucketReplication"
        kept = self.backend.get_bucket_replication(self.bucket_name)
        if not kept:
            raise ReplicationConfigurationNotFoundError(bucket_name=self.bucket_name)
        rules = [
            {"Filter": {"Prefix": ""}, **{k: v for k, v in rule.items() if v is not None}} for rule in kept["Rule"]
        ]
        shown = {"Role": kept["Role"], "Rules": [_typed(rule) for rule in rules]}
        return self.serialized(ActionResult({"ReplicationConfiguration": shown}))

    # the default lock ---------------------------------------------------------------------------------------------
    def _bucket_response_put(self, request: Any, bucket_name: str, querystring: dict[str, Any]) -> Answer:
        if "object-lock" not in querystring:
            return super()._bucket_response_put(request, bucket_name, querystring)
        self._set_action("BUCKET", "PUT", querystring)
        self._authenticate_and_authorize_s3_action(bucket_name=bucket_name)
        wanted, bucket = self._process_lock_config_from_body(), self.backend.get_bucket(bucket_name)
        if not bucket.is_versioned:
            raise InvalidBucketState("Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration")
        bucket.object_lock_enabled = bucket.object_lock_enabled or wanted["enabled"]
        bucket.default_lock_mode = wanted["mode"]
        bucket.default_lock_days, bucket.default_lock_years = wanted["days"], wanted["years"]
        return 200, {}, ""

    # who may ------------------------------------------------------------------------------------------------------
    def _authenticate_and_authorize_s3_action(
        self, bucket_name: str | None = None, key_name: str | None = None
    ) -> None:
        signed = "Authorization" in self.headers or "X-Amz-Signature" in self.querystring
        if not signed and not self._public(bucket_name, key_name):
            raise S3ClientError("AccessDenied", "Access Denied")
        super()._authenticate_and_authorize_s3_action(bucket_name=bucket_name, key_name=key_name)

    def _public(self, bucket_name: str | None, key: str | None) -> bool:
        """May a stranger read it? By the bucket's policy, unless the bucket is closed to the public."""
        bucket = self.backend.buckets.get(bucket_name) if bucket_name else None
        if bucket is None or key is None or self.method not in {"GET", "HEAD"} or not bucket.policy:
            return False
        block = bucket.public_access_block
        if block is not None and str(getattr(block, "restrict_public_buckets", False)).lower() == "true":
            return False
        found, asked = statements(policy_of(bucket.name)), ("s3:GetObject", f"arn:aws:s3:::{bucket_name}/{key}")
        return allows(found, *asked, {}) and not denies(found, *asked, {})


def _typed(rule: Any) -> Any:
    """Out of XML numbers came as text, and the empty text as nothing."""
    if isinstance(rule, dict):
        return {k: int(v) if k in {"Priority", "Minutes"} else _typed(v) for k, v in rule.items()}
    return "" if rule is None else rule


def start(context: Context) -> None:
    """
    moto reads its table of S3 URLs anew at each use, which would bring its own responses back; and it judges a bucket's
    policy by itself, without its conditions, after the gateway (`identities.py`) has judged it.
    """
    S3Backend._url_module = urls
    FakeBucket.get_permission = lambda *_: PermissionResult.PERMITTED  # judged before


RESPONSES = {S3Response: S3}

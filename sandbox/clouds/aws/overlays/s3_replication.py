"""
The copier: what is written to a bucket with replication rules arrives in the other region's bucket, over the link.

As S3 does it: versions keep their ids, delete markers follow when the rule says so, deletions of versions do not, what
arrived as a copy is not sent on, and what was there before the rule is not sent (S3 User Guide, "What does Amazon S3
replicate?"). While a link is cut, objects wait as PENDING.
"""

import logging
import queue
from dataclasses import dataclass
from typing import Any

from moto.s3.models import FakeBucket, FakeDeleteMarker, FakeKey, s3_backends

from sandbox.clouds.aws.accounts import home_account
from sandbox.clouds.context import Context

log = logging.getLogger(__name__)

LOOK_EVERY_SECONDS = 0.05
PENDING, COMPLETED, FAILED, REPLICA = "PENDING", "COMPLETED", "FAILED", "REPLICA"


@dataclass(frozen=True)
class Task:
    """One version, or delete marker, on its way to one bucket."""

    source: str
    key: str
    version: str
    target: str
    storage_class: str | None


class Copier:
    """One worker for each pair of regions, so that a cut link holds up nobody else. Order of writes is kept."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._queues: dict[tuple[str, str], queue.Queue[Task]] = {}
        self.status: dict[tuple[str, str, str], dict[str, str]] = {}

    def wrote(self, bucket: FakeBucket, written: FakeKey | FakeDeleteMarker, key: str) -> None:
        """Send what was just written wherever the bucket's rules say."""
        for rule in rules_of(bucket):
            if not _applies(rule, written, key):
                continue
            target = rule["Destination"]["Bucket"].split(":::")[-1]
            task = Task(bucket.name, key, str(written.version_id), target, rule["Destination"].get("StorageClass"))
            self.status.setdefault((bucket.name, key, task.version), {})[target] = PENDING
            there = self._bucket(target)
            pair = (bucket.region_name, there.region_name if there else "")
            self._queue(pair).put(task)

    def state_of(self, bucket: str, key: FakeKey) -> str | None:
        """The header x-amz-replication-status of a version."""
        states = self.status.get((bucket, key.name, str(key.version_id)))
        if states is None:
            return None
        for state in (REPLICA, FAILED, PENDING):
            if state in states.values():
                return state
        return COMPLETED

    def _queue(self, pair: tuple[str, str]) -> "queue.Queue[Task]":
        if pair not in self._queues:
            self._queues[pair] = queue.Queue()
            self._context.background(f"s3 {pair[0]} to {pair[1]}", lambda: self._work(pair))
        return self._queues[pair]

    def _work(self, pair: tuple[str, str]) -> None:
        waiting = self._queues[pair]
        while not self._context.stopping.is_set():
            try:
                task = waiting.get(timeout=1.0)
            except queue.Empty:
                continue
            while not self._open(pair):
                if self._context.stopping.wait(LOOK_EVERY_SECONDS):
                    return
            try:
                state = COMPLETED if self._copy(task) else FAILED
            except Exception:
                log.exception("copying %s/%s to %s failed", task.source, task.key, task.target)
                state = FAILED
            self.status[task.source, task.key, task.version][task.target] = state

    def _open(self, pair: tuple[str, str]) -> bool:
        source, target = pair
        network = self._context.fabric.network
        if not target:
            return True
        return network.region_is_up(source) and network.region_is_up(target) and network.allowed(source, target)

    def _bucket(self, name: str) -> FakeBucket | None:
        return s3_backends[home_account(self._context)]["aws"].buckets.get(name)

    def _copy(self, task: Task) -> bool:
        source, target = self._bucket(task.source), self._bucket(task.target)
        if source is None or target is None or not target.is_versioned:
            return False
        versions = source.keys.getlist(task.key, [])
        version = next((one for one in versions if str(one.version_id) == task.version), None)
        if version is None:
            return True  # deleted meanwhile: nothing is left to send
        there = target.keys.getlist(task.key, [])
        if any(str(one.version_id) == task.version for one in there):
            return True
        if isinstance(version, FakeDeleteMarker):
            marker = FakeDeleteMarker(there[-1]) if there else None
            if marker is not None:
                target.keys.setlist(task.key, [*there, marker])
            return True
        self._put(task, version, target)
        self.status[task.target, task.key, task.version] = {"": REPLICA}
        return True

    def _put(self, task: Task, version: FakeKey, target: FakeBucket) -> None:
        backend = s3_backends[home_account(self._context)]["aws"]
        default_lock = target.object_lock_enabled and target.has_default_lock
        copied = backend.put_object(
            target.name,
            task.key,
            version.value,
            storage=task.storage_class or version.storage_class,
            lock_mode=target.default_lock_mode if default_lock else version.lock_mode,
            lock_until=target.default_retention() if default_lock else version.lock_until,
            lock_legal_status=version.lock_legal_status,
            disable_notification=True,
        )
        copied._version_id = version._version_id
        copied.last_modified = version.last_modified
        copied.set_metadata(version.metadata, replace=True)
        tags = backend.tagger.get_tag_dict_for_resource(version.arn)
        if tags:
            backend.set_key_tags(copied, tags)


def rules_of(bucket: FakeBucket) -> list[dict[str, Any]]:
    replication = getattr(bucket, "replication", None)
    if not replication or not bucket.is_versioned:
        return []
    found: list[dict[str, Any]] = sorted(replication["Rule"], key=lambda rule: -int(rule.get("Priority") or 0))
    seen: set[str] = set()
    enabled = [rule for rule in found if rule.get("Status") == "Enabled"]
    # of several rules to one bucket the one with the highest priority counts
    return [r for r in enabled if not (r["Destination"]["Bucket"] in seen or seen.add(r["Destination"]["Bucket"]))]  # type: ignore[func-returns-value]


def _applies(rule: dict[str, Any], written: FakeKey | FakeDeleteMarker, key: str) -> bool:
    filter_ = rule.get("Filter") or {}
    both = filter_.get("And") or {}
    prefix = filter_.get("Prefix") or both.get("Prefix") or rule.get("Prefix") or ""
    if not key.startswith(prefix):
        return False
    if isinstance(written, FakeDeleteMarker):
        return (rule.get("DeleteMarkerReplication") or {}).get("Status") == "Enabled"
    return True

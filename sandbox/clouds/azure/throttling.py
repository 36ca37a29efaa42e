"""How many requests a principal has left: token buckets, by subscription and by what is asked."""

import threading
import time
from dataclasses import dataclass, field

SIZES = {"reads": (250.0, 25.0), "writes": (200.0, 10.0), "deletes": (200.0, 10.0)}
"""(bucket, refilled a second): Microsoft Learn, "Understand how Azure Resource Manager throttles requests"."""


@dataclass
class _Bucket:
    left: float
    at: float = field(default_factory=time.monotonic)


class Throttle:
    """`pace` makes the buckets fill faster, as it makes everything else."""

    def __init__(self, pace: float) -> None:
        self._pace = pace
        self._lock = threading.Lock()
        self._buckets: dict[tuple[str, str, str], _Bucket] = {}

    def take(self, principal: str, subscription: str, method: str) -> tuple[str, int, float]:
        """(what was taken from, how much is left, seconds to wait: 0 where it was granted)."""
        what = _counted_as(method)
        size, refill = SIZES[what]
        with self._lock:
            bucket = self._buckets.setdefault((principal, subscription, what), _Bucket(size))
            now = time.monotonic()
            bucket.left = min(size, bucket.left + (now - bucket.at) * refill * self._pace)
            bucket.at = now
            if bucket.left < 1:
                return what, 0, max(1 / (refill * self._pace), 0.001)
            bucket.left -= 1
            return what, int(bucket.left), 0.0

    def empty(self, principal: str, subscription: str, method: str) -> None:
        """As if everything had been used just now."""
        self.take(principal, subscription, method)
        with self._lock:
            self._buckets[principal, subscription, _counted_as(method)].left = -1.0


def _counted_as(method: str) -> str:
    return {"GET": "reads", "HEAD": "reads", "DELETE": "deletes"}.get(method, "writes")

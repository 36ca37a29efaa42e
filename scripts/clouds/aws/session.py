"""
Connections to AWS: clients made once per service and region, bounded, and shared by threads; its errors become ours.

A region named in `lost` gets no client: a step that asks for one fails here instead of hanging there.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
import botocore.exceptions
from botocore.config import Config

from scripts.clouds.protocol import ConditionFailed
from scripts.core.errors import CloudFailed, Refused

_FAST = Config(
    connect_timeout=1, read_timeout=3, retries={"total_max_attempts": 2, "mode": "standard"}, max_pool_connections=32
)
# Control-plane calls that the sandbox, unlike AWS, answers only when the effect is there.
_SLOW = Config(connect_timeout=1, read_timeout=90, retries={"total_max_attempts": 1}, max_pool_connections=32)


@contextmanager
def said(what: str) -> Iterator[None]:
    """Turn botocore's errors into ours; the text names the call, never its arguments."""
    try:
        yield
    except botocore.exceptions.ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", ""))
        if code in {"PreconditionFailed", "ConditionalRequestConflict", "412", "409"}:
            raise ConditionFailed(f"{what}: the condition no longer holds") from error
        raise CloudFailed(f"{what}: {code}: {error.response.get('Error', {}).get('Message', '')}") from error
    except (botocore.exceptions.ConnectionError, botocore.exceptions.HTTPClientError) as error:
        raise CloudFailed(f"{what}: no answer") from error
    except botocore.exceptions.BotoCoreError as error:
        raise CloudFailed(f"{what}: {error}") from error


def code_of(error: CloudFailed) -> str:
    """The cloud's own code for what went wrong, empty where it gave none."""
    cause = error.__cause__
    return str(cause.response["Error"]["Code"]) if isinstance(cause, botocore.exceptions.ClientError) else ""


@contextmanager
def unless(*codes: str) -> Iterator[None]:
    """These answers count as done: what was wanted is so already. RDS spells some with `Fault` behind them."""
    try:
        yield
    except CloudFailed as error:
        if code_of(error).removesuffix("Fault") not in codes:
            raise


class Session:
    """All calls of one run. `lost` regions are refused."""

    def __init__(self, lost: frozenset[str] = frozenset()) -> None:
        self.lost = lost
        self._session = boto3.session.Session()
        self._clients: dict[tuple[str, str, bool], Any] = {}
        self._lock = threading.Lock()

    def client(self, service: str, region: str, *, slow: bool = False) -> Any:
        """A shared client. Raises Refused for a lost region."""
        if region in self.lost:
            raise Refused(
                f"{service} in {region} is not asked: the region counts as lost", "this is a defect in a step"
            )
        key = (service, region, slow)
        with self._lock:
            if key not in self._clients:
                session: Any = self._session  # the service's name is not a literal here
                self._clients[key] = session.client(service, region_name=region, config=_SLOW if slow else _FAST)
            return self._clients[key]

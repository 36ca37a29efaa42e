"""HTTP as a client of the service sees it: the name resolved anew each time, every answer bounded."""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass
from typing import Any

from scripts.core.net import Unreachable, address_of, wait_for


@dataclass(frozen=True)
class Answer:
    """`address` tells where the name led."""

    status: int
    address: str
    body: Any


def get(host: str, port: int, path: str, *, seconds: float = 1.0) -> Answer:
    """GET `path` where `host` leads now. Raises Unreachable."""
    address = wait_for(address_of(host, timeout=seconds))
    connection = http.client.HTTPConnection(address, port, timeout=seconds)
    try:
        connection.request("GET", path, headers={"Host": host})
        answer = connection.getresponse()
        text = answer.read(65536)
    except (OSError, http.client.HTTPException) as error:
        raise Unreachable(f"http://{host}{path} at {address}: {error}") from error
    finally:
        connection.close()
    try:
        body = json.loads(text)
    except ValueError:
        body = None
    return Answer(answer.status, address, body)

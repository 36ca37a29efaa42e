"""
HTTP as a client of the service sees it: the name resolved anew each time, every answer bounded.

Where the plan's port speaks TLS, the certificate is verified for the name that clients use, also where a site's own
door is asked. What is trusted is the system's trust, or the file that DR_CA_FILE names (the sandbox sets it).
"""

from __future__ import annotations

import asyncio
import json
import os
import ssl
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from scripts.core.errors import BadInput
from scripts.core.net import Unreachable, address_of, wait_for, within

if TYPE_CHECKING:
    from model import Plan

LONGEST_BYTES = 65536


@dataclass(frozen=True)
class Door:
    """Where to ask: `name` is resolved, `host` is who is asked for and whose certificate must be shown."""

    name: str
    port: int
    host: str
    tls: bool

    def url(self, path: str) -> str:
        return f"{'https' if self.tls else 'http'}://{self.host}{path}"


@dataclass(frozen=True)
class Answer:
    """`address` tells where the name led; `body` is None where it was no JSON."""

    status: int
    address: str
    body: Any


def door_of(plan: Plan, name: str = "") -> Door:
    """
    The record of a plan, or the door with this name as it serves the record. DR_HTTP_PORT and DR_HTTPS_PORT name the
    ports that stand for the plan's in the sandbox.
    """
    traffic = plan.traffic
    stands_for = os.environ.get("DR_HTTPS_PORT" if traffic.tls else "DR_HTTP_PORT")
    return Door(name or traffic.record, int(stands_for or traffic.port), traffic.record, traffic.tls)


def get(door: Door, path: str, *, seconds: float = 1.0, source: str = "") -> Answer:
    """
    GET `path` where the door's name leads now, from the address `source` of this machine or from any. Raises
    Unreachable, BadInput.
    """
    return wait_for(fetch(door, path, seconds=seconds, source=source))


async def fetch(door: Door, path: str, *, seconds: float, server: str | None = None, source: str = "") -> Answer:
    """`get` for those who ask several at once; `server` resolves the name. Raises Unreachable, BadInput."""
    address = await address_of(door.name, timeout=seconds, server=server)
    try:
        status, text = await within(seconds, _exchange(door, address, path, source))
    except ssl.SSLCertVerificationError as error:
        raise Unreachable(
            f"{door.url(path)} at {address}: its certificate is not good: {error.verify_message}"
        ) from error
    except (OSError, TimeoutError, asyncio.IncompleteReadError, ValueError) as error:
        raise Unreachable(f"{door.url(path)} at {address}: {error or 'no answer in time'}") from error
    try:
        body = json.loads(text)
    except ValueError:
        body = None
    return Answer(status, address, body)


async def _exchange(door: Door, address: str, path: str, source: str) -> tuple[int, bytes]:
    tls: dict[str, Any] = {}
    if door.tls:
        tls = {"ssl": _trust(os.environ.get("DR_CA_FILE", "")), "server_hostname": door.host}
    local = (source, 0) if source else None
    reader, writer = await asyncio.open_connection(address, door.port, limit=LONGEST_BYTES, local_addr=local, **tls)
    try:
        writer.write(f"GET {path} HTTP/1.0\r\nHost: {door.host}\r\nConnection: close\r\n\r\n".encode())
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        fields = (line.partition(":") for line in head[1:])
        headers = {name.strip().lower(): value.strip() for name, _, value in fields}
        length = min(int(headers.get("content-length", LONGEST_BYTES)), LONGEST_BYTES)
        body = b""
        while len(body) < length and (more := await reader.read(length - len(body))):
            body += more
        return int(head[0].split(" ")[1]), body
    except IndexError as error:
        raise ValueError("what answers does not speak HTTP") from error
    finally:
        writer.transport.abort()


@cache
def _trust(authority: str) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=authority or None)
    except (OSError, ssl.SSLError) as error:
        raise BadInput(
            f"DR_CA_FILE: {authority} holds no certificate of an authority ({error})",
            "name a file in PEM, or unset it to trust what the system trusts",
        ) from error

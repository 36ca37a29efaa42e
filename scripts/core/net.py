"""
Names and waits with bounds, by an event loop that runs in one background thread.

Names are asked at the server that DR_RESOLVER (`address:port`) names, else at the system's.
"""

import asyncio
import os
import threading
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from functools import cache
from typing import Any, TypeVar

import dns.asyncresolver
import dns.exception

from scripts.core.errors import DatabaseFailed

T = TypeVar("T")


class Unreachable(DatabaseFailed):
    """No answer in time, or no name, or the door is shut: one kind of silence, with the reason in words."""


@cache
def _loop() -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="network", daemon=True).start()
    return loop


def wait_for(work: Coroutine[Any, Any, T]) -> T:
    """Run `work`, which bounds itself, from ordinary code."""
    return asyncio.run_coroutine_threadsafe(work, _loop()).result()


_left: set[asyncio.Future[Any]] = set()
"""What was left behind because its time was over; the loop alone would forget it."""


async def within(
    seconds: float, work: Coroutine[Any, Any, T], leave: Callable[[asyncio.Future[T]], None] | None = None
) -> T:
    """
    What `work` gives, or TimeoutError after so many seconds, whatever it does then.

    It is cancelled and left behind, not waited for, as `asyncio.timeout` would: psycopg meets a cancellation by asking
    the server to stop, for up to ten seconds when that is the server that hangs, and `asyncio.wait_for` of Python 3.11
    can swallow one. `leave` is told of it before it is cancelled.
    """
    task = asyncio.ensure_future(work)
    try:
        await asyncio.wait({task}, timeout=seconds)
    except asyncio.CancelledError:
        task.cancel()
        raise
    if task.done():
        return task.result()
    _left.add(task)
    if leave is not None:
        leave(task)
    task.add_done_callback(_ended)
    task.cancel()
    raise TimeoutError


def _ended(task: asyncio.Future[Any]) -> None:
    """Nobody asks any more what came of it."""
    _left.discard(task)
    if not task.cancelled():
        task.exception()


@dataclass(frozen=True)
class Login:
    """Where a database is and who asks. `password` never shows in a repr."""

    host: str
    port: int
    database: str
    user: str
    password: str = field(repr=False)


def resolver(server: str | None = None) -> dns.asyncresolver.Resolver | None:
    """The resolver named by `server` or DR_RESOLVER; None means the system's own."""
    named = server or os.environ.get("DR_RESOLVER")
    if not named:
        return None
    address, _, port = named.rpartition(":")
    made = dns.asyncresolver.Resolver(configure=False)
    made.nameservers = [address]
    made.port = int(port)
    return made


async def address_of(host: str, *, timeout: float, server: str | None = None) -> str:
    """One IPv4 address of `host`. Raises Unreachable."""
    if host.replace(".", "").isdigit():
        return host
    asked = resolver(server)
    try:
        if asked is None:
            async with asyncio.timeout(timeout):
                found = await asyncio.get_running_loop().getaddrinfo(host, None, type=1)
            return str(found[0][4][0])
        answer = await asked.resolve(host, "A", lifetime=timeout)
    except (dns.exception.DNSException, OSError) as error:
        raise Unreachable(f"{host} has no address: {error}") from error
    return str(answer[0])

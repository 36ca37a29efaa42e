"""
A service's cache: what it read from its database is read here first, for a while.

A cache that cannot be reached, or is empty, costs time and nothing else: the database is asked as before. So nothing
here raises, but for `why_not_up`, which tells what is wrong. The few words of the protocol (RESP) that this takes are
spoken here: a client library costs each process more than a second to load, and pods cannot read where it lies.

Environment, for each store of DR_STORES that is opened by a key: DR_STORE_NAME_HOST, _PORT and _PASSWORD, and no _USER.
Whom to trust is said by SSL_CERT_FILE, as to every program that uses OpenSSL.
"""

import json
import socket
import ssl
import threading
from collections.abc import Mapping
from typing import Any

from model.logins import variable
from sandbox.dataplane.resolve import addresses

ANSWER_SECONDS = 0.5
KEPT_SECONDS = 300


class CacheError(Exception):
    """What the cache says instead of an answer."""


class Connection:
    """One, with TLS, to what the name server gives for a name. Raises OSError, CacheError."""

    def __init__(self, host: str, port: int, password: str) -> None:
        found, _ = addresses(host)
        plain = socket.create_connection((found[0], port), ANSWER_SECONDS)
        try:
            self._socket = ssl.create_default_context().wrap_socket(plain, server_hostname=host)
        except OSError:
            plain.close()
            raise
        self._file = self._socket.makefile("rb")
        try:
            self.ask("AUTH", password)
        except (OSError, CacheError):
            self.close()
            raise

    def ask(self, *words: str) -> bytes | int | None:
        parts = b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in (each.encode() for each in words))
        self._socket.sendall(b"*%d\r\n%s" % (len(words), parts))
        line = self._file.readline()
        kind, said = line[:1], line[1:].rstrip()
        if kind == b"$":
            size = int(said)
            return None if size < 0 else self._file.read(size + 2)[:-2]
        if kind in {b"+", b":"}:
            return int(said) if kind == b":" else said
        raise CacheError(said.decode(errors="replace") or "it hung up")

    def close(self) -> None:
        self._file.close()
        self._socket.close()


class ReadThrough:
    """One cache, over one connection, which is opened at first use and again after it broke."""

    def __init__(self, host: str, port: str, password: str) -> None:
        self._login = (host, int(port), password)
        self._lock = threading.Lock()
        self._connection: Connection | None = None

    def _ask(self, *words: str) -> bytes | int | None:
        with self._lock:
            if self._connection is None:
                self._connection = Connection(*self._login)
            try:
                return self._connection.ask(*words)
            except (OSError, CacheError, ValueError):
                self._connection.close()
                self._connection = None
                raise

    def get(self, key: str) -> dict[str, Any] | None:
        try:
            found = self._ask("GET", key)
            return dict(json.loads(found)) if isinstance(found, bytes) else None
        except (OSError, CacheError, ValueError):
            return None

    def put(self, key: str, value: Mapping[str, Any]) -> None:
        try:
            self._ask("SET", key, json.dumps(value), "EX", str(KEPT_SECONDS))
        except (OSError, CacheError, ValueError):
            return

    def why_not_up(self) -> str:
        """Empty where it answers. A connection that broke meanwhile is opened again before anything is said."""
        for last in (False, True):
            try:
                self._ask("PING")
            except (OSError, CacheError, ValueError) as error:
                if last:
                    return f"{type(error).__name__}: {error}"
            else:
                break
        return ""

    def count(self) -> int:
        """How many keys it holds; -1 where it does not say."""
        try:
            found = self._ask("DBSIZE")
        except (OSError, CacheError, ValueError):
            return -1
        return found if isinstance(found, int) else -1


def caches(env: Mapping[str, str]) -> dict[str, ReadThrough]:
    """Of each cache among the service's stores."""
    stores = [store for store in env.get("DR_STORES", "").split(",") if env.get(variable(store, "HOST"))]
    return {
        store: ReadThrough(*(env[variable(store, part)] for part in ("HOST", "PORT", "PASSWORD")))
        for store in stores
        if variable(store, "USER") not in env
    }

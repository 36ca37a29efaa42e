"""
A service's stores, as its environment names them, and its connections to them.

A store is found by name at each connection, so that a name that moves is followed.

Environment: DR_STORES (names of stores, separated by commas; none: a service without any), and for each of them that is
a database DR_STORE_NAME_HOST, _PORT, _NAME, _USER and _PASSWORD (`model.logins.variable`); SERVICE, DR_RESOLVER.
"""

import contextlib
import os
import select
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import psycopg
from psycopg.rows import TupleRow

from model.logins import variable
from sandbox.dataplane.resolve import addresses

ANSWER_SECONDS = 1.5  # a statement that takes longer is given up with its connection: the server may be a black hole
RETRY_SECONDS = 0.05
WATCH_SECONDS = 0.05
IDLE_CONNECTIONS = 4
Connection = psycopg.Connection[TupleRow]


@dataclass(frozen=True)
class Login:
    """Where a store is, and as whom the service logs in to it."""

    host: str
    port: str
    database: str
    user: str
    password: str = field(repr=False)


def logins(env: Mapping[str, str]) -> dict[str, Login]:
    """Of each database among the service's stores, the one that it keeps its orders in first. Raises KeyError."""
    stores = [store for store in env.get("DR_STORES", "").split(",") if env.get(variable(store, "USER"))]
    parts = ("HOST", "PORT", "NAME", "USER", "PASSWORD")
    return {store: Login(*(env[variable(store, part)] for part in parts)) for store in stores}


def connect(login: Login) -> Connection:
    """A connection in autocommit mode. Raises NoDatabase."""
    try:
        found, _ = addresses(login.host)
        return psycopg.connect(
            host=login.host,
            hostaddr=found[0],
            port=login.port,
            dbname=login.database,
            user=login.user,
            password=login.password,
            connect_timeout=2,  # the least that psycopg takes
            autocommit=True,
            sslmode="prefer",
            gssencmode="disable",
            tcp_user_timeout=1000,
            application_name=os.environ.get("SERVICE", "app"),
        )
    except (OSError, psycopg.Error) as error:
        raise NoDatabase(type(error).__name__) from error


class NoDatabase(Exception):
    """It cannot be reached now."""


class Pool:
    """
    Connections to one database. One that fails takes all others with it: what is behind the name may have changed.
    """

    def __init__(self, login: Login) -> None:
        self._login = login
        self._idle: list[Connection] = []
        self._busy: dict[int, tuple[float, Connection]] = {}
        self._lock = threading.Lock()
        self._wanted = threading.Event()
        self._failed_at = 0.0
        for duty in (self._watch, self._reconnect):
            threading.Thread(target=duty, daemon=True).start()

    @contextlib.contextmanager
    def connection(self) -> Iterator[Connection]:
        """An open connection. Raises NoDatabase; psycopg.Error of the body passes through."""
        with self._lock:
            connection = self._idle.pop() if self._idle else None
        if connection is None:
            connection = self._connect()
        with self._lock:
            self._busy[id(connection)] = (time.monotonic() + ANSWER_SECONDS, connection)
        try:
            yield connection
        finally:
            with self._lock:
                self._busy.pop(id(connection), None)
            if connection.broken or connection.closed:
                self._drop_all(connection)
            else:
                with self._lock:
                    keep = len(self._idle) < IDLE_CONNECTIONS
                    if keep:
                        self._idle.append(connection)
                if not keep:
                    connection.close()

    def _connect(self) -> Connection:
        try:
            return connect(self._login)
        except NoDatabase:
            self._wanted.set()
            raise

    def _drop_all(self, broken: Connection) -> None:
        with self._lock:
            dropped, self._idle = [broken, *self._idle], []
        for connection in dropped:
            connection.close()
        self._wanted.set()

    def _watch(self) -> None:
        """
        Shut the sockets of statements that got no answer (libpq itself would wait for ever), and drop idle connections
        that the server has closed before an order finds out.
        """
        while True:
            time.sleep(WATCH_SECONDS)
            now = time.monotonic()
            with self._lock:
                late = [connection for deadline, connection in self._busy.values() if deadline < now]
                dead = next((connection for connection in self._idle if _has_ended(connection)), None)
                if dead is not None:
                    self._idle.remove(dead)
            if dead is not None:
                self._drop_all(dead)
            for connection in late:
                with contextlib.suppress(OSError, psycopg.Error), _socket_of(connection) as end:
                    end.shutdown(socket.SHUT_RDWR)

    def _reconnect(self) -> None:
        """After a failure, have a connection ready before the next order comes."""
        while True:
            self._wanted.wait()
            try:
                connection = self._connect()
            except NoDatabase:
                time.sleep(RETRY_SECONDS)
                continue
            self._wanted.clear()
            with self._lock:
                self._idle.append(connection)


def _has_ended(connection: Connection) -> bool:
    """Nobody talks on an idle connection, so anything to read is its end."""
    try:
        readable, _, _ = select.select([connection.fileno()], [], [], 0)
    except (OSError, ValueError, psycopg.Error):
        return True
    return bool(readable)


def _socket_of(connection: Connection) -> socket.socket:
    return socket.socket(fileno=os.dup(connection.fileno()))

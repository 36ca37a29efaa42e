"""
The service: takes orders over HTTP and keeps each as one row, in a transaction of its own.

It checks nothing itself: whether it may write is up to the database, whose refusal (SQLSTATE 25006) is a 503. It
finds the database by name at each connection, so that it follows a name that moves; it never sends an order twice.

POST /orders {"run", "seq", "payload"} -> 201 {"id", "site", "epoch"}   GET /orders/ID -> 200, 404
GET /health        200 {"service", "site"}: the process lives
GET /health/ready  200: it can serve: its database answers, whatever its role
GET /health/db     200 {"service", "site", "epoch", "replica", "writable"}: its database answers; 503: it does not
All of it also below BASE_PATH, where a front door that routes by path finds it.
Environment: HOST, PORT, SERVICE, BASE_PATH (/SERVICE without it), DR_SITE, DATABASE_HOST (none: a service without a
database), DATABASE_PORT, DATABASE_NAME, DATABASE_USER, DATABASE_PASSWORD or DATABASE_PASSWORD_FILE, DR_RESOLVER.
"""

import contextlib
import json
import os
import select
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import TupleRow

from sandbox.dataplane.resolve import addresses
from sandbox.dataplane.schema import SCHEMA
from sandbox.peers import admits

ANSWER_SECONDS = 1.5  # a statement that takes longer is given up with its connection: the server may be a black hole
RETRY_SECONDS = 0.05
WATCH_SECONDS = 0.05
IDLE_CONNECTIONS = 4
OURS = admits()
"""Pods listen on loopback, which is open to every user of the machine."""
INSERT = """
    INSERT INTO orders (service, site, run, seq, payload) VALUES (%s, %s, %s, %s, %s) RETURNING id::text, epoch
"""
MIGRATION = SCHEMA.read_bytes()  # now: a pod may not be allowed to read the checkout
Connection = psycopg.Connection[TupleRow]


class NoDatabase(Exception):
    """It cannot be reached now."""


def login(env: Mapping[str, str]) -> dict[str, Any]:
    """How the service logs in, by its environment."""
    password_file = env.get("DATABASE_PASSWORD_FILE")
    return {
        "port": env.get("DATABASE_PORT", "5432"),
        "dbname": env.get("DATABASE_NAME", "postgres"),
        "user": env.get("DATABASE_USER", "postgres"),
        "password": Path(password_file).read_text().strip() if password_file else env.get("DATABASE_PASSWORD", ""),
    }


def connect(host: str, known: Mapping[str, Any]) -> Connection:
    """An autocommit connection to where the name leads now. Raises OSError, psycopg.Error."""
    found, _ = addresses(host)
    return psycopg.connect(
        host=host,
        hostaddr=found[0],
        connect_timeout=2,  # the least that psycopg takes
        autocommit=True,
        sslmode="prefer",
        gssencmode="disable",
        tcp_user_timeout=1000,
        application_name=os.environ.get("SERVICE", "app"),
        **known,
    )


class Pool:
    """
    Connections to one database. One that fails takes all others with it: what is behind the name may have changed.
    """

    def __init__(self, env: Mapping[str, str]) -> None:
        self._host, self._login = env["DATABASE_HOST"], login(env)
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
            return connect(self._host, self._login)
        except (OSError, psycopg.Error) as error:
            self._wanted.set()
            raise NoDatabase(type(error).__name__) from error

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


class Service:
    def __init__(self, env: Mapping[str, str]) -> None:
        self.name, self.site = env.get("SERVICE", "app"), env.get("DR_SITE", "")
        self.base = env.get("BASE_PATH") or f"/{self.name}"
        self.pool = Pool(env) if env.get("DATABASE_HOST") else None

    def take_order(self, order: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
        if self.pool is None:
            return 404, {"error": "this service takes no orders"}
        told = (str(order.get("run", "")), int(order.get("seq", 0)), str(order.get("payload", "")))
        with self.pool.connection() as connection:
            made = connection.execute(INSERT, (self.name, self.site, *told)).fetchone()
        if made is None:
            raise NoDatabase("no row came back")
        return 201, {"id": made[0], "site": self.site, "epoch": made[1]}

    def show_order(self, order: str) -> tuple[int, dict[str, Any]]:
        if self.pool is None:
            return 404, {"error": "this service takes no orders"}
        with self.pool.connection() as connection:
            found = connection.execute(
                "SELECT site, epoch, payload FROM orders WHERE id::text = %s", (order,)
            ).fetchone()
        if found is None:
            return 404, {"error": "no such order"}
        return 200, {"id": order, "site": found[0], "epoch": found[1], "payload": found[2]}

    def health(self, path: str) -> tuple[int, dict[str, Any]]:
        if path == "/health" or self.pool is None:
            return 200, {"service": self.name, "site": self.site}
        with self.pool.connection() as connection:
            row = connection.execute("SELECT pg_is_in_recovery(), to_regproc('epoch_of_the_writer')").fetchone()
            replica, knows = row or (True, None)
            found = connection.execute("SELECT epoch_of_the_writer()").fetchone() if knows else None
        epoch = found[0] if found else 0
        told = {"service": self.name, "site": self.site, "epoch": epoch}
        return 200, {**told, "replica": replica, "writable": not replica}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def _answer(self, status: int, body: Mapping[str, Any]) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _serve(self, method: str) -> None:
        service: Service = self.server.service  # type: ignore[attr-defined]
        path = self.path.removeprefix(service.base) or "/"
        asked = f"{method} {path if path.startswith('/') else self.path}"
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        try:
            if asked == "POST /orders":
                self._answer(*service.take_order(json.loads(body or b"{}")))
            elif asked.startswith("GET /orders/"):
                self._answer(*service.show_order(asked.rpartition("/")[2]))
            elif asked in {"GET /health", "GET /health/db", "GET /health/ready"}:
                self._answer(*service.health(asked.removeprefix("GET ")))
            else:
                self._answer(404, {"error": "no such path"})
        except NoDatabase as error:
            self._answer(503, {"error": f"the database cannot be reached: {error}"})
        except psycopg.Error as error:
            self._answer(503, {"error": "the database refused", "sqlstate": error.sqlstate or "lost"})
        except (ValueError, TypeError, AttributeError):
            self._answer(400, {"error": "not an order"})

    def do_GET(self) -> None:
        self._serve("GET")

    def do_POST(self) -> None:
        self._serve("POST")

    def log_message(self, *_: Any) -> None:
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    allow_reuse_address = True

    def verify_request(self, request: Any, client_address: Any) -> bool:
        return OURS(client_address, request.getsockname())


def migrate(pool: Pool) -> None:
    """
    The service's own migration, as its deployment would run it: before it serves, and only where its tables are made.
    A replica has them from the site that it follows.
    """
    with contextlib.suppress(NoDatabase, psycopg.Error), pool.connection() as connection, connection.transaction():
        found = connection.execute("SELECT pg_is_in_recovery() OR to_regclass('orders') IS NOT NULL").fetchone()
        if found == (False,):
            connection.execute("SELECT pg_advisory_xact_lock(hashtext('orders'))")  # the services start side by side
            connection.execute(MIGRATION)


def main() -> int:
    service = Service(os.environ)
    if service.pool is not None:
        migrate(service.pool)
    server = _Server((os.environ.get("HOST", "127.0.0.1"), int(os.environ["PORT"])), _Handler)
    server.service = service  # type: ignore[attr-defined]
    server.serve_forever(poll_interval=5)
    return 0

"""
The service: takes orders over HTTP and keeps each as one row, in a transaction of its own, in the first of its stores.

Whether it may write is up to the database, whose refusal (SQLSTATE 25006) is a 503; so is its own answer while `manage
read-only on` holds. It never sends an order twice. It may read and write what is there and changes no schema:
`migration.py` does, before it starts.
An order that it has read is kept for a while in its cache, where it has one (`read_through.py`).

POST /orders {"run", "seq", "payload"} -> 201 {"id", "site", "epoch"}   GET /orders/ID -> 200, 404
GET /health        200 {"service", "site"}: the process lives
GET /health/ready  200: it can serve: its databases answer, whatever their role
GET /health/db     200 {"service", "site", "epoch", "replica", "writable"}: its databases answer; 503: one does not
GET /health/redis  200 {"service", "site", "keys"}: its caches answer, and hold so many keys; 503: one does not
GET /health/traffic 200: its site is to get the traffic, as DR_CLAIM_URL says, or as long as it is told of none; 503
All of it also below BASE_PATH, where a front door that routes by path finds it.
With DR_FAILS_ON, a path, it answers 500 there and below: a version with a mistake.
Environment: HOST, PORT, SERVICE, BASE_PATH (/SERVICE without it), DR_SITE, and what `pool.py` says of its stores.
"""

import json
import os
import urllib.request
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import psycopg

from sandbox.dataplane.pool import NoDatabase, Pool, logins
from sandbox.dataplane.read_through import caches
from sandbox.peers import admits

OURS = admits()
"""Pods listen on loopback, which is open to every user of the machine."""
CLAIM_SECONDS = 1.0
INSERT = """
    INSERT INTO orders (service, site, run, seq, payload) SELECT %s, %s, %s, %s, %s
    WHERE NOT EXISTS (SELECT FROM modes WHERE name = 'read-only') RETURNING id::text, epoch
"""


class Service:
    def __init__(self, env: Mapping[str, str]) -> None:
        self.name, self.site = env.get("SERVICE", "app"), env.get("DR_SITE", "")
        self.base = env.get("BASE_PATH") or f"/{self.name}"
        self.claim_url = env.get("DR_CLAIM_URL", "")
        self.fails_on = env.get("DR_FAILS_ON", "")
        self.pools = {store: Pool(login) for store, login in logins(env).items()}
        self.pool = next(iter(self.pools.values()), None)
        self.caches = caches(env)
        self.cache = next(iter(self.caches.values()), None)

    def take_order(self, order: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
        if self.pool is None:
            return 404, {"error": "this service takes no orders"}
        told = (str(order.get("run", "")), int(order.get("seq", 0)), str(order.get("payload", "")))
        with self.pool.connection() as connection:
            made = connection.execute(INSERT, (self.name, self.site, *told)).fetchone()
        if made is None:
            return 503, {"error": "the service is read-only"}
        return 201, {"id": made[0], "site": self.site, "epoch": made[1]}

    def show_order(self, order: str) -> tuple[int, dict[str, Any]]:
        if self.pool is None:
            return 404, {"error": "this service takes no orders"}
        if self.cache is not None and (kept := self.cache.get(f"order:{order}")) is not None:
            return 200, kept
        with self.pool.connection() as connection:
            found = connection.execute(
                "SELECT site, epoch, payload FROM orders WHERE id::text = %s", (order,)
            ).fetchone()
        if found is None:
            return 404, {"error": "no such order"}
        shown = {"id": order, "site": found[0], "epoch": found[1], "payload": found[2]}
        if self.cache is not None:
            self.cache.put(f"order:{order}", shown)
        return 200, shown

    def health(self, path: str) -> tuple[int, dict[str, Any]]:
        told: dict[str, Any] = {"service": self.name, "site": self.site}
        if path == "/health" or not self.pools:
            return 200, told
        seen = [self._look(pool) for pool in self.pools.values()]
        replica = any(each for each, _ in seen)
        return 200, {**told, "epoch": seen[0][1], "replica": replica, "writable": not replica}

    def health_of_caches(self) -> tuple[int, dict[str, Any]]:
        if not self.caches:
            return 404, {"error": "this service has no cache"}
        for store, cache in self.caches.items():
            if reason := cache.why_not_up():
                return 503, {"error": f"{store} cannot be reached: {reason}"}
        keys = sum(cache.count() for cache in self.caches.values())
        return 200, {"service": self.name, "site": self.site, "keys": keys}

    def health_of_the_claim(self) -> tuple[int, dict[str, Any]]:
        """A claim that cannot be seen counts as none."""
        told = {"service": self.name, "site": self.site}
        if not self.claim_url:
            return 200, told
        try:
            with urllib.request.urlopen(self.claim_url, timeout=CLAIM_SECONDS):  # noqa: S310 - from its settings
                return 200, told
        except OSError:
            return 503, {**told, "error": "this site does not claim the traffic"}

    @staticmethod
    def _look(pool: Pool) -> tuple[bool, int]:
        """Is it a replica, and in which epoch is it?"""
        with pool.connection() as connection:
            row = connection.execute("SELECT pg_is_in_recovery(), to_regproc('epoch_of_the_writer')").fetchone()
            replica, knows = row or (True, None)
            found = connection.execute("SELECT epoch_of_the_writer()").fetchone() if knows else None
        return bool(replica), int(found[0]) if found else 0


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
            if service.fails_on and path.startswith(service.fails_on):
                self._answer(500, {"error": "a mistake of this version"})
            elif asked == "POST /orders":
                self._answer(*service.take_order(json.loads(body or b"{}")))
            elif asked.startswith("GET /orders/"):
                self._answer(*service.show_order(asked.rpartition("/")[2]))
            elif asked in {"GET /health", "GET /health/db", "GET /health/ready"}:
                self._answer(*service.health(asked.removeprefix("GET ")))
            elif asked == "GET /health/traffic":
                self._answer(*service.health_of_the_claim())
            elif asked == "GET /health/redis":
                self._answer(*service.health_of_caches())
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


def main() -> int:
    service = Service(os.environ)
    server = _Server((os.environ.get("HOST", "127.0.0.1"), int(os.environ["PORT"])), _Handler)
    server.service = service  # type: ignore[attr-defined]
    server.serve_forever(poll_interval=5)
    return 0

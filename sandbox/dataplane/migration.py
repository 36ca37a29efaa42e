"""
The service's own migration: it runs in each of its pods before the service does, with a login that may change the
schema. Where there is nothing to do it ends well: on a replica, which has its tables from the store that it follows,
and in a database that is closed, which nobody may change now.

It waits a while for a login that is not there yet: the sentinel makes it when the site is first opened for writes.

With `--stay` it runs beside the service instead, where nothing can run before one. It does not end: it waits for as
long as it takes, and answers GET /health at PORT, 503 while there is something to do.
"""

import json
import os
import sys
import threading
import time
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NoReturn

import psycopg

from sandbox.dataplane.pool import Login, NoDatabase, connect, logins
from sandbox.dataplane.schema import SCHEMA

WAIT_SECONDS = 20.0
RETRY_SECONDS, LOOK_AGAIN_SECONDS = 0.1, 1.0
CLOSED = "CONNECT privilege"  # what a closed database says to whoever connects (a refusal carries no SQLSTATE then)
MIGRATION = SCHEMA.read_bytes()  # now: a pod may not be allowed to read the checkout


def migrate(login: Login) -> None:
    """Raises NoDatabase, psycopg.Error."""
    with connect(login) as connection, connection.transaction():
        found = connection.execute("SELECT pg_is_in_recovery() OR to_regclass('orders') IS NOT NULL").fetchone()
        if found == (False,):
            connection.execute("SELECT pg_advisory_xact_lock(hashtext('orders'))")  # the services start side by side
            connection.execute(MIGRATION)


def why_not_migrated(login: Login) -> str | None:
    """The reason, or None when there is nothing left to do."""
    try:
        migrate(login)
    except NoDatabase as error:
        return None if CLOSED in str(error.__cause__) else str(error)
    except psycopg.Error as error:
        return f"{error.sqlstate} {error}".strip()
    return None


def stay(found: Mapping[str, Login]) -> NoReturn:
    """A closed database is opened some day, so each is looked at until it has its tables."""
    left = dict.fromkeys(found, "nobody has looked at it yet")

    class Health(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps({"left": left}).encode()
            self.send_response(503 if any(left.values()) else 200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the library's name)
            """Whoever asks for its health is told, and nobody else."""

    server = ThreadingHTTPServer((os.environ.get("HOST", "127.0.0.1"), int(os.environ["PORT"])), Health)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    said = dict(left)
    while True:
        for store, login in found.items():
            left[store] = why_not_migrated(login) or ""
            if left[store] != said[store]:
                said[store] = left[store]
                print(f"{store}: {said[store] or 'there is nothing left to do'}", file=sys.stderr, flush=True)
        time.sleep(LOOK_AGAIN_SECONDS)


def main() -> int:
    found = logins(os.environ)
    if "--stay" in sys.argv:
        stay(found)
    deadline = time.monotonic() + WAIT_SECONDS
    for store, login in found.items():
        while (reason := why_not_migrated(login)) is not None:
            if time.monotonic() > deadline:
                print(f"{store}: {reason}", file=sys.stderr)
                return 1
            time.sleep(RETRY_SECONDS)
    return 0

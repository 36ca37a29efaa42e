"""
The service's own migration: it runs in each of its pods before the service does, with a login that may change the
schema. Where there is nothing to do it ends well: on a replica, which has its tables from the store that it follows,
and in a database that is closed, which nobody may change now.

It waits a while for a login that is not there yet: the sentinel makes it when the site is first opened for writes.
"""

import os
import sys
import time

import psycopg

from sandbox.dataplane.pool import Login, NoDatabase, connect, logins
from sandbox.dataplane.schema import SCHEMA

WAIT_SECONDS = 20.0
RETRY_SECONDS = 0.1
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


def main() -> int:
    deadline = time.monotonic() + WAIT_SECONDS
    for store, login in logins(os.environ).items():
        while (reason := why_not_migrated(login)) is not None:
            if time.monotonic() > deadline:
                print(f"{store}: {reason}", file=sys.stderr)
                return 1
            time.sleep(RETRY_SECONDS)
    return 0

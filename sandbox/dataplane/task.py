"""
What the service's image can do once, as a management command does it: `task sql STATEMENT...`, `task wait SECONDS`.

It finds the first of its stores, and logs in to it, as the service does (`sandbox/dataplane/pool.py`). It ends with 1
when a statement is refused.
"""

import os
import sys
import time

from sandbox.dataplane.pool import Connection, connect, logins

USAGE_ERROR = 2


def main() -> int:
    match sys.argv[1:]:
        case ["sql", *statements] if statements:
            login = next(iter(logins(os.environ).values()))
            with connect(login) as connection:
                return _run(connection, statements)
        case ["wait", seconds]:
            print(f"waiting for {seconds} s", flush=True)
            time.sleep(float(seconds))
            return 0
    print("usage: task sql STATEMENT... | task wait SECONDS", file=sys.stderr)
    return USAGE_ERROR


def _run(connection: Connection, statements: list[str]) -> int:
    for statement in statements:
        done = connection.execute(statement.encode())
        print(done.statusmessage, flush=True)
    return 0

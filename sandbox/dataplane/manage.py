"""
What the service's image can do once, as a management command does it:

    manage sql STATEMENT...    manage read-only on|off    manage revoke-keys    manage wait SECONDS

It finds the first of its stores, and logs in to it, as the service does (`sandbox/dataplane/pool.py`). It ends with 1
when a statement is refused.
"""

import os
import sys
import time

from sandbox.dataplane.pool import connect, logins

USAGE_ERROR = 2
USAGE = "usage: manage sql STATEMENT... | manage read-only on|off | manage revoke-keys | manage wait SECONDS"
READ_ONLY = {
    "on": "INSERT INTO modes (name) VALUES ('read-only') ON CONFLICT DO NOTHING",
    "off": "DELETE FROM modes WHERE name = 'read-only'",
}
REVOKE_KEYS = "UPDATE api_keys SET active = false WHERE active"


def main() -> int:
    match sys.argv[1:]:
        case ["sql", *statements] if statements:
            return _run(statements)
        case ["read-only", ("on" | "off") as wanted]:
            return _run([READ_ONLY[wanted]])
        case ["revoke-keys"]:
            return _run([REVOKE_KEYS])
        case ["wait", seconds]:
            print(f"waiting for {seconds} s", flush=True)
            time.sleep(float(seconds))
            return 0
    print(USAGE, file=sys.stderr)
    return USAGE_ERROR


def _run(statements: list[str]) -> int:
    login = next(iter(logins(os.environ).values()))
    with connect(login) as connection:
        for statement in statements:
            print(connection.execute(statement.encode()).statusmessage, flush=True)
    return 0

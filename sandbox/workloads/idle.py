"""A transaction that has written and sits idle before it commits."""

import time

from sandbox.workloads.family import Connection

TITLE = "A transaction that has written and sits idle before it commits"
PREPARE = """
CREATE TABLE IF NOT EXISTS workload_idle (run text, seq bigint, PRIMARY KEY (run, seq));
"""
SECONDS = 1.0
HELD = "SELECT seq FROM workload_idle WHERE run = %s"


def write(connection: Connection, run: str, seq: int) -> None:
    connection.execute("BEGIN")
    connection.execute("INSERT INTO workload_idle VALUES (%s, %s)", (run, seq))
    time.sleep(SECONDS)
    connection.execute("COMMIT")

"""One row in a transaction of its own."""

from sandbox.workloads.family import Connection

TITLE = "One row in a transaction of its own"
PREPARE = """
CREATE TABLE IF NOT EXISTS workload_single (run text, seq bigint, PRIMARY KEY (run, seq));
"""
HELD = "SELECT seq FROM workload_single WHERE run = %s"


def write(connection: Connection, run: str, seq: int) -> None:
    connection.execute("INSERT INTO workload_single VALUES (%s, %s)", (run, seq))

"""A transaction that is older than any lease before it writes."""

from sandbox.workloads.family import Connection

TITLE = "A transaction that is older than any lease before it writes"
PREPARE = """
CREATE TABLE IF NOT EXISTS workload_long (run text, seq bigint, PRIMARY KEY (run, seq));
"""
SECONDS = 4.0  # longer than the lease of `minimal`
HELD = "SELECT seq FROM workload_long WHERE run = %s"


def write(connection: Connection, run: str, seq: int) -> None:
    connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
    connection.execute("SELECT count(*) FROM workload_long")
    connection.execute("SELECT pg_sleep(%s)", (SECONDS,))
    connection.execute("INSERT INTO workload_long VALUES (%s, %s)", (run, seq))
    connection.execute("COMMIT")

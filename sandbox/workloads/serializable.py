"""Serializable transactions that read what they write."""

from sandbox.workloads.family import Connection

TITLE = "Serializable transactions that read what they write"
PREPARE = """
CREATE TABLE IF NOT EXISTS workload_serializable (run text, seq bigint, PRIMARY KEY (run, seq));
"""
HELD = "SELECT seq FROM workload_serializable WHERE run = %s"


def write(connection: Connection, run: str, seq: int) -> None:
    connection.execute("BEGIN ISOLATION LEVEL SERIALIZABLE")
    connection.execute("SELECT max(seq) FROM workload_serializable WHERE run = %s", (run,))
    connection.execute("INSERT INTO workload_serializable VALUES (%s, %s)", (run, seq))
    connection.execute("COMMIT")

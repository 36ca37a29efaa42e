"""Prepared statements in sessions that are shared, as through a pooler."""

from sandbox.workloads.family import Connection

TITLE = "Prepared statements in sessions that are shared, as through a pooler"
PREPARE = """
CREATE TABLE IF NOT EXISTS workload_prepared (run text, seq bigint, PRIMARY KEY (run, seq));
"""
HELD = "SELECT seq FROM workload_prepared WHERE run = %s"


def write(connection: Connection, run: str, seq: int) -> None:
    connection.execute("INSERT INTO workload_prepared VALUES (%s, %s)", (run, seq), prepare=True)
    if seq % 7 == 0:
        connection.execute("DISCARD TEMP")

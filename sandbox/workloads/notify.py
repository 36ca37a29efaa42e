"""A row and a notification in one transaction, heard by the writer itself."""

from sandbox.workloads.family import Connection

TITLE = "A row and a notification in one transaction, heard by the writer itself"
PREPARE = """
CREATE TABLE IF NOT EXISTS workload_notify (run text, seq bigint, PRIMARY KEY (run, seq));
"""
HELD = "SELECT seq FROM workload_notify WHERE run = %s"


def write(connection: Connection, run: str, seq: int) -> None:
    connection.execute("LISTEN workload")
    with connection.transaction():
        connection.execute("INSERT INTO workload_notify VALUES (%s, %s)", (run, seq))
        connection.execute("SELECT pg_notify('workload', %s)", (str(seq),))

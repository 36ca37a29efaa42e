"""An unlogged table: guarded, and lost with its server by design."""

from sandbox.workloads.family import Connection

TITLE = "An unlogged table: guarded, and lost with its server by design"
PREPARE = """
CREATE UNLOGGED TABLE IF NOT EXISTS workload_unlogged (run text, seq bigint, PRIMARY KEY (run, seq));
"""
HELD = "SELECT seq FROM workload_unlogged WHERE run = %s"


def write(connection: Connection, run: str, seq: int) -> None:
    connection.execute("INSERT INTO workload_unlogged VALUES (%s, %s)", (run, seq))


LASTING = False

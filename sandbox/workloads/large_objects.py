"""A large object and the row that names it."""

from sandbox.workloads.family import Connection

TITLE = "A large object and the row that names it"
PREPARE = """
CREATE TABLE IF NOT EXISTS workload_large_objects (run text, seq bigint, content oid, PRIMARY KEY (run, seq));
"""
HELD = "SELECT seq FROM workload_large_objects JOIN pg_largeobject_metadata o ON o.oid = content WHERE run = %s"


def write(connection: Connection, run: str, seq: int) -> None:
    connection.execute("INSERT INTO workload_large_objects VALUES (%s, %s, lo_from_bytea(0, 'content'))", (run, seq))

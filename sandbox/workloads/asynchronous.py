"""Commits that are acknowledged before they are on disk."""

from sandbox.workloads.family import Connection

TITLE = "Commits that are acknowledged before they are on disk"
PREPARE = """
CREATE TABLE IF NOT EXISTS workload_asynchronous (run text, seq bigint, PRIMARY KEY (run, seq));
"""
HELD = "SELECT seq FROM workload_asynchronous WHERE run = %s"


def write(connection: Connection, run: str, seq: int) -> None:
    connection.execute("SET synchronous_commit = off")
    connection.execute("INSERT INTO workload_asynchronous VALUES (%s, %s)", (run, seq))

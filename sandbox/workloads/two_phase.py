"""Transactions that are prepared and committed in two phases."""

from sandbox.workloads.family import Connection

TITLE = "Transactions that are prepared and committed in two phases"
PREPARE = """
CREATE TABLE IF NOT EXISTS workload_two_phase (run text, seq bigint, PRIMARY KEY (run, seq));
"""
HELD = "SELECT seq FROM workload_two_phase WHERE run = %s"


def write(connection: Connection, run: str, seq: int) -> None:
    connection.execute("BEGIN")
    connection.execute("INSERT INTO workload_two_phase VALUES (%s, %s)", (run, seq))
    name = f"{run}-{seq}"  # our own hexadecimal digits
    connection.execute(f"PREPARE TRANSACTION '{name}'".encode())
    connection.execute(f"COMMIT PREPARED '{name}'".encode())

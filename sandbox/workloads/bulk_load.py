"""Loads of thousands of rows by COPY into a table made a moment ago."""

from sandbox.workloads.family import Connection

TITLE = "Loads of thousands of rows by COPY into a table made a moment ago"
PREPARE = """
CREATE TABLE IF NOT EXISTS workload_bulk_load (run text, seq bigint, line int);
"""
LINES = 5000
HELD = "SELECT seq FROM workload_bulk_load WHERE run = %s GROUP BY seq HAVING count(*) = 5000"


def write(connection: Connection, run: str, seq: int) -> None:
    with connection.transaction():
        connection.execute("CREATE TEMP TABLE staging (run text, seq bigint, line int) ON COMMIT DROP")
        with connection.cursor().copy("COPY staging FROM STDIN") as rows:
            for line in range(LINES):
                rows.write_row((run, seq, line))
        connection.execute("INSERT INTO workload_bulk_load SELECT * FROM staging")

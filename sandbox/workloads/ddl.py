"""A migration in each transaction: a table is made, changed and dropped."""

from sandbox.workloads.family import Connection

TITLE = "A migration in each transaction: a table is made, changed and dropped"
PREPARE = """
CREATE TABLE IF NOT EXISTS workload_ddl (run text, seq bigint, PRIMARY KEY (run, seq));
"""
HELD = "SELECT seq FROM workload_ddl WHERE run = %s"


def write(connection: Connection, run: str, seq: int) -> None:
    with connection.transaction():
        connection.execute("DROP TABLE IF EXISTS workload_ddl_made")
        connection.execute("CREATE TABLE workload_ddl_made (id int)")
        connection.execute("ALTER TABLE workload_ddl_made ADD note text")
        connection.execute("INSERT INTO workload_ddl_made VALUES (1, '')")
        connection.execute("INSERT INTO workload_ddl VALUES (%s, %s)", (run, seq))

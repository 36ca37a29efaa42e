"""Tables and columns with every character a name can have."""

from sandbox.workloads.family import Connection

TITLE = "Tables and columns with every character a name can have"
PREPARE = """
CREATE TABLE IF NOT EXISTS "workload % ""weird"".name" (run text, "seq'%" bigint, PRIMARY KEY (run, "seq'%"));
"""
HELD = 'SELECT "seq\'%%" FROM "workload %% ""weird"".name" WHERE run = %s'


def write(connection: Connection, run: str, seq: int) -> None:
    connection.execute('INSERT INTO "workload %% ""weird"".name" VALUES (%s, %s)', (run, seq))

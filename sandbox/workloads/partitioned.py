"""A partitioned table whose partitions are attached and detached."""

from sandbox.workloads.family import Connection

TITLE = "A partitioned table whose partitions are attached and detached"
PREPARE = """
CREATE TABLE IF NOT EXISTS workload_partitioned (run text, seq bigint, PRIMARY KEY (run, seq))
    PARTITION BY HASH (run, seq);
CREATE TABLE IF NOT EXISTS workload_partitioned_0 PARTITION OF workload_partitioned
    FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE IF NOT EXISTS workload_partitioned_1 PARTITION OF workload_partitioned
    FOR VALUES WITH (MODULUS 2, REMAINDER 1);
"""
HELD = "SELECT seq FROM workload_partitioned WHERE run = %s"


def write(connection: Connection, run: str, seq: int) -> None:
    if seq % 10 == 0:
        with connection.transaction():
            connection.execute("ALTER TABLE workload_partitioned DETACH PARTITION workload_partitioned_1")
            connection.execute(
                "ALTER TABLE workload_partitioned ATTACH PARTITION workload_partitioned_1"
                " FOR VALUES WITH (MODULUS 2, REMAINDER 1)"
            )
    connection.execute("INSERT INTO workload_partitioned VALUES (%s, %s)", (run, seq))

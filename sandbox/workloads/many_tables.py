"""Hundreds of tables made in one commit, written to in turn."""

import psycopg.sql

from sandbox.workloads.family import Connection

TITLE = "Hundreds of tables made in one commit, written to in turn"
PREPARE = """
CREATE TABLE IF NOT EXISTS workload_many_tables (run text, seq bigint);
DO $$ BEGIN
    FOR n IN 0 .. 299 LOOP
        EXECUTE format('CREATE TABLE IF NOT EXISTS workload_many_tables_%s () INHERITS (workload_many_tables)', n);
    END LOOP;
END $$;
"""
HELD = "SELECT seq FROM workload_many_tables WHERE run = %s"


def write(connection: Connection, run: str, seq: int) -> None:
    table = psycopg.sql.Identifier(f"workload_many_tables_{seq % 300}")
    connection.execute(psycopg.sql.SQL("INSERT INTO {} VALUES (%s, %s)").format(table), (run, seq))

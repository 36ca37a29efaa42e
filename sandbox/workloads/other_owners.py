"""A table that belongs to a role which the guard cannot speak for."""

from sandbox.workloads.family import Connection

TITLE = "A table that belongs to a role which the guard cannot speak for"
PREPARE = """
DO $$ BEGIN
    IF to_regclass('workload_other_owners') IS NULL THEN
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'workload_owner') THEN
            CREATE ROLE workload_owner;
        END IF;
        GRANT workload_owner TO CURRENT_USER;
        GRANT CREATE ON SCHEMA public TO workload_owner;
        CREATE TABLE workload_other_owners (run text, seq bigint, PRIMARY KEY (run, seq));
        GRANT SELECT, INSERT ON workload_other_owners TO CURRENT_USER;
        EXECUTE format('GRANT SELECT, INSERT ON workload_other_owners TO %I', current_user);
        ALTER TABLE workload_other_owners OWNER TO workload_owner;
        SET LOCAL ROLE workload_owner;
        EXECUTE format('GRANT SELECT, INSERT ON workload_other_owners TO %I', session_user);
        RESET ROLE;
        REVOKE workload_owner FROM CURRENT_USER;
    END IF;
END $$;
"""
HELD = "SELECT seq FROM workload_other_owners WHERE run = %s"


def write(connection: Connection, run: str, seq: int) -> None:
    connection.execute("INSERT INTO workload_other_owners VALUES (%s, %s)", (run, seq))

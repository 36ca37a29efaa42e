"""A role with settings of its own for isolation, names, dates and commits."""

from sandbox.workloads.family import Connection

TITLE = "A role with settings of its own for isolation, names, dates and commits"
PREPARE = """
CREATE TABLE IF NOT EXISTS workload_role_settings (run text, seq bigint, PRIMARY KEY (run, seq));
DO $$ DECLARE each text; BEGIN
    FOREACH each IN ARRAY ARRAY['default_transaction_isolation = ''repeatable read''', 'search_path = ''public''',
        'synchronous_commit = off', 'datestyle = ''SQL, DMY''', 'timezone = ''Asia/Kathmandu''', 'lock_timeout = 2000',
        'statement_timeout = 5000', 'bytea_output = ''escape'''] LOOP
        EXECUTE format('ALTER ROLE %I IN DATABASE %I SET ', current_user, current_database()) || each;
    END LOOP;
END $$;
"""
HELD = "SELECT seq FROM workload_role_settings WHERE run = %s"


def write(connection: Connection, run: str, seq: int) -> None:
    connection.execute("INSERT INTO workload_role_settings VALUES (%s, %s)", (run, seq))

"""The services' own migration."""

from pathlib import Path

import psycopg

SCHEMA = Path(__file__).with_name("schema.sql")


def apply_schema(dsn: str) -> None:
    """Bring the database at `dsn` to the services' schema. Harmless when it is there already. Raises psycopg.Error."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(SCHEMA.read_bytes())

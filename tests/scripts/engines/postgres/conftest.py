"""These tests run on a scratch PostgreSQL."""

import pytest

from scripts.engines.postgres import guard
from scripts.engines.postgres.session import Database
from tests.scratch_database import database, login, managed

__all__ = ["database", "login", "managed"]


@pytest.fixture(params=["database", "managed"])
def guarded(request: pytest.FixtureRequest) -> Database:
    """The guard in a database, put there by a superuser, and by an owner as a cloud has it."""
    made: Database = request.getfixturevalue(request.param)
    guard.install(made)
    guard.install(made)  # twice is the same as once
    made.script(
        "CREATE ROLE service LOGIN" if not made.rows("SELECT 1 FROM pg_roles WHERE rolname = 'service'") else ""
    )
    made.script("GRANT ALL ON orders TO service; GRANT CREATE, USAGE ON SCHEMA public TO service")
    return made

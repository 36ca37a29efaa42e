"""These tests run on a scratch PostgreSQL, or on a pair of them."""

from tests.scratch_database import database, login
from tests.scripts.steps.pair import bucket, context, logins

__all__ = ["bucket", "context", "database", "login", "logins"]

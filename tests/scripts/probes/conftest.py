"""Some of these tests run on a scratch PostgreSQL."""

from tests.scratch_database import database, login, managed

__all__ = ["database", "login", "managed"]

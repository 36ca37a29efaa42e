"""PostgreSQL: where a copy stands, whether it takes writes, what only one of two copies holds, and what is inside."""

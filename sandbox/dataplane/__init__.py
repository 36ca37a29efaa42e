"""The real parts of the world: PostgreSQL servers, pipes between regions, front doors, pods, names, backups."""

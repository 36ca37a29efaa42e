"""Snapshots that other services take and copy in RDS's name: the world's snapshot and RDS's record of it."""

from moto.rds.models import DBSnapshot, rds_backends

from sandbox.clouds.aws.accounts import home_account
from sandbox.clouds.context import Context
from sandbox.fabric import FabricError


def take_snapshot(context: Context, region: str, identifier: str, name: str) -> None:
    """Blocks until it is there. Raises FabricError, or LookupError when there is no such database."""
    backend = rds_backends[home_account(context)][region]
    database = backend.databases.get(identifier)
    if database is None:
        raise LookupError(f"there is no database {identifier} in {region}")
    context.fabric.databases.snapshot(region, identifier, name)
    backend.database_snapshots[name] = DBSnapshot(backend, database, name, "awsbackup")


def copy_snapshot(context: Context, source_region: str, name: str, region: str, new_name: str) -> None:
    """Blocks until the copy is there. Raises FabricError, or LookupError when there is no such snapshot."""
    source = rds_backends[home_account(context)][source_region].database_snapshots.get(name)
    if source is None:
        raise LookupError(f"there is no snapshot {name} in {source_region}")
    if not context.fabric.network.allowed(source_region, region):
        raise FabricError(f"{region} cannot be reached from {source_region}")
    context.fabric.databases.copy_snapshot(source_region, name, region, new_name)
    backend = rds_backends[home_account(context)][region]
    backend.database_snapshots[new_name] = DBSnapshot(backend, source.database, new_name, "awsbackup")

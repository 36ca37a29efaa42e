"""
Stores: what holds the data of a system. Each kind has a file here, with what a plan can say of it and its traits.

A plan names the kind of each store (`kind: postgres`), and pydantic chooses the model by it.
"""

from typing import Annotated

from pydantic import Field

from .base import Backups, BaseStore, DiskStore, IncarnatedStore, Replication, ServerStore, Snapshots, SnapshotsOnly
from .documents import Documents
from .objects import Archive, Objects
from .postgres import Postgres
from .redis import Redis
from .registry import Registry
from .traits import StoreTraits
from .vault import Vault

KINDS = (Postgres, Redis, Documents, Objects, Registry, Vault)
"""Every kind of store, by its model."""

Store = Annotated[Postgres | Redis | Documents | Objects | Registry | Vault, Field(discriminator="kind")]


__all__ = [
    "KINDS",
    "Archive",
    "Backups",
    "BaseStore",
    "DiskStore",
    "Documents",
    "IncarnatedStore",
    "Objects",
    "Postgres",
    "Redis",
    "Registry",
    "Replication",
    "ServerStore",
    "Snapshots",
    "SnapshotsOnly",
    "Store",
    "StoreTraits",
    "Vault",
]

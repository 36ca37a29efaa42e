"""Which databases and caches follow another: the cloud refuses some properties on them, or takes their source's."""

from __future__ import annotations

from .resource import Resource, region_of_arn

RDS_SOURCES = {
    "aws:rds/instance:Instance": "replicateSourceDb",
    "aws:rds/cluster:Cluster": "replicationSourceIdentifier",
    "aws:docdb/cluster:Cluster": "replicationSourceIdentifier",
    "aws:neptune/cluster:Cluster": "replicationSourceIdentifier",
}
_PROMOTED = ("primary", "none", "source")


def is_azure_replica(r: Resource) -> bool:
    """Whether a PostgreSQL or MySQL server is a read replica: Azure takes neither backups nor a standby for one.

    A server that was restored has a source too and is none; a promoted one says so in its replication role. Raises
    Unknown when the properties that decide are not known.
    """
    mode = (r["createMode"].text() or "").lower()
    if mode and mode != "replica":
        return False
    role = (r["replicationRole"].text() or r["replica.role"].text() or "").lower()
    if role in _PROMOTED or (r["replica.promoteMode"].text() or "").lower() == "standalone":
        return False
    return mode == "replica" or role.endswith("replica") or r["sourceServerResourceId"].present()


def is_rds_replica(r: Resource) -> bool:
    """Whether an instance or cluster of RDS, DocumentDB or Neptune is a read replica. Raises Unknown."""
    prop = RDS_SOURCES.get(r.type)
    return prop is not None and r[prop].present()


def rds_source_region(r: Resource) -> str | None:
    """The region of a replica's source, where its ARN says so; a bare name is one of the replica's own region."""
    prop = RDS_SOURCES.get(r.type)
    return region_of_arn(r[prop].text()) if prop else None


def is_database_replica(r: Resource) -> bool:
    """Either of the two. Raises Unknown."""
    return is_azure_replica(r) if r.type.startswith("azure-native:") else is_rds_replica(r)


def is_global_secondary(r: Resource) -> bool:
    """Whether a replication group joins a global datastore: ElastiCache then takes the primary's settings."""
    return r["globalReplicationGroupId"].present()

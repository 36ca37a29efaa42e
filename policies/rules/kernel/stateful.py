"""Types of resources whose deletion loses data, as far as rules about all of them go; `stores.py` lists the rest."""

from collections.abc import Iterator

from .context import Context
from .model import Check
from .resource import Resource

AWS_STORES = (
    "aws:rds/instance:Instance",
    "aws:rds/cluster:Cluster",
    "aws:rds/globalCluster:GlobalCluster",
    "aws:docdb/cluster:Cluster",
    "aws:neptune/cluster:Cluster",
    "aws:redshift/cluster:Cluster",
    "aws:dynamodb/table:Table",
    "aws:efs/fileSystem:FileSystem",
    "aws:fsx/windowsFileSystem:WindowsFileSystem",
    "aws:fsx/ontapFileSystem:OntapFileSystem",
    "aws:fsx/openZfsFileSystem:OpenZfsFileSystem",
    "aws:memorydb/cluster:Cluster",
    "aws:opensearch/domain:Domain",
    "aws:cognito/userPool:UserPool",
    "aws:s3/bucket:Bucket",
    "aws:backup/vault:Vault",
    "aws:kms/key:Key",
)
GCP_STORES = (
    "gcp:sql/databaseInstance:DatabaseInstance",
    "gcp:spanner/database:Database",
    "gcp:storage/bucket:Bucket",
)
AZURE_WITHOUT_OWN_PROTECTION = (
    "azure-native:dbforpostgresql:Server",
    "azure-native:dbformysql:Server",
    "azure-native:sql:Server",
    "azure-native:cosmosdb:DatabaseAccount",
    "azure-native:storage:StorageAccount",
)
AZURE_STORES = (
    *AZURE_WITHOUT_OWN_PROTECTION,
    "azure-native:keyvault:Vault",
    "azure-native:recoveryservices:Vault",
    "azure-native:dataprotection:BackupVault",
)
STATEFUL = (*AWS_STORES, *AZURE_STORES)


def holds_no_data(bucket: Resource, ctx: Context) -> bool:
    """Whether the plan says that nothing in a bucket, or in an account, is worth keeping: leases, health signals."""
    named = {node.text() for node in ctx.facts.node("bucketsWithoutData").items()} - {None}
    return not named.isdisjoint({bucket["bucket"].text(), bucket["accountName"].text()})


def of_data(check: Check) -> Check:
    """A check that is left out for what `holds_no_data`."""

    def checked(r: Resource, ctx: Context) -> Iterator[str]:
        if not holds_no_data(r, ctx):
            yield from check(r, ctx)

    return checked

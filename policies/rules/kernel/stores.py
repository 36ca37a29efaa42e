"""What holds data, of whichever provider: one table, for the rules and for whoever tells what a change would destroy.

Data only. A type that is not listed may still hold data: `holds_data` says "likely" by its name, and nobody may take
that for "no".
"""

from __future__ import annotations

import re
from typing import Literal

from .spellings import plain_type

_BY_PROVIDER: dict[str, dict[str, str]] = {
    "aws": {
        "database": (
            "rds/instance:Instance docdb/elasticCluster:ElasticCluster dsql/cluster:Cluster neptunegraph/graph:Graph "
            "qldb/ledger:Ledger timestreamwrite/database:Database timestreaminfluxdb/dbInstance:DbInstance "
            "timestreaminfluxdb/dbCluster:DbCluster lightsail/database:Database "
            "odb/autonomousDatabase:AutonomousDatabase"
        ),
        "database cluster": (
            "rds/cluster:Cluster docdb/cluster:Cluster neptune/cluster:Cluster redshift/cluster:Cluster "
            "memorydb/cluster:Cluster memorydb/multiRegionCluster:MultiRegionCluster"
        ),
        "global database": (
            "rds/globalCluster:GlobalCluster docdb/globalCluster:GlobalCluster neptune/globalCluster:GlobalCluster"
        ),
        "data warehouse": "redshiftserverless/namespace:Namespace",
        "table": (
            "dynamodb/table:Table dynamodb/globalTable:GlobalTable dynamodb/tableReplica:TableReplica "
            "keyspaces/table:Table timestreamwrite/table:Table s3tables/table:Table"
        ),
        "keyspace": "keyspaces/keyspace:Keyspace",
        "bucket": (
            "s3/bucket:Bucket s3/directoryBucket:DirectoryBucket s3tables/tableBucket:TableBucket "
            "s3/vectorsVectorBucket:VectorsVectorBucket lightsail/bucket:Bucket s3control/bucket:Bucket"
        ),
        "cache": (
            "elasticache/replicationGroup:ReplicationGroup elasticache/cluster:Cluster "
            "elasticache/serverlessCache:ServerlessCache"
        ),
        "global datastore": "elasticache/globalReplicationGroup:GlobalReplicationGroup",
        "file system": (
            "efs/fileSystem:FileSystem fsx/windowsFileSystem:WindowsFileSystem fsx/lustreFileSystem:LustreFileSystem "
            "fsx/ontapFileSystem:OntapFileSystem fsx/openZfsFileSystem:OpenZfsFileSystem"
        ),
        "volume": (
            "ebs/volume:Volume fsx/ontapVolume:OntapVolume fsx/openZfsVolume:OpenZfsVolume "
            "storagegateway/cachesIscsiVolume:CachesIscsiVolume storagegateway/storedIscsiVolume:StoredIscsiVolume"
        ),
        "snapshot": (
            "ebs/snapshot:Snapshot rds/snapshot:Snapshot rds/clusterSnapshot:ClusterSnapshot "
            "docdb/clusterSnapshot:ClusterSnapshot neptune/clusterSnapshot:ClusterSnapshot "
            "redshift/clusterSnapshot:ClusterSnapshot memorydb/snapshot:Snapshot fsx/backup:Backup"
        ),
        "backup vault": (
            "backup/vault:Vault backup/logicallyAirGappedVault:LogicallyAirGappedVault glacier/vault:Vault"
        ),
        "search domain": (
            "opensearch/domain:Domain elasticsearch/domain:Domain opensearch/serverlessCollection:ServerlessCollection "
            "cloudsearch/domain:Domain"
        ),
        "encryption key": (
            "kms/key:Key kms/replicaKey:ReplicaKey kms/externalKey:ExternalKey cloudhsmv2/cluster:Cluster"
        ),
        "secret": "secretsmanager/secret:Secret",
        "image repository": "ecr/repository:Repository ecrpublic/repository:Repository",
        "code repository": "codecommit/repository:Repository",
        "stream": "kinesis/stream:Stream kinesis/videoStream:VideoStream msk/cluster:Cluster "
        "msk/serverlessCluster:ServerlessCluster",
        "queue": "sqs/queue:Queue",
        "message broker": "mq/broker:Broker",
        "user directory": "cognito/userPool:UserPool directoryservice/directory:Directory",
        "hosted zone": "route53/zone:Zone",
        "cluster": "eks/cluster:Cluster",
    },
    "azure-native": {
        "database": (
            "dbforpostgresql:Server dbforpostgresql:Database dbformysql:Server dbformysql:Database "
            "dbformariadb:Server dbformariadb:Database sql:Database sql:ManagedDatabase cosmosdb:DatabaseAccount "
            "cosmosdb:SqlResourceSqlDatabase cosmosdb:SqlResourceSqlContainer cosmosdb:MongoDBResourceMongoDBDatabase "
            "cosmosdb:MongoDBResourceMongoDBCollection cosmosdb:TableResourceTable "
            "mongocluster:MongoCluster cosmosdb:CassandraCluster kusto:ReadWriteDatabase"
        ),
        "database server": "sql:Server sql:ManagedInstance",
        "data warehouse": "synapse:SqlPool synapse:Workspace kusto:Cluster",
        "cache": "redis:Redis redisenterprise:RedisEnterprise redisenterprise:Database",
        "key vault": "keyvault:Vault keyvault:ManagedHsm",
        "storage account": "storage:StorageAccount",
        "container": "storage:BlobContainer",
        "file share": "storage:FileShare",
        "queue": "storage:Queue servicebus:Queue servicebus:Topic servicebus:Namespace",
        "table": "storage:Table",
        "stream": "eventhub:Namespace eventhub:EventHub",
        "disk": "compute:Disk",
        "snapshot": "compute:Snapshot",
        "virtual machine": "compute:VirtualMachine",
        "volume": "netapp:CapacityPoolVolume netapp:CapacityPool elasticsan:ElasticSan elasticsan:Volume "
        "elasticsan:VolumeGroup",
        "backup vault": "dataprotection:BackupVault netapp:BackupVault",
        "recovery vault": "recoveryservices:Vault",
        "image registry": "containerregistry:Registry",
        "configuration store": "appconfiguration:ConfigurationStore",
        "search service": "search:Service",
        "log workspace": "operationalinsights:Workspace",
        "zone": "dns:Zone privatedns:PrivateZone",
        "cluster": "containerservice:ManagedCluster",
        "resource group": "resources:ResourceGroup",
    },
    "gcp": {
        "database": (
            "sql/databaseInstance:DatabaseInstance sql/database:Database spanner/database:Database "
            "firestore/database:Database alloydb/instance:Instance bigtable/instance:Instance"
        ),
        "database cluster": "alloydb/cluster:Cluster spanner/instance:Instance",
        "table": "bigtable/table:Table bigquery/table:Table",
        "data warehouse": "bigquery/dataset:Dataset",
        "bucket": "storage/bucket:Bucket",
        "cache": "redis/instance:Instance redis/cluster:Cluster memcache/instance:Instance "
        "memorystore/instance:Instance",
        "file system": "filestore/instance:Instance netapp/volume:Volume netapp/storagePool:StoragePool",
        "disk": "compute/disk:Disk compute/regionDisk:RegionDisk",
        "snapshot": "compute/snapshot:Snapshot filestore/backup:Backup filestore/snapshot:Snapshot",
        "backup plan": "gkebackup/backupPlan:BackupPlan",
        "backup vault": "backupdisasterrecovery/backupVault:BackupVault",
        "encryption key": "kms/cryptoKey:CryptoKey kms/keyRing:KeyRing",
        "secret": "secretmanager/secret:Secret",
        "image registry": "artifactregistry/repository:Repository",
        "topic": "pubsub/topic:Topic pubsub/subscription:Subscription",
        "stream": "managedkafka/cluster:Cluster",
        "hosted zone": "dns/managedZone:ManagedZone",
        "cluster": "container/cluster:Cluster",
        "project": "organizations/project:Project",
    },
    "kubernetes": {
        "volume claim": "core/v1:PersistentVolumeClaim",
        "volume": "core/v1:PersistentVolume",
        "namespace": "core/v1:Namespace",
        "stateful set": "apps/v1:StatefulSet",
        "secret": "core/v1:Secret",
        "database": (
            "postgresql.cnpg.io/v1:Cluster acid.zalan.do/v1:postgresql "
            "postgres-operator.crunchydata.com/v1beta1:PostgresCluster pxc.percona.com/v1:PerconaXtraDBCluster "
            "psmdb.percona.com/v1:PerconaServerMongoDB pgv2.percona.com/v2:PerconaPGCluster "
            "mysql.oracle.com/v2:InnoDBCluster k8s.mariadb.com/v1alpha1:MariaDB "
            "mongodbcommunity.mongodb.com/v1:MongoDBCommunity mongodb.com/v1:MongoDB "
            "databases.spotahome.com/v1:RedisFailover redis.redis.opstreelabs.in/v1beta2:RedisCluster "
            "k8ssandra.io/v1alpha1:K8ssandraCluster cassandra.datastax.com/v1beta1:CassandraDatacenter "
            "scylla.scylladb.com/v1:ScyllaCluster elasticsearch.k8s.elastic.co/v1:Elasticsearch "
            "opensearch.opster.io/v1:OpenSearchCluster clickhouse.altinity.com/v1:ClickHouseInstallation "
            "crdb.cockroachlabs.com/v1alpha1:CrdbCluster kubedb.com/v1:Postgres kubedb.com/v1:MySQL"
        ),
        "stream": (
            "kafka.strimzi.io/v1beta2:Kafka kafka.strimzi.io/v1beta2:KafkaTopic rabbitmq.com/v1beta1:RabbitmqCluster"
        ),
        "storage cluster": "ceph.rook.io/v1:CephCluster minio.min.io/v2:Tenant longhorn.io/v1beta2:Volume",
        "backup": ("velero.io/v1:BackupStorageLocation snapshot.storage.k8s.io/v1:VolumeSnapshot velero.io/v1:Backup"),
        "encryption key": "bitnami.com/v1alpha1:SealedSecret",
    },
    "azure": {
        "database": (
            "postgresql/flexibleServer:FlexibleServer postgresql/server:Server mysql/flexibleServer:FlexibleServer "
            "mssql/database:Database cosmosdb/account:Account cosmosdb/sqlContainer:SqlContainer "
            "cosmosdb/sqlDatabase:SqlDatabase cosmosdb/mongoDatabase:MongoDatabase"
        ),
        "database server": "mssql/server:Server mssql/managedInstance:ManagedInstance",
        "data warehouse": "synapse/sqlPool:SqlPool kusto/cluster:Cluster kusto/database:Database",
        "cache": "redis/cache:Cache redis/enterpriseCluster:EnterpriseCluster",
        "key vault": "keyvault/keyVault:KeyVault",
        "encryption key": "keyvault/key:Key",
        "secret": "keyvault/secret:Secret",
        "storage account": "storage/account:Account",
        "container": "storage/container:Container",
        "file share": "storage/share:Share",
        "disk": "compute/managedDisk:ManagedDisk",
        "recovery vault": "recoveryservices/vault:Vault",
        "backup vault": "dataprotection/backupVault:BackupVault",
        "image registry": "containerservice/registry:Registry",
        "stream": "eventhub/eventHub:EventHub eventhub/eventHubNamespace:EventHubNamespace",
        "queue": "servicebus/queue:Queue servicebus/namespace:Namespace",
        "cluster": "containerservice/kubernetesCluster:KubernetesCluster",
        "resource group": "core/resourceGroup:ResourceGroup",
    },
    "aws-native": {
        "database": "rds:DbInstance docdb:DbInstance neptune:DbInstance timestream:Database",
        "database cluster": "rds:DbCluster docdb:DbCluster neptune:DbCluster redshift:Cluster memorydb:Cluster",
        "table": "dynamodb:Table dynamodb:GlobalTable",
        "bucket": "s3:Bucket",
        "cache": "elasticache:ReplicationGroup elasticache:ServerlessCache",
        "file system": "efs:FileSystem fsx:FileSystem",
        "volume": "ec2:Volume",
        "backup vault": "backup:BackupVault",
        "encryption key": "kms:Key kms:ReplicaKey",
        "secret": "secretsmanager:Secret",
        "image repository": "ecr:Repository",
        "search domain": "opensearchservice:Domain",
        "queue": "sqs:Queue",
        "stream": "kinesis:Stream msk:Cluster",
        "user directory": "cognito:UserPool",
        "cluster": "eks:Cluster",
    },
    "alicloud": {
        "database": "rds/instance:Instance polardb/cluster:Cluster mongodb/instance:Instance",
        "cache": "kvstore/instance:Instance",
        "bucket": "oss/bucket:Bucket",
        "disk": "ecs/disk:Disk ecs/ecsDisk:EcsDisk",
    },
    "openstack": {
        "database": "database/instance:Instance",
        "volume": "blockstorage/volume:Volume",
        "bucket": "objectstorage/container:Container",
    },
    "linode": {
        "database": "index/databasePostgresql:DatabasePostgresql index/databaseMysql:DatabaseMysql",
        "volume": "index/volume:Volume",
        "bucket": "index/objectStorageBucket:ObjectStorageBucket",
    },
    "cloudflare": {
        "bucket": "index/r2Bucket:R2Bucket",
        "database": "index/d1Database:D1Database",
        "key-value namespace": "index/workersKvNamespace:WorkersKvNamespace index/workersKv:WorkersKv",
        "queue": "index/queue:Queue",
        "hosted zone": "index/zone:Zone",
    },
    "digitalocean": {
        "database cluster": "index/databaseCluster:DatabaseCluster",
        "database": "index/databaseDb:DatabaseDb",
        "volume": "index/volume:Volume",
        "bucket": "index/spacesBucket:SpacesBucket",
    },
    "mongodbatlas": {
        "database cluster": "index/cluster:Cluster index/advancedCluster:AdvancedCluster "
        "index/flexCluster:FlexCluster index/serverlessInstance:ServerlessInstance",
    },
    "confluentcloud": {
        "stream": "index/kafkaCluster:KafkaCluster index/kafkaTopic:KafkaTopic",
    },
    "snowflake": {
        "database": "index/database:Database",
        "schema": "index/schema:Schema",
        "table": "index/table:Table",
    },
    "postgresql": {"database": "index/database:Database", "schema": "index/schema:Schema"},
    "mysql": {"database": "index/database:Database"},
    "aiven": {
        "database": "index/pg:Pg index/mySql:MySql index/redis:Redis index/valkey:Valkey index/openSearch:OpenSearch "
        "index/cassandra:Cassandra index/clickhouse:Clickhouse",
        "stream": "index/kafka:Kafka index/kafkaTopic:KafkaTopic",
    },
    "vault": {"secrets engine": "index/mount:Mount"},
    "hcloud": {"volume": "index/volume:Volume", "server": "index/server:Server"},
    "oci": {
        "database": "Database/autonomousDatabase:AutonomousDatabase Database/dbSystem:DbSystem "
        "Mysql/mysqlDbSystem:MysqlDbSystem",
        "bucket": "ObjectStorage/bucket:Bucket",
        "volume": "Core/volume:Volume Core/bootVolume:BootVolume",
        "file system": "FileStorage/fileSystem:FileSystem",
    },
}
HOLDS_DATA: dict[str, str] = {
    f"{provider}:{token}": noun
    for provider, nouns in _BY_PROVIDER.items()
    for noun, tokens in nouns.items()
    for token in tokens.split()
}
"""Type token in its present spelling to what a person calls it."""

# What takes all that is in it along when it is deleted.
CONTAINERS = frozenset(
    {
        "aws:eks/cluster:Cluster",
        "azure-native:sql:Server",
        "azure-native:sql:ManagedInstance",
        "azure-native:containerservice:ManagedCluster",
        "azure-native:resources:ResourceGroup",
        "azure:core/resourceGroup:ResourceGroup",
        "azure-native:storage:StorageAccount",
        "azure-native:synapse:Workspace",
        "gcp:container/cluster:Cluster",
        "gcp:organizations/project:Project",
        "gcp:spanner/instance:Instance",
        "gcp:alloydb/cluster:Cluster",
        "kubernetes:core/v1:Namespace",
    }
)

_LIKELY = re.compile(
    r"(?:database|db_?instance|db_?cluster|db|cluster|bucket|volume|disk|file_?system|file_?share|vault|key_?ring|"
    r"crypto_?key|queue|topic|stream|registry|repository|namespace|storage_?account|container|backup|snapshot|table|"
    r"keyspace|collection|dataset|datastore|cache|redis|postgres(?:ql)?|mysql|mongo(?:db)?|kafka|cassandra|"
    r"elasticsearch|opensearch|secret|schema|ledger|warehouse|share|store)$",
    re.IGNORECASE,
)


def noun_of(token: str) -> str | None:
    """What a person calls a type of the table (`database cluster`); None for a type that the table does not list."""
    return HOLDS_DATA.get(plain_type(token))


def holds_data(token: str) -> Literal["yes", "likely", "unknown", "no"]:
    """Whether deleting a resource of this type loses data.

    yes: the table lists it. likely: its name says so. unknown: nobody knows the type. no: it is the engine's own.
    """
    if token.startswith("pulumi:"):
        return "no"
    if noun_of(token):
        return "yes"
    return "likely" if _LIKELY.search(plain_type(token).rpartition(":")[2]) else "unknown"

"""The one table: a row for every kind of store and service that can be built in a cloud. A new kind adds a row."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from scripts.drills.stage import Stage
from tests.kinds.cache_of_a_site import CacheOfASite
from tests.kinds.life import Life
from tests.kinds.machines_in_a_group import MachinesInAGroup
from tests.kinds.objects_in_blobs import ObjectsInBlobs
from tests.kinds.objects_in_s3 import ObjectsInS3
from tests.kinds.pods_in_a_cluster import PodsInACluster
from tests.kinds.postgres import PostgresInACloud
from tests.kinds.registry_of_a_plan import RegistryOfAPlan
from tests.kinds.vault_of_a_site import VaultOfASite
from tests.kinds.web_app_with_a_slot import WebAppWithASlot


@dataclass(frozen=True)
class Case:
    """
    `name` is what the plan of the cloud (`PLANS`) calls one of this kind, `resource` the type of what holds it, and
    `sites` are those in which it is declared at the beginning. `life` does to one in a world of the sandbox what is
    done to any kind.
    """

    cloud: str
    kind: str
    name: str
    resource: str
    sites: tuple[str, ...]
    life: Callable[[Stage], Life]

    def __str__(self) -> str:
        return f"{self.cloud}-{self.kind}"


PLANS = {
    cloud: str(Path(__file__).parents[1] / "plans" / f"{plan}.yaml")
    for cloud, plan in (("aws", "kinds"), ("azure", "azure"))
}
"""For each cloud, a plan with one of every kind."""
CASES = (
    Case("aws", "postgres", "core", "aws:rds/instance:Instance", ("primary", "secondary"), PostgresInACloud),
    Case("aws", "objects", "media", "aws:s3/bucket:Bucket", ("primary", "secondary", "tertiary"), ObjectsInS3),
    Case("aws", "pods", "shop", "kubernetes:apps/v1:Deployment", ("primary", "secondary"), PodsInACluster),
    Case(
        "azure", "postgres", "core", "azure-native:dbforpostgresql:Server", ("primary", "secondary"), PostgresInACloud
    ),
    Case(
        "azure", "redis", "cache", "azure-native:redisenterprise:RedisEnterprise", ("primary", "secondary"),
        CacheOfASite,
    ),
    Case("azure", "web_app", "web", "azure-native:web:WebApp", ("primary", "secondary"), WebAppWithASlot),
    Case(
        "azure", "vault", "secrets", "azure-native:keyvault:Vault", ("primary", "secondary", "tertiary"), VaultOfASite
    ),
    Case(
        "azure", "objects", "media", "azure-native:storage:StorageAccount", ("primary", "secondary", "tertiary"),
        ObjectsInBlobs,
    ),
    Case("azure", "registry", "images", "azure-native:containerregistry:Registry", ("tertiary",), RegistryOfAPlan),
    Case("aws", "vm_group", "till", "aws:autoscaling/group:Group", ("primary", "secondary"), MachinesInAGroup),
)  # fmt: skip

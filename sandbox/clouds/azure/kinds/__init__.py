"""The types of resource that a world has: the one table. Each file holds those of one service."""

from sandbox.clouds.azure.kind import Kind
from sandbox.clouds.azure.kinds import (
    authorization,
    cdn,
    containerregistry,
    containers,
    dns,
    identity,
    keyvault,
    monitor,
    network,
    objectreplication,
    postgres,
    redis,
    resources,
    storage,
    trafficmanager,
    web,
)

KINDS: tuple[type[Kind], ...] = (
    *authorization.KINDS,
    *cdn.KINDS,
    *containerregistry.KINDS,
    *containers.KINDS,
    *dns.KINDS,
    *identity.KINDS,
    *keyvault.KINDS,
    *monitor.KINDS,
    *network.KINDS,
    *objectreplication.KINDS,
    *postgres.KINDS,
    *redis.KINDS,
    *resources.KINDS,
    *storage.KINDS,
    *trafficmanager.KINDS,
    *web.KINDS,
)

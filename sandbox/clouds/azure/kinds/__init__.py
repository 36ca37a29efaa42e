"""The types of resource that a world has: the one table. Each file holds those of one service."""

from sandbox.clouds.azure.kind import Kind
from sandbox.clouds.azure.kinds import authorization, identity, keyvault, network, postgres, resources, storage

KINDS: tuple[type[Kind], ...] = (
    *authorization.KINDS,
    *identity.KINDS,
    *keyvault.KINDS,
    *network.KINDS,
    *postgres.KINDS,
    *resources.KINDS,
    *storage.KINDS,
)

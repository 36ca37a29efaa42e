"""Azure: who is let in. Wire names of azure-native 3; what is left out as the API's documentation gives it."""

from __future__ import annotations

from previews.meanings.table import Aspect, Better, Meaning


def _network(token: str, path: str, *words: str) -> Meaning:
    """Whether the internet reaches it, from the most open word to the least."""
    order = words or ("Enabled", "SecuredByPerimeter", "Disabled")
    label = "network access from the internet"
    return Meaning(token, path, label, Aspect.EXPOSURE, Better.ORDER, absent="unknown", order=order)


EXPOSURE: tuple[Meaning, ...] = (
    _network("azure-native:dbforpostgresql:Server", "network.publicNetworkAccess"),
    _network("azure-native:dbformysql:Server", "network.publicNetworkAccess"),
    _network("azure-native:cosmosdb:DatabaseAccount", "publicNetworkAccess"),
    _network("azure-native:sql:Server", "publicNetworkAccess"),
    _network("azure-native:redis:Redis", "publicNetworkAccess"),
    _network("azure-native:redisenterprise:RedisEnterprise", "publicNetworkAccess"),
    _network("azure-native:mongocluster:MongoCluster", "properties.publicNetworkAccess"),
    _network("azure-native:appconfiguration:ConfigurationStore", "publicNetworkAccess"),
    _network("azure-native:recoveryservices:Vault", "properties.publicNetworkAccess"),
    _network("azure-native:eventhub:Namespace", "publicNetworkAccess"),
    _network("azure-native:servicebus:Namespace", "publicNetworkAccess"),
    *(
        Meaning(f"azure-native:{kind}:FirewallRule", path, "who is let in", Aspect.EXPOSURE, Better.CLOSED)
        for kind, path in (
            ("dbforpostgresql", "startIpAddress"),
            ("dbformysql", "startIpAddress"),
            ("sql", "startIpAddress"),
            ("redis", "startIP"),
            ("mongocluster", "properties.startIpAddress"),
        )
    ),
    _network("azure-native:storage:StorageAccount", "publicNetworkAccess"),
    _network("azure-native:storage:StorageAccount", "networkRuleSet.defaultAction", "Allow", "Deny"),
    _network("azure-native:keyvault:Vault", "properties.publicNetworkAccess"),
    _network("azure-native:keyvault:Vault", "properties.networkAcls.defaultAction", "Allow", "Deny"),
    _network("azure-native:containerregistry:Registry", "publicNetworkAccess"),
    Meaning(
        "azure-native:storage:StorageAccount",
        "allowBlobPublicAccess",
        "containers may be open to everybody",
        Aspect.EXPOSURE,
        Better.OFF,
        default=False,
    ),
    Meaning("azure-native:storage:BlobContainer", "publicAccess", "who is let in", Aspect.EXPOSURE, Better.CLOSED),
    Meaning(
        "azure-native:containerregistry:Registry",
        "adminUserEnabled",
        "one password for everybody",
        Aspect.EXPOSURE,
        Better.OFF,
        default=False,
    ),
    Meaning(
        "azure-native:containerregistry:Registry",
        "anonymousPullEnabled",
        "images open to everybody",
        Aspect.EXPOSURE,
        Better.OFF,
        default=False,
    ),
)

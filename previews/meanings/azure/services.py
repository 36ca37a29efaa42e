"""Azure: brokers, clusters and names. Wire names and defaults as in `properties`."""

from __future__ import annotations

from previews.meanings.table import Aspect, Better, Meaning
from previews.units import ISO

_NAMESPACES = ("azure-native:eventhub:Namespace", "azure-native:servicebus:Namespace")

AZURE_SERVICES: tuple[Meaning, ...] = (
    *(
        Meaning(kind, "zoneRedundant", "copies in several zones", Aspect.AVAILABILITY, Better.ON)
        for kind in _NAMESPACES
    ),
    Meaning(
        "azure-native:eventhub:EventHub",
        "messageRetentionInDays",
        "events kept",
        Aspect.RETENTION,
        Better.HIGHER,
        "days",
        absent="unknown",
    ),
    Meaning(
        "azure-native:servicebus:Queue",
        "defaultMessageTimeToLive",
        "messages kept",
        Aspect.RETENTION,
        Better.LONGER,
        absent="strong",
        notation=ISO,
    ),
    Meaning(
        "azure-native:containerservice:ManagedCluster",
        "sku.tier",
        "tier of the control plane",
        Aspect.AVAILABILITY,
        Better.ORDER,
        default="Free",
        order=("Free", "Standard", "Premium"),
    ),
    *(
        Meaning(kind, "ttl", "DNS TTL", Aspect.TRAFFIC, Better.LOWER, "s", absent="unknown")
        for kind in ("azure-native:dns:RecordSet", "azure-native:privatedns:PrivateRecordSet")
    ),
)

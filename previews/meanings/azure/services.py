"""Azure's brokers, clusters and web apps: what runs. Names and defaults as in `databases`."""

from __future__ import annotations

from previews.meanings.table import Aspect, Better, Guard, Meaning, ladder, switch
from previews.units import ISO

_CLUSTER = "azure-native:containerservice:ManagedCluster"
_POOL = "azure-native:containerservice:AgentPool"
_PLAN = "azure-native:web:AppServicePlan"
_APP = "azure-native:web:WebApp"
_SLOT = "azure-native:web:WebAppSlot"
_NAMESPACES = ("azure-native:eventhub:Namespace", "azure-native:servicebus:Namespace")

_SIZES = (("maxCount", "room to grow"), ("minCount", "machines always on"), ("count", "machines"))

SERVICES: tuple[Meaning, ...] = (
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
        _CLUSTER,
        "sku.tier",
        "tier of the control plane",
        Aspect.AVAILABILITY,
        Better.ORDER,
        default="Free",
        order=("Free", "Standard", "Premium"),
    ),
    *(
        row
        for kind, under in ((_CLUSTER, "agentPoolProfiles[*]."), (_POOL, ""))
        for row in (
            Meaning(kind, f"{under}availabilityZones", "zones of the machines", Aspect.AVAILABILITY, Better.MORE),
            switch(kind, f"{under}enableAutoScaling", "machines that grow by themselves", Aspect.CAPACITY),
            *(
                Meaning(kind, f"{under}{path}", label, Aspect.CAPACITY, Better.HIGHER, "machines", absent="unknown")
                for path, label in (
                    ("maxCount", "room to grow"),
                    ("minCount", "machines always on"),
                    ("count", "machines"),
                )
            ),
        )
    ),
    switch(_PLAN, "zoneRedundant", "zone redundancy", Aspect.AVAILABILITY),
    Meaning(_PLAN, "sku.capacity", "instances", Aspect.CAPACITY, Better.HIGHER, "instances", absent="unknown"),
    *(
        row
        for app in (_APP, _SLOT)
        for row in (
            Meaning(app, "siteConfig.healthCheckPath", "health check of the app", Aspect.DETECTION, Better.PRESENT),
            switch(app, "enabled", "app in use", Aspect.AVAILABILITY, default=True),
            switch(app, "httpsOnly", "HTTPS only", Aspect.ENCRYPTION),
            ladder(
                app,
                "siteConfig.minTlsVersion",
                "least TLS version",
                Aspect.ENCRYPTION,
                ("1.0", "1.1", "1.2", "1.3"),
                absent="unknown",
            ),
        )
    ),
    *(
        Meaning(kind, "zones", "zones", Aspect.AVAILABILITY, Better.MORE)
        for kind in (
            "azure-native:compute:VirtualMachineScaleSet",
            "azure-native:network:ApplicationGateway",
            "azure-native:network:PublicIPAddress",
        )
    ),
)

SERVICE_GUARDS: tuple[Guard, ...] = (
    Guard(_SLOT, "slot to deploy to and swap back from", Aspect.AVAILABILITY),
    *(
        Guard(f"azure-native:{kind}:DisasterRecoveryConfig", "pairing of a namespace", Aspect.REPLICA)
        for kind in ("eventhub", "servicebus")
    ),
)

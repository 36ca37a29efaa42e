"""Azure's front doors, Traffic Manager and names: which way traffic goes. Names and defaults as in `databases`."""

from __future__ import annotations

from previews.meanings.table import Aspect, Better, Guard, Meaning, ladder

_PROFILE = "azure-native:trafficmanager:Profile"
_ENDPOINT = "azure-native:trafficmanager:Endpoint"
_ORIGIN = "azure-native:cdn:AFDOrigin"
_ORIGINS = "azure-native:cdn:AFDOriginGroup"
_ROUTE = "azure-native:cdn:Route"
_FIREWALL = "azure-native:frontdoor:Policy"

_SWITCH = ("Disabled", "Enabled")

ROUTING: tuple[Meaning, ...] = (
    # Without these settings no origin is asked for its health.
    Meaning(_ORIGINS, "healthProbeSettings", "health probes of the origins", Aspect.DETECTION, Better.PRESENT),
    Meaning(
        _ORIGINS,
        "healthProbeSettings.probeIntervalInSeconds",
        "health probe interval",
        Aspect.DETECTION,
        Better.LOWER,
        "s",
        240,
    ),
    Meaning(_ORIGINS, "healthProbeSettings.probePath", "path of the health probe", Aspect.DETECTION, Better.JUDGE),
    Meaning(
        _ORIGINS,
        "loadBalancingSettings.sampleSize",
        "samples before an origin counts as lost",
        Aspect.DETECTION,
        Better.LOWER,
        default=4,
    ),
    Meaning(
        _ORIGINS,
        "loadBalancingSettings.successfulSamplesRequired",
        "samples that must succeed",
        Aspect.DETECTION,
        Better.JUDGE,
    ),
    *(
        ladder(route, "enabledState", "route in use", Aspect.TRAFFIC, _SWITCH, default="Enabled")
        for route in (_ORIGIN, "azure-native:cdn:AFDEndpoint", _ROUTE)
    ),
    Meaning(_ORIGIN, "priority", "origin priority", Aspect.TRAFFIC, Better.JUDGE),
    Meaning(_ORIGIN, "weight", "traffic weight", Aspect.TRAFFIC, Better.JUDGE),
    ladder(_FIREWALL, "policySettings.enabledState", "web firewall", Aspect.EXPOSURE, _SWITCH, default="Enabled"),
    ladder(_FIREWALL, "policySettings.mode", "web firewall", Aspect.EXPOSURE, ("Detection", "Prevention")),
    Meaning(_PROFILE, "dnsConfig.ttl", "DNS TTL", Aspect.TRAFFIC, Better.LOWER, "s", absent="unknown"),
    ladder(_PROFILE, "profileStatus", "profile in use", Aspect.TRAFFIC, _SWITCH, default="Enabled"),
    Meaning(_PROFILE, "trafficRoutingMethod", "routing method", Aspect.TRAFFIC, Better.JUDGE),
    Meaning(
        _PROFILE, "monitorConfig.intervalInSeconds", "health check interval", Aspect.DETECTION, Better.LOWER, "s", 30
    ),
    Meaning(
        _PROFILE,
        "monitorConfig.toleratedNumberOfFailures",
        "failures tolerated",
        Aspect.DETECTION,
        Better.LOWER,
        default=3,
    ),
    Meaning(
        _PROFILE, "monitorConfig.timeoutInSeconds", "health check timeout", Aspect.DETECTION, Better.LOWER, "s", 10
    ),
    Meaning(_PROFILE, "monitorConfig.path", "path of the health check", Aspect.DETECTION, Better.JUDGE),
    # A port that answers says nothing of the service.
    ladder(_PROFILE, "monitorConfig.protocol", "health check protocol", Aspect.DETECTION, ("TCP", "HTTP", "HTTPS")),
    *(
        row
        for kind, under in ((_PROFILE, "endpoints[*]."), (_ENDPOINT, ""))
        for row in (
            ladder(kind, f"{under}endpointStatus", "endpoint in use", Aspect.TRAFFIC, _SWITCH, default="Enabled"),
            # `alwaysServe` switches the probing of the endpoint off.
            ladder(
                kind,
                f"{under}alwaysServe",
                "endpoint served without health checks",
                Aspect.DETECTION,
                ("Enabled", "Disabled"),
                default="Disabled",
            ),
            Meaning(kind, f"{under}priority", "endpoint priority", Aspect.TRAFFIC, Better.JUDGE),
            Meaning(kind, f"{under}weight", "traffic weight", Aspect.TRAFFIC, Better.JUDGE),
        )
    ),
    Meaning(_PROFILE, "endpoints[*].name", "endpoints", Aspect.TRAFFIC, Better.MORE),
    *(
        Meaning(kind, "ttl", "DNS TTL", Aspect.TRAFFIC, Better.LOWER, "s", absent="unknown")
        for kind in ("azure-native:dns:RecordSet", "azure-native:privatedns:PrivateRecordSet")
    ),
)

ROUTING_GUARDS: tuple[Guard, ...] = (
    Guard(_ENDPOINT, "traffic endpoint", Aspect.TRAFFIC),
    Guard(_ORIGIN, "front door origin", Aspect.TRAFFIC),
    Guard(_ROUTE, "front door route", Aspect.TRAFFIC),
    Guard("azure-native:cdn:AFDCustomDomain", "name of the front door", Aspect.TRAFFIC),
    Guard(_FIREWALL, "web firewall", Aspect.EXPOSURE),
    Guard("azure-native:cdn:SecurityPolicy", "web firewall of the front door", Aspect.EXPOSURE),
    Guard("azure-native:privatedns:VirtualNetworkLink", "private names in a network", Aspect.TRAFFIC),
    Guard("azure-native:network:PrivateEndpoint", "private endpoint", Aspect.TRAFFIC),
    Guard("azure-native:network:PrivateDnsZoneGroup", "name of a private endpoint", Aspect.TRAFFIC),
)

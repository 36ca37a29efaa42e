"""There is a second place to send traffic to, and it is asked for its health."""

from collections.abc import Iterator

from ..kernel import CRITICAL, HIGH, Context, Node, Resource, Rule
from ..kernel.checks import each, is_present
from ..kernel.standards import SWITCHING
from ..kernel.values import Unknown

ENDPOINT = "azure-native:trafficmanager:Endpoint"
ORIGIN = "azure-native:cdn:AFDOrigin"


def number_of(ctx: Context, token: str, prop: str, owner: Resource) -> int:
    """How many resources name `owner`; one whose name is not known yet counts."""
    number = 0
    for other in ctx.stack.of(token):
        try:
            number += other.refers_to(prop, owner)
        except Unknown:
            number += 1
    return number


def endpoints(r: Resource, ctx: Context) -> Iterator[str]:
    inline = r["endpoints"].raw
    number = number_of(ctx, ENDPOINT, "profileName", r) + (len(inline) if isinstance(inline, list) else 0)
    if number < 2:
        yield f"the profile has {number} endpoint(s), needs at least 2"


def origins(r: Resource, ctx: Context) -> Iterator[str]:
    number = number_of(ctx, ORIGIN, "originGroupName", r)
    if number < 2:
        yield f"the origin group has {number} origin(s), needs at least 2"


def origin_groups(r: Resource, ctx: Context) -> Iterator[str]:
    if not r["originGroups"].present():
        yield "originGroups is absent: every origin stands alone"

    def look(group: Node) -> Iterator[str]:
        members = group["members"].raw
        number = len(members) if isinstance(members, list) else 0
        if number < 2:
            yield f"{group.path}.members names {number} origin(s), needs 2"

    yield from each(r["originGroups"].items(), look)


def asked(r: Resource, ctx: Context) -> Iterator[str]:
    if (r["alwaysServe"].text() or "").lower() == "enabled":
        yield "alwaysServe is Enabled: the endpoint is given out whether or not it works"


def not_mixed(r: Resource, ctx: Context) -> Iterator[str]:
    if r["endpoints"].present() and number_of(ctx, ENDPOINT, "profileName", r):
        yield "endpoints are given both in the profile and as resources: the next update deletes some"


RULES = (
    Rule(
        id="DR-DNS-011",
        title="A Traffic Manager profile has two endpoints",
        severity=HIGH,
        types=("azure-native:trafficmanager:Profile",),
        scope="stack",
        checks=(endpoints,),
        why="With one endpoint there is nothing to fail over to.",
        remedy="Add an Endpoint for the recovery site.",
        serves=SWITCHING,
    ),
    Rule(
        id="DR-DNS-012",
        title="A Front Door origin group has two origins",
        severity=HIGH,
        types=("azure-native:cdn:AFDOriginGroup",),
        scope="stack",
        checks=(origins,),
        why="With one origin there is nothing to fail over to.",
        remedy="Add an AFDOrigin for the recovery site, with a higher priority number.",
        serves=SWITCHING,
    ),
    Rule(
        id="DR-DNS-013",
        title="Traffic Manager endpoints are asked for their health",
        severity=CRITICAL,
        types=(ENDPOINT,),
        checks=(asked,),
        why="With alwaysServe the endpoint of a lost region goes on getting traffic.",
        remedy="Leave alwaysServe out.",
        fix={"alwaysServe": "Disabled"},
        serves=SWITCHING,
    ),
    Rule(
        id="DR-DNS-014",
        title="Endpoints are given in one way only",
        severity=HIGH,
        types=("azure-native:trafficmanager:Profile",),
        scope="stack",
        checks=(not_mixed,),
        why="Endpoints in the profile and endpoints as resources overwrite each other.",
        remedy="Use Endpoint resources only.",
        serves=SWITCHING,
    ),
    Rule(
        id="DR-DNS-015",
        title="Web apps have a health check",
        severity=HIGH,
        types=("azure-native:web:WebApp",),
        checks=(is_present("siteConfig.healthCheckPath", "a broken instance stays in service"),),
        why="Without it a broken instance keeps its share of the traffic.",
        remedy="Set siteConfig.healthCheckPath.",
        serves=SWITCHING,
        see=("checkov CKV_AZURE_213",),
    ),
    Rule(
        id="DR-DNS-016",
        title="Target groups ask a path that knows the service's health",
        severity=HIGH,
        types=("aws:lb/targetGroup:TargetGroup",),
        checks=(is_present("healthCheck", "the default asks for / every 30 seconds"),),
        why="The default asks for / and takes any page for health.",
        remedy="Give healthCheck with the service's readiness path.",
        serves=SWITCHING,
        see=("checkov CKV_AWS_261", "AWS Config AUTOSCALING_GROUP_ELB_HEALTHCHECK_REQUIRED"),
    ),
    Rule(
        id="DR-DNS-017",
        title="CloudFront fails over between origins",
        severity=HIGH,
        types=("aws:cloudfront/distribution:Distribution",),
        checks=(origin_groups,),
        why="A distribution with one origin answers with errors until somebody deploys it anew, for minutes.",
        remedy="Give it originGroups with the origin of the recovery site as second member.",
        serves=SWITCHING,
        see=("checkov CKV_AWS_310", "prowler cloudfront_distributions_multiple_origin_failover_configured"),
    ),
)

"""There is a second place to send traffic to, and it is asked for its health."""

from collections.abc import Iterator

from ..kernel import CRITICAL, HIGH, Context, Node, Resource, Rule
from ..kernel.checks import each, is_present
from ..kernel.standards import SWITCHING
from ..kernel.values import Unknown

ENDPOINT = "azure-native:trafficmanager:Endpoint"
ORIGIN = "azure-native:cdn:AFDOrigin"
PROFILE = "azure-native:trafficmanager:Profile"
HTTP = ("HTTP", "HTTPS")


def places(ctx: Context, token: str, prop: str, owner: Resource, *targets: str) -> set[str]:
    """Where the resources in use that name `owner` lead to; what is not known yet counts as a place of its own."""
    named, undecided = ctx.stack.naming((token,), prop, (owner.urn,), owner.names)
    found = {place(other.props, other.urn, *targets) for other in named if in_use(other.props)}
    return found | {str(unknown) for unknown in undecided}


def in_use(node: Node) -> bool:
    """Whether traffic may go there; what is not known yet may."""
    for switch in ("endpointStatus", "enabledState"):
        try:
            if (node[switch].text() or "").lower() == "disabled":
                return False
        except Unknown:
            continue
    return True


def place(node: Node, otherwise: str, *targets: str) -> str:
    for target in targets:
        try:
            if text := node[target].text():
                return text.rstrip(".").lower()
        except Unknown:
            continue
    return otherwise


def endpoints(r: Resource, ctx: Context) -> Iterator[str]:
    targets = ("targetResourceId", "target")
    inline = r["endpoints"].raw
    found = places(ctx, ENDPOINT, "profileName", r, *targets)
    for position, entry in enumerate(inline if isinstance(inline, list) else []):
        if not in_use(Node(entry)):
            continue
        try:
            found.add(place(Node(entry), f"endpoints.{position}", *targets))
        except Unknown:
            found.add(f"endpoints.{position}")
    if len(found) < 2:
        yield f"the profile leads to {len(found)} endpoint(s) in use, needs at least 2"


def origins(r: Resource, ctx: Context) -> Iterator[str]:
    number = len(places(ctx, ORIGIN, "originGroupName", r, "hostName"))
    if number < 2:
        yield f"the origin group leads to {number} origin(s) in use, needs at least 2"


def origin_groups(r: Resource, ctx: Context) -> Iterator[str]:
    if not r["originGroups"].present():
        yield "originGroups is absent: every origin stands alone"
        return
    hosts: dict[str | None, tuple[str | None, str | None]] = {}
    for origin in r["origins"].items():
        try:
            hosts[origin["originId"].text()] = (origin["domainName"].text(), origin["originPath"].text())
        except Unknown:
            continue  # a host that is not known yet is one of its own

    def look(group: Node) -> Iterator[str]:
        members = {member["originId"].text() for member in group["members"].items()} - {None}
        number = len({hosts.get(member) or member for member in members})
        if number < 2:
            yield f"{group.path}.members leads to {number} origin(s), needs 2"
        if not group["failoverCriteria.statusCodes"].present():
            yield f"{group.path}.failoverCriteria.statusCodes is absent: it never fails over"

    yield from each(r["originGroups"].items(), look)
    groups = {group["originId"].text() for group in r["originGroups"].items()}
    behaviours = [r["defaultCacheBehavior"], *r["orderedCacheBehaviors"].items()]
    if not groups & {behaviour["targetOriginId"].text() for behaviour in behaviours}:
        yield "no cache behavior leads to an origin group"


def health_checked(r: Resource, ctx: Context) -> Iterator[str]:
    """A target group of HTTP is asked by a path; one of a network load balancer may be asked by its port."""
    check = r["healthCheck"]
    if check["enabled"].flag() is False:
        yield "healthCheck.enabled is false: a broken target stays in service"
        return
    if (r["targetType"].text() or "").lower() == "lambda" and not check.present():
        return  # a function is not asked unless told so
    asks = (check["protocol"].text() or "").upper()
    serves = (r["protocol"].text() or "HTTP").upper()
    if not check.present():
        if serves in HTTP:
            yield "healthCheck is absent: the default asks for / every 30 seconds"
    elif asks not in ("", *HTTP):
        if serves in HTTP:
            yield f"healthCheck.protocol is {check['protocol'].shown()}: a port says nothing of the service"
    elif (asks in HTTP or serves in HTTP) and not check["path"].present():
        yield "healthCheck.path is absent: the default asks for /"


def asked(r: Resource, ctx: Context) -> Iterator[str]:
    if always_served(r.props):
        yield "alwaysServe is Enabled: the endpoint is given out whether or not it works"


def all_asked(r: Resource, ctx: Context) -> Iterator[str]:
    endpoints = list(r["endpoints"].items())
    excused = any(not always_served(endpoint) for endpoint in endpoints) and is_nested(r, ctx)

    def look(endpoint: Node) -> Iterator[str]:
        if always_served(endpoint) and not excused and not is_last(endpoint, r, endpoints):
            yield f"{endpoint['alwaysServe'].path} is Enabled: the endpoint is given out whether or not it works"

    yield from each(endpoints, look)


def always_served(endpoint: Node) -> bool:
    return (endpoint["alwaysServe"].text() or "").lower() == "enabled"


def is_last(endpoint: Node, r: Resource, endpoints: list[Node]) -> bool:
    """Whether a profile gives it out only when none of the others, which are asked, is healthy."""
    if (r["trafficRoutingMethod"].text() or "").lower() != "priority":
        return False
    own = endpoint["priority"].number()
    others = [other["priority"].number() for other in endpoints if not always_served(other)]
    return bool(others) and own is not None and all(other is not None and other < own for other in others)


def is_nested(r: Resource, ctx: Context) -> bool:
    """Whether another profile leads here only while two endpoints are healthy, so that one of them is asked."""

    def leads_here(other: Resource) -> bool:
        return other is not r and any(
            (endpoint["minChildEndpoints"].number() or 0) >= 2 and points_at(endpoint, other, r)
            for endpoint in other["endpoints"].items()
        )

    return ctx.stack.first((PROFILE,), leads_here) is not None


def points_at(endpoint: Node, profile: Resource, target: Resource) -> bool:
    try:
        return endpoint["targetResourceId"].text() in target.names
    except Unknown:
        return target.urn in (profile.property_dependencies or {}).get("endpoints", ())


def not_mixed(r: Resource, ctx: Context) -> Iterator[str]:
    named, undecided = ctx.stack.naming((ENDPOINT,), "profileName", (r.urn,), r.names)
    if r["endpoints"].present() and (named or undecided):
        yield "endpoints are given both in the profile and as resources: the next update deletes some"


RULES = (
    Rule(
        id="DR-DNS-011",
        title="A Traffic Manager profile has two endpoints in use",
        severity=HIGH,
        types=(PROFILE,),
        scope="stack",
        checks=(endpoints,),
        why="With one endpoint there is nothing to fail over to.",
        remedy="Add an Endpoint for the recovery site, and leave both enabled.",
        serves=SWITCHING,
    ),
    Rule(
        id="DR-DNS-012",
        title="A Front Door origin group has two origins in use",
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
        id="DR-DNS-018",
        title="Traffic Manager profiles ask their endpoints for their health",
        severity=CRITICAL,
        types=(PROFILE,),
        scope="stack",
        checks=(all_asked,),
        why="With alwaysServe the endpoint of a lost region goes on getting traffic.",
        remedy=(
            "Leave alwaysServe out. The last endpoint by priority may have it, and one in a profile whose parent "
            "wants two healthy children of it, so that another one is asked."
        ),
        serves=SWITCHING,
    ),
    Rule(
        id="DR-DNS-014",
        title="Endpoints are given in one way only",
        severity=HIGH,
        types=(PROFILE,),
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
        types=("azure-native:web:WebApp", "azure-native:web:WebAppSlot"),
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
        checks=(health_checked,),
        why="The default asks for / and takes any page for health; one that is switched off keeps what is broken.",
        remedy="Give healthCheck with the service's readiness path. A group of TCP, and a function, may do without.",
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
        remedy=(
            "Give it originGroups with the origin of the recovery site as second member, and let a behavior use "
            "the group."
        ),
        serves=SWITCHING,
        see=("checkov CKV_AWS_310", "prowler cloudfront_distributions_multiple_origin_failover_configured"),
    ),
)

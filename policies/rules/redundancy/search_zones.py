"""Search domains survive the loss of one zone."""

from collections.abc import Iterator

from ..kernel import HIGH, Context, Resource, Rule, count
from ..kernel.standards import REDUNDANCY


def check(r: Resource, ctx: Context) -> Iterator[str]:
    config = r["clusterConfig"]
    aware, nodes = config["zoneAwarenessEnabled"], config["instanceCount"]
    if aware.flag() is not True:
        yield f"{aware.path} is {aware.shown()}, needs to be true"
    number = 1 if nodes.raw is None else nodes.number() or 0  # left out, there is one node (provider docs)
    if number < ctx.number("minNodes"):
        yield f"{nodes.path} is {nodes.shown()}, needs at least {ctx.number('minNodes'):g}"


RULE = Rule(
    id="DR-HAV-009",
    title="OpenSearch domains are spread over zones",
    severity=HIGH,
    types=("aws:opensearch/domain:Domain", "aws:elasticsearch/domain:Domain"),
    checks=(check,),
    thresholds=(count("minNodes", 2, "data nodes of a domain"),),
    why=(
        "With one node, or with all nodes in one zone, an index is lost with its zone and comes back from a snapshot "
        "only. Snapshots themselves are hourly, kept for fourteen days, and nobody can switch them off: no rule asks."
    ),
    remedy="Set clusterConfig.zoneAwarenessEnabled, and an instanceCount that zones divide evenly.",
    serves=REDUNDANCY,
    see=(
        "AWS Config OPENSEARCH_DATA_NODE_FAULT_TOLERANCE",
        "prowler opensearch_service_domains_fault_tolerant_data_nodes",
    ),
)

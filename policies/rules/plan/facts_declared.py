"""The pack knows the plan's facts, so that no rule is silently left out."""

from collections.abc import Iterator
from typing import Any

from ..kernel import LOW, Context, Resource, Rule, Threshold
from ..kernel.standards import NIST_PLAN

NUMBER = {"type": "number", "minimum": 0}
FACTS: dict[str, tuple[dict[str, Any], str]] = {
    "environment": ({"type": "string"}, "prod, staging or dev"),
    "siteRole": (
        {"type": "string", "enum": ["active", "warm", "cold", "traffic", "all", ""]},
        "which part of the system this stack holds",
    ),
    "siteRoles": ({"type": "object"}, "the same for each of several stacks looked at as one: {stack: role}"),
    "primaryRegion": ({"type": "string"}, "region of the primary site"),
    "recoveryRegions": ({"type": "array", "items": {"type": "string"}}, "regions of the other sites"),
    "allowedRegions": ({"type": "array", "items": {"type": "string"}}, "regions in which data may lie"),
    "rtoMinutes": (NUMBER, "shortest recovery time objective of a regional outage"),
    "rpoMinutes": (NUMBER, "shortest recovery point objective of a regional outage"),
    "pitrDays": (NUMBER, "point-in-time window that the plan promises"),
    "backupEveryMinutes": (NUMBER, "time between backups that the plan promises"),
    "backupRetentionDays": (NUMBER, "life of a backup that the plan promises"),
    "dnsTtlSeconds": (NUMBER, "time to live of the traffic record in the plan"),
    "expectedReplicas": ({"type": "object"}, "replicas this stack must hold: {database: 1, objects: 1}"),
    "stateBackends": (
        {"type": "array", "items": {"type": "object"}},
        "address of the state backend of each site: {site, region, url}",
    ),
    "secretsProvider": ({"type": "string"}, "the stack's secrets provider"),
    "quotas": ({"type": "object"}, "service quotas agreed for each recovery region"),
    "scaleTargets": ({"type": "object"}, "pods of each workload in the active site: {checkout: 3}"),
    "neededNodes": (NUMBER, "nodes that a site needs for the whole load"),
    "bucketsWithoutData": (
        {"type": "array", "items": {"type": "string"}},
        "buckets and accounts of leases and signals",
    ),
    "databasesFollowed": ({"type": "boolean"}, "whether a copy of any database follows it in another site"),
    "drillsEveryDays": (NUMBER, "time between the restore tests and drills of the plan"),
    "waivers": ({"type": "array"}, "rule, resource, reason, owner, expires"),
    "asOf": ({"type": "string"}, "the date on which waivers are judged, instead of today"),
}
WANTED = ("primaryRegion", "recoveryRegions", "allowedRegions", "rtoMinutes", "rpoMinutes")


def check(r: Resource, ctx: Context) -> Iterator[str]:
    missing = [name for name in WANTED if not ctx.facts.has(name)]
    if missing:
        yield f"the configuration of this rule gives no {', '.join(missing)}: rules that need them were not applied"


RULE = Rule(
    id="DR-PLN-001",
    title="The policy pack knows the plan",
    severity=LOW,
    types=("pulumi:pulumi:Stack",),
    checks=(check,),
    thresholds=tuple(Threshold(name, None, schema, meaning) for name, (schema, meaning) in FACTS.items()),
    why=(
        "The pack works for any project, so what a plan promises reaches it through the configuration of this rule. "
        "Rules that need a fact which is not given do not apply, and that should be seen."
    ),
    remedy="Make the configuration from the plan: `dr policy config --plan plans/NAME.yaml`.",
    serves=(NIST_PLAN,),
)

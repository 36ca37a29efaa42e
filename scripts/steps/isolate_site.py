"""Close the network around a compromised site and stop what runs in it. Nothing in it is deleted: it is evidence."""

from __future__ import annotations

from functools import partial

from model import names
from model.roles import scale_of
from scripts.clouds import aws_isolation
from scripts.core.errors import DrError
from scripts.core.net import Unreachable
from scripts.core.waiting import wait_until
from scripts.probes.traffic import http_port
from scripts.probes.web import get
from scripts.runs.runbook import Context, Result
from scripts.steps.targets import lost

BOUND_SECONDS = 300


def isolate_site(context: Context) -> Result:
    """
    `context.subject` names the site. The rules and replicas that are taken away are in the journal before they are, so
    that they can be given back. Evidence: a front door that does not answer. Raises CloudFailed, OutcomeUnknown.
    """
    plan, site, clouds = context.plan, context.subject, context.clouds
    if site in lost(context):
        return Result("skipped", f"{site} counts as lost and is not asked", {})
    if scale_of(plan, context.topology, site) == "none":
        return Result("skipped", f"nothing runs in {site}", {})
    region = clouds.region(site)
    groups = aws_isolation.groups_of(clouds.aws, region, names.load_balancer(plan, site), databases_of(context, site))
    rules = [aws_isolation.rules_of(clouds.aws, region, group) for group in groups]
    cluster = clouds.cluster(site)
    running = {name: found.wanted for name, found in cluster.workloads().items() if found.wanted}
    if running or not all(each.none for each in rules):
        context.journal.note(
            "isolating", f"what {site} had", site=site, rules=[vars(each) for each in rules], replicas=running
        )
    for each in rules:
        aws_isolation.take_away(clouds.aws, region, each)
    for name in running:
        cluster.scale(name, 0)
    wait_until(partial(_is_isolated, context, site, groups), seconds=BOUND_SECONDS, what=f"{site} to be isolated")
    said = f"nothing reaches {site} any more ({len(groups)} security groups closed), and none of its pods runs"
    return Result("done", said, {"groups": groups})


def databases_of(context: Context, site: str) -> list[str]:
    """Every incarnation of a site's databases that is declared."""
    held = context.topology.databases.get(site)
    if held is None:
        return []
    built = [number for number in (held.built, *held.retiring) if number is not None]
    return [
        names.database_identifier(context.plan, site, each.name, number)
        for each in context.plan.incarnated_stores
        for number in built
    ]


def _is_isolated(context: Context, site: str, groups: list[str]) -> bool:
    clouds, region = context.clouds, context.clouds.region(site)
    if any(found.ready for found in clouds.cluster(site).workloads().values()):
        return False
    if not all(aws_isolation.rules_of(clouds.aws, region, group).none for group in groups):
        return False
    return not _answers(context, site)


def _answers(context: Context, site: str) -> bool:
    plan = context.plan
    try:
        door = context.clouds.front_door(site, names.load_balancer(plan, site))
        get(door, http_port(plan), plan.traffic.health.path)
    except Unreachable:
        return False
    except DrError:
        return True  # not known: look again
    return True

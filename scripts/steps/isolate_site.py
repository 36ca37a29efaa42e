"""Close the network around a compromised site and stop what runs in it. Nothing in it is deleted: it is evidence."""

from __future__ import annotations

from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING

from model.roles import scale_of
from scripts.core.errors import DrError
from scripts.core.net import Unreachable
from scripts.core.waiting import wait_until
from scripts.probes.web import door_of, get
from scripts.runs.runbook import Context, Result
from scripts.runs.targets import held_stores, lost

if TYPE_CHECKING:
    from scripts.clouds.protocol import Isolation

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
    there, isolation = clouds.at(site), clouds.at(site).isolation(_stores_of(context, site))
    openings = isolation.openings()
    running = {name: found.wanted for name, found in there.running().items() if found.wanted}
    if running or not all(each.closed for each in openings):
        context.journal.note(
            "isolating", f"what {site} had", site=site, rules=[vars(each) for each in openings], replicas=running
        )
    for each in openings:
        isolation.close(each)
    for name in running:
        there.service(name).stop()
    wait_until(partial(_is_isolated, context, site, isolation), seconds=BOUND_SECONDS, what=f"{site} to be isolated")
    said = f"nothing reaches {site} any more ({len(openings)} openings closed), and nothing runs there"
    return Result("done", said, {"openings": [each.name for each in openings]})


def _stores_of(context: Context, site: str) -> tuple[str, ...]:
    """The identifiers of what the site holds, retiring incarnations among it."""
    return tuple(managed.identifier for managed in held_stores(context, site))


def _is_isolated(context: Context, site: str, isolation: Isolation) -> bool:
    if any(found.ready for found in context.clouds.at(site).running().values()):
        return False
    return all(each.closed for each in isolation.openings()) and not _answers(context, site)


def _answers(context: Context, site: str) -> bool:
    """Some doors that are shut stay silent, and some say themselves that nobody is let in (App Service: 403)."""
    plan = context.plan
    try:
        answer = get(door_of(plan, context.clouds.at(site).front_door()), plan.traffic.health.path)
    except Unreachable:
        return False
    except DrError:
        return True  # not known: look again
    return answer.status != HTTPStatus.FORBIDDEN

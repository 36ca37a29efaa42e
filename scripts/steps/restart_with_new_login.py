"""Start a service anew, so that it reads the login that it has now and takes up its role again."""

from __future__ import annotations

from functools import partial

from scripts.acts.services import start_anew
from scripts.core.errors import OutcomeUnknown
from scripts.probes.service_health import wait_until_well, why_not_well
from scripts.runs.findings import LoginsRenewed
from scripts.runs.runbook import Context, Result
from scripts.runs.targets import target, well_within


def restart_with_new_login(context: Context) -> Result:
    """
    `context.subject` names the service.

    Raises OutcomeUnknown when it is not well in its time.
    """
    plan, site, service = context.plan, target(context), context.subject
    start_anew(context.clouds.at(site).service(service), service, context.need(LoginsRenewed).at)
    seconds = well_within(context, service)
    why_not = wait_until_well(partial(why_not_well, plan, context.clouds, site, service), seconds=seconds)
    if why_not is not None:
        raise OutcomeUnknown(
            f"{service} has its new login, and after {seconds:g} s {why_not}", f"`dr recover {service}`"
        )
    return Result("done", f"{service} has started anew with its new login, and is well")

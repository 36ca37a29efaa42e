"""Look at one service before anything is done for it: its state, its answers, and the last lines of its logs."""

from __future__ import annotations

from scripts.acts.services import deployed_service
from scripts.clouds.protocol import ServiceFeature
from scripts.core.errors import DrError
from scripts.core.moments import now
from scripts.probes.service_health import why_not_well
from scripts.probes.versions import last_good
from scripts.runs.findings import ServiceSeen
from scripts.runs.runbook import Context, Result
from scripts.runs.targets import target

LINES = 20


def look_at_service(context: Context) -> Result:
    """
    `context.subject` names the service. Logs that cannot be had are left out: they hold up nobody. Raises CloudFailed,
    and Refused where it is not deployed.
    """
    service, site, (managed, state) = context.subject, target(context), deployed_service(context)
    why_not = why_not_well(context.plan, context.clouds, site, service)
    logs: dict[str, list[str]] = {}
    if why_not is not None and ServiceFeature.LOGS in managed.features:
        try:
            logs = {name: list(lines) for name, lines in managed.logs(LINES).items()}
        except DrError:
            logs = {}
    keeps = ServiceFeature.ROLL_BACK in managed.features
    good = last_good(managed.versions()) if keeps else None
    last = next((f"; {name} wrote last: {lines[-1]}" for name, lines in sorted(logs.items()) if lines), "")
    found = ServiceSeen(
        service=service, at=now(), why_not=why_not, wanted=state.wanted, logs=logs,
        last_good=good.content if good else "",
    )  # fmt: skip
    return Result("done", f"{why_not}{last}" if why_not else f"{service} in {site} is well", found)

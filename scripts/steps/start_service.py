"""Bring a service of the target to the strength of an active site."""

from __future__ import annotations

from scripts.clouds.protocol import ServiceFeature, need
from scripts.core.errors import CloudFailed
from scripts.core.waiting import wait_until
from scripts.runs.runbook import Context, Result
from scripts.runs.targets import target

BOUND_SECONDS = 300


def start_service(context: Context) -> Result:
    """`context.subject` names the service. Done when as many are ready as an active site has."""
    site, service = target(context), context.subject
    managed = context.clouds.at(site).service(service)
    wanted = context.plan.service(service).replicas.active
    found = managed.state()
    if found is None:
        raise CloudFailed(f"{service} is not deployed in {managed.where}", f"`dr up` on the stack of {site} deploys it")
    if found.wanted == wanted and found.ready >= wanted:
        return Result("already", f"{service} runs with {wanted} ready", {"ready": found.ready})
    if found.wanted != wanted:
        need(service, "be started by a call", able=ServiceFeature.START in managed.features)
        managed.start(wanted)
    wait_until(
        lambda: (now := managed.state()) is not None and now.ready >= wanted,
        seconds=BOUND_SECONDS, what=f"{wanted} of {service} to be ready in {managed.where}", every=0.05,
    )  # fmt: skip
    return Result(
        "done", f"{service} went from {found.ready} to {wanted} ready", {"before": found.wanted, "ready": wanted}
    )

"""The service that a run is about, at its target."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scripts.clouds.protocol import ServiceFeature, need
from scripts.core.errors import Refused
from scripts.runs.targets import managed_service, target

if TYPE_CHECKING:
    from datetime import datetime

    from scripts.clouds.protocol import ManagedService, ServiceState
    from scripts.runs.runbook import Context


def deployed_service(context: Context) -> tuple[ManagedService, ServiceState]:
    """With what its cloud says of it. Raises CloudFailed, and Refused where it is not deployed."""
    managed, site = managed_service(context), target(context)
    state = managed.state()
    if state is None:
        raise Refused(f"{context.subject} is not deployed in {site}", f"`dr up` on the stack of {site} deploys it")
    return managed, state


def start_anew(managed: ManagedService, service: str, asked_at: datetime) -> None:
    """
    With what it is told now. Machines are made anew: one that only starts again keeps what it was given. The same
    moment a second time changes nothing. Raises Refused for a service that can be neither.
    """
    if ServiceFeature.REPLACE in managed.features:
        managed.replace(asked_at)
    else:
        need(service, "be restarted by a call", able=ServiceFeature.RESTART in managed.features)
        managed.restart(asked_at)

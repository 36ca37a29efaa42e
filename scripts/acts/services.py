"""The service that a run is about, at its target."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scripts.core.errors import Refused
from scripts.runs.targets import managed_service, target

if TYPE_CHECKING:
    from scripts.clouds.protocol import ManagedService, ServiceState
    from scripts.runs.runbook import Context


def deployed_service(context: Context) -> tuple[ManagedService, ServiceState]:
    """With what its cloud says of it. Raises CloudFailed, and Refused where it is not deployed."""
    managed, site = managed_service(context), target(context)
    state = managed.state()
    if state is None:
        raise Refused(f"{context.subject} is not deployed in {site}", f"`dr up` on the stack of {site} deploys it")
    return managed, state

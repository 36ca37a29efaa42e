"""Who serves the clients of the record now, by what the service itself answers: its site and its epoch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from model.routes import service_routes, store_kept_by
from scripts.core.net import Unreachable
from scripts.probes.web import door_of, get

if TYPE_CHECKING:
    from model import Plan


@dataclass(frozen=True)
class Serving:
    """
    What the record answered: its health's status, the site that answered, the epoch of the database that it uses (None:
    it said none) and where the name led.
    """

    status: int
    site: str
    epoch: int | None
    address: str

    def why_not(self, site: str, epoch: int | None = None) -> str | None:
        """Why this is not `site`, healthy and in this epoch; None when it is. Without an epoch any will do."""
        if not self.site:
            return f"what answers at {self.address} does not say which site it is"
        if self.site != site:
            return f"it is served by {self.site}"
        if self.status != 200:
            return f"{site} answers {self.status}"
        if epoch is not None and self.epoch is None:
            return (
                f"{site} answers well and does not say in which epoch it writes: the plan's traffic.health.path has to "
                "lead to what asks the service's stores, such as /health/db"
            )
        if epoch is not None and self.epoch != epoch:
            return f"{site} serves in epoch {self.epoch}, not yet in {epoch}"
        return None


def epoch_told(plan: Plan, epoch: int) -> int | None:
    """
    The epoch that the service's health has to tell where `epoch` holds; None where the service that answers at the
    record keeps nothing in a store and so cannot know it.
    """
    default = next((route.service for route in service_routes(plan) if route.default), None)
    return epoch if default is not None and store_kept_by(plan, default) is not None else None


def serving(plan: Plan, *, seconds: float = 1.0) -> Serving:
    """Ask the record for its health. Raises Unreachable."""
    answer = get(door_of(plan), plan.traffic.health.path, seconds=seconds)
    told = answer.body if isinstance(answer.body, dict) else {}
    epoch = told.get("epoch")
    return Serving(
        answer.status, str(told.get("site") or ""), epoch if isinstance(epoch, int) else None, answer.address
    )


def why_not_served_by(plan: Plan, site: str, epoch: int | None = None) -> str | None:
    """Why a client who resolves the record now is not served by `site`; None when it is."""
    try:
        return serving(plan).why_not(site, epoch)
    except Unreachable as error:
        return str(error)

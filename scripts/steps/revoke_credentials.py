"""End what a compromised site could still act with: the sessions of its roles, and the passwords of its databases."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from scripts.clouds.protocol import Phase, StoreFeature, need
from scripts.core.waiting import wait_until
from scripts.runs.runbook import Context, Result
from scripts.runs.targets import held_stores, lost, target

if TYPE_CHECKING:
    from scripts.clouds.protocol import ManagedStore

BOUND_SECONDS = 900


def revoke_credentials(context: Context) -> Result:
    """
    `context.subject` names the site. Roles belong to the account, so those of a lost site are ended as well. A replica
    has the password of its source. Evidence: which roles and databases; no password is known to anybody.
    """
    site, clouds = context.subject, context.clouds
    ended = clouds.at(target(context)).isolation(()).end_sessions(site, datetime.now(UTC))
    changed: list[str] = []
    if site not in lost(context):
        for managed in held_stores(context, site):
            found = managed.state()
            if found is not None and found.follows is None:
                able = StoreFeature.FORGET_PASSWORD in managed.features
                need(managed.identifier, "change its owner's password", able=able)
                managed.forget_password()
                wait_until(
                    partial(_available, managed),
                    seconds=BOUND_SECONDS, what=f"{managed.identifier} to have its new password", every=0.2,
                )  # fmt: skip
                changed.append(managed.identifier)
    said = f"sessions of {', '.join(ended) or 'no role'} are ended"
    said += f", and nobody knows the password of {', '.join(changed)}" if changed else ""
    return Result("done", said, {"roles": ended, "databases": changed})


def _available(managed: ManagedStore) -> bool:
    found = managed.state()
    return found is None or found.phase is Phase.AVAILABLE

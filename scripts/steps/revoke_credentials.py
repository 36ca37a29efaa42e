"""End what a compromised site could still act with: the sessions of its roles, and the passwords of its databases."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial

from model import names
from scripts.clouds import aws_isolation
from scripts.core.waiting import wait_until
from scripts.runs.runbook import Context, Result
from scripts.steps.isolate_site import databases_of
from scripts.steps.targets import lost, target

BOUND_SECONDS = 900


def revoke_credentials(context: Context) -> Result:
    """
    `context.subject` names the site. Roles belong to the account, so those of a lost site are ended as well. A replica
    has the password of its source. Evidence: which roles and databases; no password is known to anybody.
    """
    plan, site, clouds = context.plan, context.subject, context.clouds
    roles = [names.control_role(plan, site), names.nodes_role(plan, site)]
    home = clouds.region(target(context))
    ended = [role for role in roles if aws_isolation.end_sessions(clouds.aws, home, role, datetime.now(UTC))]
    changed: list[str] = []
    if site not in lost(context):
        region = clouds.region(site)
        for identifier in databases_of(context, site):
            found = clouds.aws.database(region, identifier)
            if found is not None and found.source is None:
                aws_isolation.forget_password(clouds.aws, region, identifier)
                wait_until(
                    partial(_available, context, region, identifier),
                    seconds=BOUND_SECONDS, what=f"{identifier} to have its new password", every=0.2,
                )  # fmt: skip
                changed.append(identifier)
    said = f"sessions of {', '.join(ended) or 'no role'} are ended"
    said += f", and nobody knows the password of {', '.join(changed)}" if changed else ""
    return Result("done", said, {"roles": ended, "databases": changed})


def _available(context: Context, region: str, identifier: str) -> bool:
    found = context.clouds.aws.database(region, identifier)
    return found is None or found.status == "available"

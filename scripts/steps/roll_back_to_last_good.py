"""The second rung: run the last version of a service that was there before the one that fails."""

from __future__ import annotations

from scripts.acts.hooks import take_schema_back, takes_schema_back
from scripts.acts.rungs import climb
from scripts.clouds.protocol import ServiceFeature
from scripts.core.errors import CloudFailed
from scripts.probes.versions import with_content
from scripts.runs.findings import ServiceSeen
from scripts.runs.runbook import Context, Result
from scripts.runs.targets import managed_service


def roll_back_to_last_good(context: Context) -> Result:
    """
    `context.subject` names the service. The plan's hook for the schema runs first where it has one; when it fails, the
    version stays. A version that did not help goes on running, which the result says.
    """
    service, managed, seen = context.subject, managed_service(context), context.need(ServiceSeen)

    def why_not() -> str | None:
        if ServiceFeature.ROLL_BACK not in managed.features:
            return f"{service} cannot go back to an earlier version by a call"
        return None if seen.last_good else f"{managed.where} keeps no version of {service} from before this one"

    def act() -> str:
        found = with_content(managed.versions(), seen.last_good)
        if found is None:
            raise CloudFailed(f"{managed.where} does not keep that version of {service} any more")
        if not found.is_wanted:
            if takes_schema_back(context.plan, service):
                take_schema_back(context)
            managed.roll_back(found.name)
        return f"{service} was rolled back to {found.artefact}, which its stack does not declare"

    return climb(context, "rollback", act, why_not_here=why_not)

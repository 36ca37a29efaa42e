"""Run the chosen version of a service again."""

from __future__ import annotations

from scripts.core.errors import CloudFailed
from scripts.probes.versions import with_content
from scripts.runs.findings import VersionChosen
from scripts.runs.runbook import Context, Result
from scripts.runs.targets import managed_service


def roll_back_service(context: Context) -> Result:
    """`context.subject` names the service. Already wanted changes nothing, whatever number its cloud gives it now."""
    service, managed, chosen = context.subject, managed_service(context), context.need(VersionChosen)
    found = with_content(managed.versions(), chosen.content)
    if found is None:
        raise CloudFailed(f"{managed.where} does not keep {chosen.artefact} of {service} any more")
    evidence = {"version": chosen.name, "artefact": chosen.artefact, "content": chosen.content}
    if found.is_wanted:
        return Result("already", f"{service} is to run {chosen.artefact}", evidence)
    managed.roll_back(found.name)
    return Result("done", f"{service} is to run version {found.name} ({found.artefact}) again", evidence)

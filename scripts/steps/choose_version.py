"""Choose the version of a service that is to run again."""

from __future__ import annotations

from scripts.acts.services import deployed_service
from scripts.clouds.protocol import ServiceFeature, need
from scripts.core.errors import Refused
from scripts.probes.versions import version_before, version_named, wanted_of
from scripts.runs.findings import VersionChosen
from scripts.runs.runbook import Context, Result
from scripts.runs.targets import managed_service, target

SEE = "`dr rollback {service} --list` shows those that are kept"


def choose_version(context: Context) -> Result:
    """
    `context.subject` names the service; the operator named a version, or the one before the wanted one is meant.

    Raises Refused where it is not kept, is the one that is wanted, or the kind cannot go back.
    """
    service, site, managed = context.subject, target(context), managed_service(context)
    need(service, "go back to an earlier version", able=ServiceFeature.ROLL_BACK in managed.features)
    deployed_service(context)
    versions, named = managed.versions(), str(context.options.more.get("version") or "")
    wanted = wanted_of(versions)
    chosen = version_named(versions, named) if named else version_before(versions)
    if chosen is None:
        kept = ", ".join(f"{each.name} ({each.artefact})" for each in versions) or "none"
        missing = f"keeps no version {named} of {service}" if named else f"keeps no other version of {service}"
        raise Refused(f"{managed.where} {missing}", f"it keeps {kept}; deploy the version that you want")
    if wanted is None:
        raise Refused(f"{managed.where} does not say which version of {service} it runs", SEE.format(service=service))
    if chosen.content == wanted.content:
        raise Refused(f"{service} is to run version {wanted.name} already", SEE.format(service=service))
    found = VersionChosen(
        service=service, name=chosen.name, artefact=chosen.artefact, content=chosen.content,
        before_name=wanted.name, before_artefact=wanted.artefact, before_content=wanted.content,
    )  # fmt: skip
    same = "; both name the same artefact" if chosen.artefact == wanted.artefact else ""
    versions_said = f"from version {wanted.name} ({wanted.artefact}) to {chosen.name} ({chosen.artefact})"
    return Result("done", f"{service} in {site} goes {versions_said}{same}", found)

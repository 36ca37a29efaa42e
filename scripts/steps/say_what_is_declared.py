"""Say what the stack goes on declaring after a rollback, and what to pin against it."""

from __future__ import annotations

from scripts.probes.declared import declared_by
from scripts.runs.findings import StackDeclares, VersionChosen
from scripts.runs.runbook import Context, Result
from scripts.runs.targets import managed_service, target


def say_what_is_declared(context: Context) -> Result:
    """`context.subject` names the service. A rollback changes no stack. Raises EngineFailed, BadInput."""
    service, chosen, managed = context.subject, context.need(VersionChosen), managed_service(context)
    stack = context.plan.site(target(context)).stack
    resource = declared_by(context, stack, managed)
    if resource is None:
        return Result("done", f"stack {stack} declares no {service}: no update of it deploys another version")
    artefact = managed.declared_artefact(resource)
    if artefact is None:
        said = f"stack {stack} leaves the version of {service} to whoever deploys it: no update of it deploys another"
        return Result("done", said)
    pin = f"services.{service}.image: {chosen.artefact}"
    found = StackDeclares(stack=stack, artefact=artefact, pin="" if artefact == chosen.artefact else pin)
    if artefact != chosen.artefact:
        return Result(
            "done",
            f"stack {stack} still declares {artefact}: the next `dr up` that changes {service} deploys it again, until "
            f"the plan pins {pin}",
            found,
        )
    return Result(
        "done",
        f"stack {stack} declares the same artefact, {artefact}: what differs is another part of the version; the next "
        f"`dr up` that changes {service} writes all of it as the plan says, so see `dr preview {stack}` first",
        found,
    )

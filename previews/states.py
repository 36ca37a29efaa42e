"""Reading a stack's state, as `pulumi stack export` prints it or as a self-managed backend keeps it."""

from __future__ import annotations

from typing import Any

from previews import sources
from previews.previewed import StackPreview, Step
from previews.sources import bad

_VERSIONS = (3, 4)


def read_state(text: str, where: str, preview: StackPreview) -> list[Step]:
    """
    The resources of the state as steps that change nothing.

    Raises BadInput for JSON that is cut short, of another version or no state.
    """
    try:
        whole = sources.decoder().decode(text)
    except (ValueError, RecursionError):
        raise bad(where, "is no complete JSON", "run `pulumi stack export > FILE` again") from None
    sources.expect(whole, dict, where, "a stack export")
    version = whole.get("version")
    if version not in _VERSIONS:
        raise bad(f"{where}: version", f"{version!r} is not 3 or 4", "export the stack with a current CLI")
    body: Any = whole.get("deployment")
    at = "deployment"
    if body is None:
        checkpoint = sources.expect(whole.get("checkpoint"), dict, f"{where}: checkpoint", "an object")
        body, at = checkpoint.get("latest") or {}, "checkpoint.latest"
    sources.expect(body, dict, f"{where}: {at}", "an object")
    resources = sources.expect(body.get("resources") or [], list, f"{where}: {at}.resources", "a list")
    steps = []
    for number, state in enumerate(resources):
        place = f"{where}: {at}.resources[{number}]"
        sources.expect(state, dict, place, "an object")
        urn = sources.check_urn(state.get("urn"), f"{place}.urn")
        if state.get("delete") is True:
            continue
        side = sources.resource(preview, state, urn, place)
        if side is not None:
            steps.append(Step(preview.stack, "same", urn, side.type, side.name, side, side))
    return steps

"""Reading a stack's state, as `pulumi stack export` prints it or as a self-managed backend keeps it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from previews import sources
from previews.previewed import StackPreview, Step, urn_place
from previews.sources import bad

_VERSIONS = (3, 4)
_EXPORT = "give what `pulumi stack export > FILE` writes"


def read_state(text: str, where: str, preview: StackPreview) -> list[Step]:
    """
    The resources of the state as steps that change nothing; what waits for its deletion as a step that deletes it.

    Raises BadInput for JSON that is cut short, of another version, or no state, and for one of another stack.
    """
    try:
        whole = sources.decoder().decode(text)
    except (ValueError, RecursionError):
        raise bad(where, "is no complete JSON", "run `pulumi stack export > FILE` again") from None
    at, resources = _resources(whole, where)
    places = preview.places() | preview.former_places()
    steps = []
    for number, state in enumerate(resources):
        place = f"{where}: {at}[{number}]"
        sources.expect(state, dict, place, "an object")
        urn = sources.check_urn(state.get("urn"), f"{place}.urn")
        if places and urn_place(urn) not in places:
            raise _of_another_stack(f"{place}.urn", urn, min(preview.places()))
        side = sources.resource(preview, state, urn, place)
        if side is None:
            continue
        waits = state.get("delete") is True
        steps.append(
            Step(
                preview.stack,
                "delete-replaced" if waits else "same",
                urn,
                side.type,
                side.name,
                old=side,
                new=None if waits else side,
            )
        )
    return steps


def _resources(whole: Any, where: str) -> tuple[str, list[Any]]:
    """
    Where the resources stand, and they. A stack without any is a state only if its manifest says that an engine wrote
    it: an object in which nothing was recognised must not pass for an empty stack.
    """
    sources.expect(whole, dict, where, "a stack export")
    version = whole.get("version")
    if version not in _VERSIONS or isinstance(version, bool):
        raise bad(f"{where}: version", f"{version!r} is not 3 or 4", "export the stack with a current CLI")
    if isinstance(whole.get("deployment"), dict):
        body, at = whole["deployment"], "deployment"
    elif isinstance(whole.get("checkpoint"), dict) and isinstance(whole["checkpoint"].get("latest"), dict):
        body, at = whole["checkpoint"]["latest"], "checkpoint.latest"
    else:
        raise bad(where, "holds no state: it has neither `deployment` nor `checkpoint.latest`", _EXPORT)
    resources = body.get("resources")
    if resources is None and isinstance(body.get("manifest"), Mapping) and body["manifest"]:
        return f"{at}.resources", []
    return f"{at}.resources", sources.expect(resources, list, f"{where}: {at}.resources", "a list of resources")


def _of_another_stack(where: str, urn: str, expected: tuple[str, str]) -> Exception:
    stack, project = urn_place(urn)
    what = f"is of stack {stack} of project {project}, and the preview is of {expected[0]} of {expected[1]}"
    return bad(where, what, "give the state of the stack that was previewed")

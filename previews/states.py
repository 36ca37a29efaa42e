"""Reading a stack's state, as `pulumi stack export` prints it or as a self-managed backend keeps it."""

from __future__ import annotations

from previews import sources
from previews.previewed import StackPreview, Step, urn_place
from previews.sources import bad
from scripts.packs.state_files import resources_in


def read_state(text: str, where: str, preview: StackPreview) -> list[Step]:
    """
    The resources of the state as steps that change nothing; what waits for its deletion as a step that deletes it.

    Raises BadInput for JSON that is cut short, of another version, or no state, and for one of another stack.
    """
    try:
        whole = sources.decoder().decode(text)
    except (ValueError, RecursionError):
        raise bad(where, "is no complete JSON", "run `pulumi stack export > FILE` again") from None
    at, resources = resources_in(whole, where)
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


def _of_another_stack(where: str, urn: str, expected: tuple[str, str]) -> Exception:
    stack, project = urn_place(urn)
    what = f"is of stack {stack} of project {project}, and the preview is of {expected[0]} of {expected[1]}"
    return bad(where, what, "give the state of the stack that was previewed")

"""Whether a state is whole: each resource stands after what it refers to, and no two living ones have one URN."""

from collections.abc import Iterator

from sandbox.engine import urns
from sandbox.engine.state import Snapshot, State


def why_not_intact(snapshot: Snapshot) -> str | None:
    """The first thing that is wrong with a state, in the CLI's words; None when it is whole."""
    seen: set[str] = set()
    living: set[str] = set()
    providers: set[str] = set()
    places = {state.urn: place for place, state in enumerate(snapshot.resources)}
    for place, state in enumerate(snapshot.resources):
        if not state.custom and state.id:
            return f"resource '{state.urn}' has 'custom false but non-empty ID"
        if state.is_provider:
            providers.add(f"{state.urn}::{state.id}")
        if state.provider and state.provider not in providers and not state.pending_replacement:
            return f"resource {state.urn} refers to unknown provider {urns.parse_ref(state.provider)}"
        for urn, later, missing in _references(state):
            if urn not in seen:
                return later if places.get(urn, -1) > place else missing
        if not state.delete and state.urn in living:
            return f"duplicate resource {state.urn} (not marked for deletion)"
        seen.add(state.urn)
        if not state.delete:
            living.add(state.urn)
    return None


def _references(state: State) -> Iterator[tuple[str, str, str]]:
    """Each URN that a resource refers to, with what to say when it stands behind, and when it is missing."""
    urn, parent = state.urn, state.parent
    if parent:
        missing = f"child resource {urn} refers to missing parent {parent}"
        yield parent, f"child resource {urn}'s parent {parent} comes after it", missing
    for dep in state.dependencies:
        start = f"resource {urn}'s dependency {dep}"
        yield dep, f"{start} comes after it", f"{start} refers to missing resource"
    for key, needed in state.property_dependencies.items():
        for dep in needed:
            start = f"resource {urn}'s property dependency {dep} (from property {key})"
            yield dep, f"{start} comes after it", f"{start} refers to missing resource"
    for what, others in (
        ("deleted", [state.deleted_with] if state.deleted_with else []),
        ("replaced", state.replace_with),
    ):
        for dep in others:
            start = f"resource {urn} is specified as being {what} with {dep}, which"
            yield dep, f"{start} comes after it", f"{start} is missing"

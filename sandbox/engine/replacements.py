"""Replacements that follow from others: what depends on a resource that is deleted before it is made anew."""

from typing import TYPE_CHECKING

from sandbox.engine import paths, urns
from sandbox.engine.deployment import Deployment
from sandbox.engine.errors import EngineError
from sandbox.engine.plugin import Diff
from sandbox.engine.state import State
from sandbox.engine.steps import compare
from sandbox.engine.values import UNKNOWN, Map

if TYPE_CHECKING:
    from sandbox.engine.planner import Planner

INIT_ERROR = "#initerror"


def replace_on_changes(diff: Diff, given: list[str], *, init_errors: bool) -> Diff:
    """The diff with what `replaceOnChanges` makes of it. Raises EngineError for a path that is none."""
    if (not diff.some and not init_errors) or not given:
        return diff
    try:
        wanted = [paths.parse(p) for p in given]
    except ValueError as error:
        raise EngineError(str(error)) from error

    def matches(path: str) -> bool:
        try:
            parsed = paths.parse(path)
        except ValueError:
            return False
        return any(paths.contains(w, parsed) for w in wanted)

    detailed, some = diff.detailed, diff.some
    if detailed is not None:
        detailed = {
            k: (kind if kind.endswith("-replace") or not matches(k) else f"{kind}-replace", own)
            for k, (kind, own) in detailed.items()
        }
    replaces = list(dict.fromkeys([*diff.replaces, *(k for k in diff.changed if matches(k))]))
    if init_errors and matches(INIT_ERROR):
        replaces.append(INIT_ERROR)
        some = True
        if detailed is not None:
            detailed[INIT_ERROR] = ("update-replace", False)
    return Diff(some, replaces, diff.changed, detailed, diff.delete_before_replace)


def cascades(run: Deployment, urn: str) -> list[State]:
    """Resources that are replaced with another: those that name it in replaceWith or deletedWith."""
    found: dict[str, State] = {}
    for state in [*run.news.values(), *run.olds.values()]:
        if state.urn not in found and (urn in state.replace_with or state.deleted_with == urn):
            found[state.urn] = state
    return list(found.values())


def dependent_replacements(run: Deployment, planner: "Planner", root: State) -> list[tuple[State, list[str]]]:
    """What must go before `root` is deleted: dependents that their provider would replace if that input changed."""
    replaced = {root.urn}
    found: list[tuple[State, list[str]]] = []
    seen = planner.seen
    impossible = seen.reads | seen.creates | seen.sames | seen.updates | seen.deletes | seen.replaces
    for state in run.graph.depending_on(root, impossible, children=False):
        keys = _must_go(run, state, replaced)
        if keys is not None:
            found.append((state, keys))
            replaced.add(state.urn)
    return found


def _must_go(run: Deployment, state: State, replaced: set[str]) -> list[str] | None:
    """The properties for which a resource is replaced; None when it can stay."""
    if not state.custom or state.external:
        return None
    if state.provider_urn in replaced:
        run.ensure_provider(state.provider)
        return []
    if state.deleted_with in replaced:
        return []
    inputs: Map = {
        k: UNKNOWN if any(d in replaced for d in state.property_dependencies.get(k, ())) else v
        for k, v in state.inputs.items()
    }
    if not any(v is UNKNOWN and state.inputs[k] is not UNKNOWN for k, v in inputs.items()):
        return None
    if urns.is_provider_type(state.type):
        run.registry.same(state, from_check=False)
        plugin = run.registry
    else:
        run.ensure_provider(state.provider)
        plugin = run.provider(state.provider)  # type: ignore[assignment]
    diff = compare(
        run, plugin, state.urn, state.id, state.inputs, state.outputs, inputs, state.ignore_changes, preview=True
    )
    diff = replace_on_changes(diff, state.replace_on_changes, init_errors=False)
    return diff.replaces if diff.replace else None

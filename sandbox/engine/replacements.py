"""Replacements: which steps one takes, and what else has to go because it depends on what is deleted first."""

from typing import TYPE_CHECKING

from sandbox.engine import paths, urns
from sandbox.engine.deployment import Deployment
from sandbox.engine.errors import BailError, EngineError
from sandbox.engine.goals import Registration
from sandbox.engine.plans import shown
from sandbox.engine.plugin import Diff, Plugin
from sandbox.engine.state import State
from sandbox.engine.steps import CreateStep, DeleteStep, ReplaceStep, Step, compare
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


def replacement(  # noqa: PLR0917
    planner: "Planner", reg: Registration, urn: str, old: State, new: State, manager: Plugin | None, diff: Diff
) -> list[Step]:
    """
    The steps that replace a resource. Raises BailError where it is protected or its inputs are refused, and EngineError
    where the program still imports it.
    """
    goal, run, options = reg.goal, planner.run, planner.run.options
    if new.protect and old.protect and not options.ignore_protect:
        message = (
            f'unable to replace resource "{urn}"\nas it is currently marked for protection. To unprotect the '
            "resource, remove the `protect` flag from the resource in your Pulumi program and run `pulumi up`"
        )
        planner.failed = True
        if not options.preview:
            raise planner.bail(message, urn)
        run.reporter.error(message, urn)
    if goal.id:
        message = (
            "previously-imported resources that still specify an ID may not be replaced; please remove the "
            "`import` declaration from your program;\n"
            + "\n".join(f"{k}: {shown(old.inputs.get(k))} => {shown(new.inputs.get(k))}" for k in diff.replaces)
        )
        if not options.preview:
            raise EngineError(message)
        run.reporter.warning(message, urn)
    planner.seen.replaces.add(urn)
    if manager is not None and not planner.forced(urn, old):
        inputs, refused = planner.check(urn, manager, {}, goal.properties, new)
        if refused:
            message = f"resource {urn} has check errors"
            raise BailError(message)
        new.inputs = inputs
    first = diff.delete_before_replace if goal.delete_before_replace is None else goal.delete_before_replace
    if first:
        return delete_first(planner, reg, old, new, diff)
    return [
        CreateStep(run, reg, new, old, pending_delete=True).because(diff),
        ReplaceStep(run, old, new).because(diff),
    ]


def delete_first(planner: "Planner", reg: Registration, old: State, new: State, diff: Diff) -> list[Step]:
    """Delete a resource, and before it what cannot live without it, before it is made anew."""
    run, urn, steps = planner.run, new.urn, list[Step]()
    found = []
    if not run.options.preview or old in run.graph:
        found = dependent_replacements(run, planner, old)
    found += [(state, []) for state in cascades(run, urn)]
    for state, keys in reversed(found):
        if id(state) in planner.pending_deletes:
            continue
        planner.dependent_keys[state.urn] = keys
        if state.delete:
            steps.append(DeleteStep(run, state, planner.seen.deletes))
        else:
            if state.protect and not run.options.ignore_protect:
                planner.failed = True
                raise planner.bail(
                    f'unable to replace resource "{state.urn}" as part of replacing "{urn}" as it is currently '
                    "marked for protection. To unprotect the resource, remove the `protect` flag from the resource "
                    "in your Pulumi program and run `pulumi up`, or use the command:\n"
                    f"`pulumi state unprotect '{state.urn}'`",
                    urn,
                )
            steps.append(DeleteStep(run, state, planner.seen.deletes, replacing=True, pending_replacement=True))
        planner.seen.deletes.add(state.urn)
        planner.pending_deletes.add(id(state))
    run.ensure_provider(old.provider)
    if not old.pending_replacement:
        planner.seen.deletes.add(urn)
        steps.append(DeleteStep(run, old, planner.seen.deletes, replacing=True, pending_replacement=True))
    steps.append(ReplaceStep(run, old, new).because(diff))
    steps.append(CreateStep(run, reg, new, old).because(diff))
    return steps

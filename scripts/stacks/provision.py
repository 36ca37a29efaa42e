"""Makes the stacks of a plan as declared, or takes them down, side by side where they do not depend on each other."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from model import PlanError
from model.checks import not_built
from model.site_records import provisioning_order
from scripts.core.errors import BadInput, DrError
from scripts.runs.rows import storable
from scripts.stacks import topology_files

if TYPE_CHECKING:
    from model import Plan
    from scripts.stacks.changes import Changes
    from scripts.stacks.stacks import Stacks

Said = Callable[[str, str], Any]


def chosen(plan: Plan, names: Sequence[str]) -> list[str]:
    """
    The stacks that were named, each once; all without a name. Raises BadInput for one that the plan does not have.
    """
    for name in names:
        if name not in plan.stacks:
            raise BadInput(f"{name!r} is not a stack of {plan.system}", f"there is {', '.join(plan.stacks)}")
    return [stack for stack in plan.stacks if not names or stack in names]


def refuse_what_is_not_built(plan: Plan) -> None:
    """Raises PlanError with all of it: nothing is made of a plan that cannot be made whole."""
    mistakes = list(not_built(plan))
    if mistakes:
        raise PlanError(f"plan {plan.system}", mistakes)


def provision(stacks: Stacks, names: Sequence[str] = (), say: Said | None = None) -> dict[str, Changes]:
    """
    `up` of the named stacks (all without a name), wave by wave; what each site's stack records goes into the files of
    all stacks before the next wave. Returns the changes of each stack, of all its passes together. Raises PlanError for
    what no component builds, before anything is written, and the first error of a wave after it has ended.
    """
    plan = stacks.plan
    wanted = set(chosen(plan, names))
    refuse_what_is_not_built(plan)
    stacks.engine()
    _first_settings(stacks)
    done: dict[str, Changes] = {}
    recorded = True  # as long as nothing new is recorded, no stack needs to come a second time
    for wave in provisioning_order(plan):
        todo = [stack for stack in wave if stack in wanted and not (stack in done and recorded)]
        passed = _side_by_side(todo, stacks.up, say or (lambda _stack, _said: None))
        done |= {stack: done[stack].then(last) if stack in done else last for stack, last in passed.items()}
        for stack in todo:
            recorded = not stacks.write_record(stack) and recorded
    return done


def _first_settings(stacks: Stacks) -> None:
    """A stack that has no settings file yet gets one with the plan's topology."""
    stacks.write_topology(stacks.read_topology())
    bare = [
        stack
        for stack in stacks.plan.stacks
        if "dr:records" not in (topology_files.read_settings(stacks.project, stack).get("config") or {})
    ]
    topology_files.write_config(stacks.project, bare, {"dr:records": {}})


def take_down(
    stacks: Stacks, names: Sequence[str] = (), say: Said | None = None, *, given_up: Mapping[str, Sequence[str]]
) -> dict[str, Changes]:
    """
    Delete what the named stacks hold (all without a name): the switch of traffic first, the primary last.

    `given_up`: for a stack the URNs of what is deleted although it is protected or holds data. What of a stack stands
    in the way otherwise ends it with EngineFailed.
    """
    plan = stacks.plan
    wanted = chosen(plan, names)
    say = say or (lambda _stack, _said: None)

    def give_up(stack: str) -> Changes:
        return stacks.give_up(stack, given_up[stack])

    done: dict[str, Changes] = {}
    waves = [list(wave) for wave in provisioning_order(plan)]
    seen: set[str] = set()
    for wave in reversed(waves):
        first = plan.primary.stack
        todo = [
            stack for stack in wave if stack in wanted and stack not in seen and (stack != first or wave is waves[0])
        ]
        seen |= set(todo)
        _side_by_side([stack for stack in todo if given_up.get(stack)], give_up, say)
        done |= _side_by_side(todo, stacks.destroy, say)
    return done


def _side_by_side(names: Sequence[str], act: Callable[[str], Changes], say: Said) -> dict[str, Changes]:
    if not names:
        return {}
    done: dict[str, Changes] = {}
    errors: list[DrError] = []
    what = act.__name__.replace("_", " ")

    def one(stack: str) -> None:
        say(stack, f"{what} ...")
        try:
            done[stack] = act(stack)
        except Exception as error:  # noqa: BLE001  (the others of the wave go on; it is raised when they have ended)
            errors.append(storable(error))
            say(stack, f"{what} failed: {errors[-1].message}")
        else:
            counts = ", ".join(f"{number} {op}" for op, number in done[stack].counts.items())
            say(stack, f"{what} done: {counts or 'nothing to do'}")

    with ThreadPoolExecutor(len(names), thread_name_prefix="stack") as pool:
        list(pool.map(one, names))
    if errors:
        raise errors[0]
    return done

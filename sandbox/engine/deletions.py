"""What happens once the program has said all: deletions in their order, and refreshes."""

from sandbox.engine.deployment import Deployment, Graph
from sandbox.engine.errors import BailError
from sandbox.engine.executor import Executor
from sandbox.engine.planner import Planner
from sandbox.engine.reads import RefreshStep
from sandbox.engine.replacements import cascades, dependent_replacements
from sandbox.engine.state import State
from sandbox.engine.steps import DeleteStep, RemovePendingReplaceStep, SameStep, Step
from sandbox.engine.urns import Targets


class Deletions:
    """Plans the deletions of a run."""

    def __init__(self, run: Deployment, planner: Planner) -> None:
        self.run, self.planner = run, planner
        self.graph = Graph([*planner.to_delete, *run.base.resources])
        for state in run.base.resources:
            refreshed = planner.refreshed.get(id(state))
            if refreshed is not None:
                self.graph.alias(refreshed, state)

    def plan(self) -> tuple[list[Step], list[Step]]:
        """The steps that keep what is not a target, and the deletions."""
        run, planner, options = self.run, self.planner, self.run.options
        allowed = self._allowed() if options.targets else None
        forbidden = self._forbidden() if options.excludes and not options.targets else set()
        sames: list[Step] = []
        deletes: list[Step] = []
        for state in run.base.resources:
            wanted = state.urn in allowed if allowed is not None else state.urn not in forbidden
            if not wanted:
                if not planner.seen.operated_on(state.urn):
                    sames.append(SameStep(run, None, state, state.copy(id=""), untargeted=True))
                continue
            self._condemn(planner.refreshed.get(id(state), state), deletes)
        for state in planner.to_delete:
            wanted = state.urn in allowed if allowed is not None else state.urn not in forbidden
            if wanted:
                planner.seen.deletes.add(state.urn)
                deletes.append(DeleteStep(run, state, planner.seen.deletes))
        self._refuse_untargeted(deletes)
        return sames, deletes

    def _condemn(self, state: State, deletes: list[Step]) -> None:
        seen = self.planner.seen
        if state.delete:
            if id(state) in self.planner.pending_deletes:
                return
            seen.deletes.add(state.urn)
            deletes.append(DeleteStep(self.run, state, seen.deletes, replacing=True))
        elif not seen.operated_on(state.urn):
            seen.deletes.add(state.urn)
            if state.pending_replacement:
                deletes.append(RemovePendingReplaceStep(self.run, state))
            else:
                deletes.append(DeleteStep(self.run, state, seen.deletes))
        if state.urn in seen.deletes:
            self.run.ensure_provider(state.provider)

    def _refuse_untargeted(self, deletes: list[Step]) -> None:
        options, refused = self.run.options, False
        if not options.targets or options.target_dependents:
            return
        for step in deletes:
            if step.urn not in options.targets:
                self.run.reporter.error(
                    f"Resource '{step.urn}' will be destroyed but was not specified in --target list.\n"
                    "Either include resource in --target list or pass --target-dependents to proceed.",
                    step.urn,
                )
                self.planner.failed = refused = True
        if refused and not options.preview:
            message = "delete untargeted resource"
            raise BailError(message)

    def _allowed(self) -> set[str]:
        """The targets and what would have to go with them."""
        run, found = self.run, set[str]()
        todo = [s for s in run.base.resources if s.urn in run.options.targets]
        while todo:
            state = todo.pop(0)
            if state.urn not in found:
                found.add(state.urn)
                todo += self.graph.depending_on(state, found, children=True)
        allowed = set[str]()
        for urn in found:
            for state in run.all_olds.get(urn, ()):
                allowed.add(urn)
                allowed.update(s.urn for s, _ in dependent_replacements(run, self.planner, state))
                allowed.update(s.urn for s in cascades(run, urn))
        return allowed

    def _forbidden(self) -> set[str]:
        """The excluded, and what they need."""
        run, found = self.run, set[str]()
        todo = [s for s in run.base.resources if s.urn in run.options.excludes]
        while todo:
            state = todo.pop(0)
            if state.urn in found:
                continue
            found.add(state.urn)
            todo += [self.graph.resources[p] for p in self.graph.dependencies_of(state)]
            if run.options.exclude_dependents:
                todo += self.graph.depending_on(state, found, children=True)
        return found

    def levels(self, deletes: list[Step]) -> list[list[Step]]:
        """The deletions in groups: each group may go at once, and none before those that depend on it."""
        condemned = {self.graph.index[id(s.res)]: s for s in deletes}
        depth: dict[int, int] = {}
        for position in sorted(condemned):  # a resource stands after what it needs, so one pass is enough
            needs = self.graph.dependencies_of(condemned[position].res) & condemned.keys()
            depth[position] = 1 + max((depth[n] for n in needs), default=-1)
        groups: list[list[Step]] = [[] for _ in range(max(depth.values(), default=-1) + 1)]
        for position, level in depth.items():
            groups[level].append(condemned[position])
        return groups[::-1]

    def execute(self, executor: Executor, deletes: list[Step]) -> None:
        """Delete, sparing whatever something that could not be deleted still needs."""
        spared: set[int] = set()
        known: set[int] = set()
        for group in self.levels(deletes):
            if executor.stopped.is_set():
                return
            for step in list(executor.errored):
                if id(step) not in known:
                    known.add(id(step))
                    spared |= self._needed_by(step)
            executor.together(s for s in group if self.graph.index.get(id(s.res)) not in spared)

    def _needed_by(self, step: Step) -> set[int]:
        found: set[int] = set()
        for state in (step.res, step.old):
            if state is not None and state in self.graph:
                found |= self.graph.all_dependencies_of(state)
        return found


def refresh_steps(run: Deployment, planner: Planner | None = None) -> list[RefreshStep]:
    """What a refresh reads; with a planner, what the program that runs along has not seen to."""
    options, found = run.options, list[RefreshStep]()
    targets, excludes = options.targets.copy(), options.excludes.copy()
    for state in run.base.resources:
        if planner is not None and planner.seen.operated_on(state.urn):
            continue
        if _refreshed(state, options.target_dependents, options.exclude_dependents, targets, excludes):
            run.ensure_provider(state.provider)
            found.append(RefreshStep(run, state))
            if planner is not None:
                planner.seen.refreshes.add(state.urn)
    return found


def _refreshed(state: State, dependents: bool, excluded: bool, targets: Targets, excludes: Targets) -> bool:
    if excludes:
        if state.urn in excludes:
            return False
        if excluded and any(dep in excludes for dep in state.all_dependencies()):
            excludes.add(state.urn)
            return False
        return True
    if state.urn in targets:
        return True
    if dependents and any(dep in targets for dep in state.all_dependencies()):
        targets.add(state.urn)
        return True
    return False


def after_refresh(run: Deployment, steps: list[RefreshStep]) -> list[State]:
    """The resources as a refresh found them, without what is gone and without references to it."""
    by_state = {id(s.res): s for s in steps}
    kept: list[State] = []
    present: set[str] = set()
    for old in run.base.resources:
        step = by_state.get(id(old))
        state = step.new if step is not None else old
        if state is None:
            continue
        living = {k: [d for d in deps if d in present] for k, deps in state.property_dependencies.items()}
        living = {k: deps for k, deps in living.items() if deps}  # as the CLI does, which tells no empty ones apart
        gone = [d for d in state.all_dependencies() if d not in present]
        beside = step is not None and step.persisted  # what the program has said of it stays, where nothing is gone
        if gone or (living != state.property_dependencies and not beside):
            # in place: whoever has this state written already knows it by its identity
            state.dependencies = [d for d in state.dependencies if d in present]
            state.property_dependencies = living
            state.replace_with = [d for d in state.replace_with if d in present]
            state.deleted_with = state.deleted_with if state.deleted_with in present else ""
            state.parent = state.parent if state.parent in present else ""  # as the CLI does, which skips to nothing
            state.encoded = None
        kept.append(state)
        present.add(state.urn)
    return kept

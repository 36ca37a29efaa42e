"""One run of the engine: its options, the state it starts from and what all of its parts share."""

import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from sandbox.engine import urns
from sandbox.engine.errors import EngineError
from sandbox.engine.events import Reporter
from sandbox.engine.goals import Goal
from sandbox.engine.hooks import Hooks
from sandbox.engine.policies import Analyzer
from sandbox.engine.registry import Loaded, Registry
from sandbox.engine.state import Snapshot, State
from sandbox.engine.urns import Targets


@dataclass(slots=True)
class Options:
    """What a run is asked to do. `parallel` is how many operations may run at once; `debug` is to hear debug lines."""

    preview: bool = False
    parallel: int = 16
    refresh: bool = False
    refresh_only: bool = False
    run_program: bool = False
    destroy: bool = False
    targets: Targets = field(default_factory=Targets)
    excludes: Targets = field(default_factory=Targets)
    replace: Targets = field(default_factory=Targets)
    target_dependents: bool = False
    exclude_dependents: bool = False
    continue_on_error: bool = False
    ignore_protect: bool = False
    show_secrets: bool = False
    debug: bool = False

    @property
    def refresh_program(self) -> bool:
        return self.run_program and (self.refresh or self.refresh_only)

    @property
    def destroy_program(self) -> bool:
        return self.run_program and self.destroy


@dataclass(slots=True)
class Tally:
    """What a run has done so far: steps, and resources by operation. `corrupt`: an object may be in any state."""

    steps: int = 0
    changes: dict[str, int] = field(default_factory=dict)
    corrupt: bool = False


class Graph:
    """Who depends on whom among resources that stand in an order in which each comes after what it needs."""

    def __init__(self, resources: Iterable[State]) -> None:
        self.resources = list(resources)
        self.index = {id(r): i for i, r in enumerate(self.resources)}
        self.by_urn: dict[str, list[int]] = {}
        self._children: dict[str, list[int]] = {}
        for position, resource in enumerate(self.resources):
            self.by_urn.setdefault(resource.urn, []).append(position)
            if resource.parent:
                self._children.setdefault(resource.parent, []).append(position)

    def alias(self, new: State, old: State) -> None:
        if id(old) in self.index:
            self.index[id(new)] = self.index[id(old)]

    def __contains__(self, state: State) -> bool:
        return id(state) in self.index

    def depending_on(self, root: State, ignore: set[str], *, children: bool) -> list[State]:
        """What comes after `root` and needs it, directly or not; `ignore` holds URNs that are passed over."""
        start = self.index.get(id(root))
        if start is None:
            return []
        needed, found = {root.urn}, []
        for candidate in self.resources[start + 1 :]:
            if candidate.urn in ignore:
                continue
            needs = any(dep in needed for dep in candidate.all_dependencies(parent=children))
            if needs or candidate.provider_urn in needed:
                found.append(candidate)
                needed.add(candidate.urn)
        return found

    def descendants(self, urn: str) -> list[int]:
        found, todo = [], [urn]
        while todo:
            for position in self._children.get(todo.pop(), ()):
                found.append(position)
                todo.append(self.resources[position].urn)
        return found

    def dependencies_of(self, state: State) -> set[int]:
        """Positions of what must outlive a resource: what it needs, its parent, and the children of components."""
        limit = self.index[id(state)]
        wanted = {*state.all_dependencies(parent=False), state.provider_urn} - {""}
        found: set[int] = set()
        for urn in wanted:
            for position in self.by_urn.get(urn, ()):
                if position < limit:
                    found.add(position)
                    if not self.resources[position].custom:
                        found.update(p for p in self.descendants(urn) if p < limit)
        if state.parent:
            found.update(p for p in self.by_urn.get(state.parent, ()) if p < limit)
        return found

    def all_dependencies_of(self, state: State) -> set[int]:
        """The positions of everything that a resource needs, directly or not."""
        found: set[int] = set()
        todo = [state]
        while todo:
            current = todo.pop()
            if id(current) not in self.index:
                continue
            for urn in {*current.all_dependencies(), current.provider_urn} - {""}:
                for position in self.by_urn.get(urn, ()):
                    if position not in found and self.resources[position] is not state:
                        found.add(position)
                        todo.append(self.resources[position])
        return found


class Deployment:
    """The shared side of a run. `news` are the resources that this run has seen to, by URN."""

    def __init__(  # noqa: PLR0917
        self,
        project: str,
        stack: str,
        options: Options,
        reporter: Reporter,
        registry: Registry,
        base: Snapshot,
        hooks: Hooks,
        root: Path,
        analyzers: list[Analyzer],
    ) -> None:
        self.project, self.stack, self.options, self.reporter = project, stack, options, reporter
        self.registry, self.base, self.hooks, self.root = registry, base, hooks, root
        self.analyzers = analyzers
        self.news: dict[str, State] = {}
        self.reads: dict[str, State] = {}
        self.goals: dict[str, Goal] = {}
        self.post_errors: list[str] = []
        self.tally = Tally()
        self.lock = threading.RLock()
        self.olds: dict[str, State] = {}
        self.all_olds: dict[str, list[State]] = {}
        self.graph = Graph(())
        self.rebase(base.resources)

    def rebase(self, resources: list[State]) -> None:
        """Start from other resources, after a refresh."""
        self.base.resources = resources
        self.olds, self.all_olds = {}, {}
        for state in resources:
            self.all_olds.setdefault(state.urn, []).append(state)
            if not state.delete:
                if state.urn in self.olds:
                    message = f"unexpected duplicate resource '{state.urn}'"
                    raise EngineError(message)
                self.olds[state.urn] = state
        self.graph = Graph(resources)

    @property
    def stack_urn(self) -> str:
        return urns.make(self.stack, self.project, "", urns.STACK_TYPE, f"{self.project}-{self.stack}")

    def lookup(self, urn: str) -> State | None:
        return self.news.get(urn) or self.reads.get(urn)

    def provider(self, ref: str) -> Loaded:
        """The provider that a resource names. Raises EngineError when it is not there."""
        found = self.registry.get(urns.parse_ref(ref))
        if found is None:
            message = f"unknown provider '{ref}'"
            raise EngineError(message)
        return found

    def ensure_provider(self, ref: str) -> None:
        """Load and configure a provider as it stands in the state, unless it is there."""
        if not ref:
            return
        wanted = urns.parse_ref(ref)
        if self.registry.get(wanted) is not None:
            return
        for state in self.all_olds.get(wanted.urn, ()):
            if state.id == wanted.id:
                self.registry.same(state, from_check=False)
                return
        message = f"could not find provider {ref}"
        raise EngineError(message)

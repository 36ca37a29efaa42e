"""--target, --exclude and their dependents: what a run may touch, and what it must leave as it was."""

from typing import TYPE_CHECKING

from sandbox.engine import urns
from sandbox.engine.deployment import Deployment
from sandbox.engine.errors import BailError, EngineError
from sandbox.engine.goals import Registration
from sandbox.engine.state import State
from sandbox.engine.steps import SameStep, Step

if TYPE_CHECKING:
    from sandbox.engine.plans import Seen


class Targeting:
    """`skipped` are the URNs that the program wants and the run does not make."""

    def __init__(self, run: Deployment, seen: "Seen") -> None:
        self.run, self.seen, self.options = run, seen, run.options
        self.targets = run.options.targets.copy()
        self.excludes = run.options.excludes.copy()
        self.skipped: set[str] = set()
        self._queued: set[str] = set()
        self._pending: list[SameStep] = []

    # -- questions -----------------------------------------------------------------------------------------------------
    def _depends_on(self, state: State, chosen: urns.Targets) -> bool:
        return any(dep in chosen for dep in [*state.all_dependencies(), state.provider_urn] if dep)

    def targeted(self, state: State) -> bool:
        if self.options.targets and state.urn in self.options.targets:
            return True
        return self.options.target_dependents and self._depends_on(state, self.targets)

    def excluded(self, state: State) -> bool:
        if state.urn in self.options.excludes:
            return True
        return self.options.exclude_dependents and self._depends_on(state, self.excludes)

    def included(self, state: State) -> bool:
        """Whether the run may change this resource."""
        if self.options.targets:
            return self.targeted(state)
        if self.options.excludes:
            return not self.excluded(state)
        return True

    def note(self, urn: str, state: State, *, targeted: bool) -> None:
        """Remember a decision, for the dependents that come after."""
        if self.options.excludes and not targeted and self.excluded(state):
            self.excludes.add(urn)
        elif self.options.targets and targeted and self.targeted(state):
            self.targets.add(urn)

    def needs_skipped(self, state: State) -> bool:
        return any(dep in self.skipped for dep in [*state.all_dependencies(), state.provider_urn])

    # -- leaving things as they were -----------------------------------------------------------------------------------
    def leave(self, reg: Registration | None, urn: str, old: State) -> list[Step]:
        """Steps that keep a resource which is not a target, and before it what it needs."""
        if old.provider and self.run.registry.get(urns.parse_ref(old.provider)) is None:
            ref = urns.parse_ref(old.provider)
            known = self.run.olds.get(ref.urn)
            if known is None or known.id != ref.id:
                message = f"could not find provider {ref} in old state"
                raise EngineError(message)
            message = (
                f"provider {ref} for resource {urn} has not been registered yet, this is due to a change of providers "
                "mixed with --target. Change your program back to the original providers"
            )
            raise EngineError(message)
        return self._leave(reg, urn, old)

    def _leave(self, reg: Registration | None, urn: str, old: State) -> list[Step]:
        if old.delete:
            return []
        self.seen.urns.add(old.urn)
        self.seen.sames.update({urn, old.urn})
        steps: list[Step] = []
        if old.provider:
            ref = urns.parse_ref(old.provider)
            known = self.run.olds.get(ref.urn)
            fresh = not self.seen.has_step(ref.urn) and not self.seen.operated_on(ref.urn)
            if fresh and known is not None and known.id == ref.id:
                steps += self._leave(None, urn, known)
        for dep in old.all_dependencies():
            if self.seen.has_step(dep):
                continue
            known = self.run.olds.get(dep)
            if known is None:
                message = f"dependency {dep} of untargeted resource {urn} has no old state"
                raise BailError(message)
            steps += self._leave(None, urn, known)
        steps.append(SameStep(self.run, reg, old, old.copy(id=""), untargeted=True))
        return steps

    def queue_same(self, old: State) -> None:
        """Keep a resource of the state that a target needs and the program has not registered."""
        if old.urn not in self._queued:
            self._queued.add(old.urn)
            self._pending.append(SameStep(self.run, None, old, old.copy(id=""), untargeted=True))

    def queue_dependencies(self, new: State) -> None:
        if not self.options.targets:
            return
        for dep in new.all_dependencies():
            self._queue(dep)

    def _queue(self, urn: str) -> None:
        if not urn or self.seen.has_step(urn) or urn in self._queued:
            return
        old = self.run.olds.get(urn)
        if old is None or old.delete:
            return
        self._queued.add(urn)
        for dep in [old.provider_urn, *old.all_dependencies()]:
            self._queue(dep)
        self._pending.append(SameStep(self.run, None, old, old.copy(id=""), untargeted=True))

    def with_dependencies(self, steps: list[Step]) -> list[Step]:
        """The steps, after those that keep what they need."""
        first: list[Step] = []
        for step in self._pending:
            if not self.seen.has_step(step.urn) and not self.seen.operated_on(step.urn):
                self.seen.urns.add(step.urn)
                self.seen.sames.add(step.urn)
                first.append(step)
        self._pending.clear()
        return [*first, *steps]

    def refuse_missing(self, steps: list[Step]) -> bool:
        """Report steps that need what is not made. Raises BailError for that, except in a preview."""
        if not self.options.targets and not self.options.replace:
            return False
        refused = False
        for step in steps:
            if step.new is None or (isinstance(step, SameStep) and step.skipped_create):
                continue
            for dep in [*step.new.all_dependencies(), step.new.provider_urn]:
                if dep in self.skipped:
                    self.run.reporter.error(
                        f"Resource '{step.urn}' depends on '{dep}' which was was not specified in --target list.",
                        step.urn,
                    )
                    refused = True
                    if not self.options.preview:
                        message = "untargeted create"
                        raise BailError(message)
                    self.skipped.discard(dep)
        return refused

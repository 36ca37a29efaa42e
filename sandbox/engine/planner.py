"""Decides which steps a registration takes: same, create, update, replace, import or read."""

import os

from sandbox.engine import paths, urns
from sandbox.engine.deployment import Deployment
from sandbox.engine.errors import BailError, EngineError
from sandbox.engine.goals import Goal, Reading, Registration, urn_for
from sandbox.engine.plans import Plan, Seen, alias_urns, shown
from sandbox.engine.plugin import Diff, DiffUnavailableError, Failure, Plugin
from sandbox.engine.reads import ImportStep, ReadStep, RefreshStep
from sandbox.engine.registry import bare
from sandbox.engine.replacements import replace_on_changes, replacement
from sandbox.engine.state import State
from sandbox.engine.steps import CreateStep, ReplaceStep, SameStep, Step, UpdateStep, compare
from sandbox.engine.targeting import Targeting
from sandbox.engine.values import Map, copy, has_unknowns, plain, same


class Planner:
    """The planner of one run. It is asked one thing at a time: callers hold the executor's `turn`."""

    def __init__(self, run: Deployment) -> None:
        self.run = run
        self.seen = Seen()
        self.targeting = Targeting(run, self.seen)
        self.failed = False
        self.providers: dict[str, State] = {}
        self.pending_deletes: set[int] = set()
        self.dependent_keys: dict[str, list[str]] = {}
        self.to_delete: list[State] = []
        self.refreshed: dict[int, State] = {}
        self.refreshes: list[RefreshStep] = []  # those that went along with the program

    # -- the start of everything ---------------------------------------------------------------------------------------
    def bail(self, message: str, urn: str = "") -> BailError:
        """The error to raise once a message that ends the run has been reported."""
        self.run.reporter.error(message, urn)
        return BailError(message)

    def _new_urn(self, urn: str) -> str:
        if urn in self.seen.urns:
            raise self.bail(f"Duplicate resource URN '{urn}'; try giving it a unique name", urn)
        self.seen.urns.add(urn)
        return urn

    def _check_parent(self, parent: str) -> None:
        if parent and parent not in self.seen.urns:
            message = f"could not find parent resource {parent}"
            raise EngineError(message)

    def register(self, reg: Registration) -> Plan:
        """The steps of a registration. Raises BailError or EngineError when it cannot be."""
        goal, run = reg.goal, self.run
        self._check_parent(goal.parent)
        urn = self._new_urn(urn_for(goal, run.stack, run.project))
        old, invalid = self._old(urn, goal)
        run.goals[urn] = goal
        new = goal.state(urn, old)
        new.former_urn = self.seen.aliases.get(urn, "")
        if new.is_provider:
            self.providers[urn] = new
            if urn in self.seen.aliases:
                self.providers[self.seen.aliases[urn]] = new
        if old is not None and run.options.refresh_program and self.targeting.included(old):
            return self._refresh_first(reg, urn, old, new, invalid)
        return self._checked(self._after_refresh(reg, urn, old, new, invalid))

    def _refresh_first(self, reg: Registration, urn: str, old: State, new: State, invalid: bool) -> Plan:
        step = RefreshStep(self.run, old, new=new, persisted=True, hidden=not new.custom or new.is_provider)
        self.seen.refreshes.add(urn)

        def then(_: Step) -> Plan:
            state = step.new
            self.refreshes.append(step)
            if state is not None:
                self.run.graph.alias(state, old)
                self.refreshed[id(old)] = state
            return self._checked(self._after_refresh(reg, urn, state, new, invalid))

        return Plan([step], then)

    def _checked(self, plan: Plan) -> Plan:
        if plan.then is None:
            plan.steps = self.targeting.with_dependencies(plan.steps)
            if self.targeting.refuse_missing(plan.steps):
                self.failed = True
        return plan

    # -- aliases -------------------------------------------------------------------------------------------------------
    def _old(self, urn: str, goal: Goal) -> tuple[State | None, bool]:
        """The state that a resource had, under its name or an earlier one; and whether the names collide."""
        run, seen, invalid = self.run, self.seen, False
        if urn in seen.aliased:
            run.reporter.error(
                f"Duplicate resource URN '{urn}' conflicting with alias on resource with URN '{seen.aliased[urn]}'", urn
            )
            invalid = True
        for candidate in [urn, *alias_urns(seen, goal, run.stack, run.project)]:
            old = run.olds.get(candidate)
            if old is None:
                continue
            if candidate != urn:
                other = seen.aliased.get(candidate, urn if candidate in seen.urns else "")
                if other:
                    run.reporter.error(
                        f"Duplicate resource alias '{candidate}' applied to resource with URN '{urn}' conflicting with "
                        f"resource with URN '{other}'",
                        urn,
                    )
                    invalid = True
                seen.aliased[candidate], seen.aliases[urn] = urn, candidate
                run.registry.alias(urn, candidate)
            return old, invalid
        return None, invalid

    # -- check ---------------------------------------------------------------------------------------------------------
    def _manager(self, urn: str, goal: Goal) -> Plugin | None:
        if not goal.custom:
            return None
        if urns.is_provider_type(goal.type):
            return self.run.registry
        ref = urns.parse_ref(goal.provider)
        if ref.id == urns.DENIED:
            raise self.bail(urns.refusal(urns.package_of(urns.type_of(ref.urn)), urn), urn)
        found = self.run.registry.get(ref)
        if found is not None:
            return found
        old = self.run.olds.get(ref.urn)
        if old is None or old.id != ref.id:
            raise self.bail(f"unknown provider {goal.provider} for resource {urn}", urn)
        self.run.ensure_provider(goal.provider)
        self.targeting.queue_same(old)
        return self.run.provider(goal.provider)

    def _after_refresh(self, reg: Registration, urn: str, old: State | None, new: State, invalid: bool) -> Plan:
        goal, options = reg.goal, self.run.options
        owned = goal.custom and not urns.is_provider_type(goal.type)
        if options.refresh_only:
            skipped = self.targeting.needs_skipped(new)
            if owned or skipped:
                return self._left_alone(reg, urn, old, new)
        if options.destroy_program:
            plan = self._to_destroy(reg, urn, old, new, owned)
            if plan is not None:
                return plan
        manager = self._manager(urn, goal)
        recreating = urn in self.seen.deletes
        known_id = (old.import_id or old.id) if old is not None else ""
        if goal.custom and goal.id and (old is None or old.external or known_id != goal.id):
            return self._import(reg, urn, old, new, manager, invalid, recreating)
        return self._decide(reg, urn, old, new, manager, invalid, recreating)

    def _left_alone(self, reg: Registration, urn: str, old: State | None, new: State) -> Plan:
        """In a refresh the program's resources stay as they are; what is not there yet is not made."""
        if old is None:
            self.seen.sames.add(urn)
            self.targeting.skipped.add(urn)
            return Plan([SameStep(self.run, reg, new.copy(), new, skipped_create=True)])
        reg.done(old)
        return Plan([])

    def _to_destroy(self, reg: Registration, urn: str, old: State | None, new: State, owned: bool) -> Plan | None:
        if self.targeting.needs_skipped(new) or (owned and old is None):
            self.targeting.skipped.add(urn)
            if old is not None:
                new.outputs = old.outputs
            return Plan([SameStep(self.run, reg, new.copy(), new, skipped_create=True)])
        self.to_delete.append(new)
        if owned and old is not None:
            self.seen.sames.add(urn)
            new.inputs = old.inputs
            return Plan([SameStep(self.run, reg, old, new)])
        return None

    def _import(  # noqa: PLR0917
        self,
        reg: Registration,
        urn: str,
        old: State | None,
        new: State,
        manager: Plugin | None,
        invalid: bool,
        recreating: bool,
    ) -> Plan:
        self.seen.imports.add(urn)
        original = old if not recreating else None
        step = ImportStep(self.run, reg, new, original)

        def then(_: Step) -> Plan:
            imported = step.res
            fresh = reg.goal.state(urn, None)
            fresh.created, fresh.modified = imported.created, imported.modified
            fresh.replacement_trigger = None
            return self._checked(self._decide(reg, urn, imported, fresh, manager, invalid, recreating, imported=True))

        steps: list[Step] = [step]
        if original is not None:
            steps.append(ReplaceStep(self.run, original, new))
        return Plan(steps, then)

    def check(self, urn: str, manager: Plugin, olds: Map, news: Map, new: State) -> tuple[Map, bool]:
        """What a provider makes of the inputs, and whether it refuses them, which is then reported."""
        inputs, failures = manager.check(urn, olds, news, preview=self.run.options.preview, seed=os.urandom(32))
        return inputs, self._refused(urn, new, inputs, failures)

    def _refused(self, urn: str, new: State, inputs: Map, failures: list[Failure]) -> bool:
        for failure in failures:
            if failure.property:
                value = shown(new.inputs.get(failure.property, inputs.get(failure.property)))
                text = f"property {failure.property} value {value} has a problem: {failure.reason}"
            else:
                text = f"{failure.reason}"
            joint = ": " if failure.property else " has a problem: "
            self.run.reporter.error(f"{new.type} resource '{new.name}'{joint}{text}", urn)
        return bool(failures)

    def ignore_changes(self, urn: str, inputs: Map, old: Map, ignored: list[str]) -> Map:
        """The inputs with the old values where changes are to be ignored."""
        if not ignored:
            return inputs
        found: Map = copy(inputs)
        bad = [p for p in ignored if (path := paths.parsed(p)) and not paths.reset(path, copy(old), found)]
        if bad:
            listed = ", ".join(bad)
            self.run.reporter.info(f'cannot ignore changes in added or removed elements of the path: "{listed}"', urn)
        return found

    # -- the decision --------------------------------------------------------------------------------------------------
    def _decide(  # noqa: PLR0917
        self,
        reg: Registration,
        urn: str,
        old: State | None,
        new: State,
        manager: Plugin | None,
        invalid: bool,
        recreating: bool,
        *,
        imported: bool = False,
    ) -> Plan:
        goal, seen, run = reg.goal, self.seen, self.run
        implicit = new.is_provider or new.type == urns.STACK_TYPE
        targeted = implicit or self.targeting.included(new)
        external = old is not None and old.external
        if old is not None:
            new.inputs = self.ignore_changes(urn, new.inputs, old.inputs, goal.ignore_changes)
        if manager is not None:
            if not targeted:
                new.inputs = old.inputs if old is not None else {}
            else:
                fresh = recreating or external or old is None or self.forced(urn, old)
                olds: Map = {} if fresh or old is None else old.inputs
                checked, refused = self.check(urn, manager, olds, goal.properties if fresh else new.inputs, new)
                new.inputs, invalid = checked, invalid or refused
        if targeted:
            self.targeting.queue_dependencies(new)
        if self._analyzed(new, goal) or invalid:
            message = f"resource {urn} is invalid"
            raise BailError(message)
        if recreating and old is not None:
            return Plan(self._recreate(reg, old, new))
        if external and old is not None:
            seen.creates.add(urn)
            return Plan([CreateStep(run, reg, new, old, pending_delete=True), ReplaceStep(run, old, new)])
        self.targeting.note(urn, new, targeted=targeted)
        if old is None:
            if not targeted:
                seen.sames.add(urn)
                self.targeting.skipped.add(urn)
                return Plan([SameStep(run, reg, new.copy(), new, skipped_create=True)])
            seen.creates.add(urn)
            return Plan([CreateStep(run, reg, new)])
        if not targeted:
            return Plan(self.targeting.leave(reg, urn, old))
        return Plan(self._changes(reg, urn, old, new, manager))

    def _analyzed(self, new: State, goal: Goal) -> bool:
        """Run the policy packs; whether one of them forbids the resource."""
        forbidden = False
        for analyzer in self.run.analyzers:
            analyzer.remediate(new, goal, self.provider_state(new.provider))
        for analyzer in self.run.analyzers:
            failed = analyzer.analyze(new, goal, self.provider_state(new.provider))
            self.failed = self.failed or failed
            forbidden = forbidden or (failed and not self.run.options.preview)
        return forbidden

    def provider_state(self, ref: str) -> State | None:
        if not ref:
            return None
        urn = urns.parse_ref(ref).urn
        return self.providers.get(urn) or self.run.olds.get(urn)

    def forced(self, urn: str, old: State | None) -> bool:
        """Whether a resource is to be replaced whatever its provider says: by --replace, or because it is tainted."""
        replace = self.run.options.replace
        return bool(replace and urn in replace) or bool(old is not None and old.taint)

    def _recreate(self, reg: Registration, old: State, new: State) -> list[Step]:
        """Make anew what was deleted because something it depends on was deleted before its replacement."""
        self.seen.deletes.discard(new.urn)
        self.seen.replaces.add(new.urn)
        create = CreateStep(self.run, reg, new, old)
        create.keys = self.dependent_keys.get(new.urn, [])
        return [ReplaceStep(self.run, old, new), create]

    def _changes(self, reg: Registration, urn: str, old: State, new: State, manager: Plugin | None) -> list[Step]:
        goal, run = reg.goal, self.run
        trigger = self._triggered(urn, old, new)
        if trigger:
            diff = Diff(some=True)
        else:
            try:
                diff = self._diff(urn, old, new, manager, goal)
            except DiffUnavailableError as unavailable:
                run.reporter.warning(str(unavailable), urn)
                diff = Diff(some=True)
        diff = replace_on_changes(diff, goal.replace_on_changes, init_errors=bool(old.init_errors))
        if (diff.some and (diff.replace or trigger)) or old.pending_replacement:
            return replacement(self, reg, urn, old, new, manager, diff)
        if diff.some or old.init_errors:
            self.seen.updates.add(urn)
            return [
                UpdateStep(run, reg, old, new, goal.ignore_changes).because(Diff(None, [], diff.changed, diff.detailed))
            ]
        if urn in self.seen.imports:
            reg.done(old)
            return []
        self.seen.sames.add(urn)
        return [SameStep(run, reg, old, new)]

    def _triggered(self, urn: str, old: State, new: State) -> bool:
        before, after = plain(old.replacement_trigger), plain(new.replacement_trigger)
        if has_unknowns(after) and not self.run.options.preview:
            self.failed = True
            raise self.bail(f"replacement trigger contains unknowns for {urn}", urn)
        if has_unknowns(before) or has_unknowns(after):
            return True
        return before is not None and after is not None and not same(before, after)

    def _diff(self, urn: str, old: State, new: State, manager: Plugin | None, goal: Goal) -> Diff:
        if self.forced(urn, old):
            return Diff(some=True, replaces=["id"])
        if any(other in self.seen.replaces for other in new.replace_with):
            return Diff(some=True, replaces=["replaceWith"])
        if new.deleted_with and new.deleted_with in self.seen.replaces:
            return Diff(some=True, replaces=["deletedWith"])
        if self._provider_changed(old, new):
            return Diff(some=True, replaces=["provider"])
        if manager is None:
            return Diff(some=not same(old.inputs, new.inputs))
        return compare(self.run, manager, urn, old.id, old.inputs, old.outputs, new.inputs, goal.ignore_changes)

    def _provider_changed(self, old: State, new: State) -> bool:
        if old.provider == new.provider:
            return False
        if not old.provider or not new.provider:
            return True
        before, after = urns.parse_ref(old.provider), urns.parse_ref(new.provider)
        if self.seen.aliased.get(before.urn) == after.urn:
            return False
        provider = self.run.provider(new.provider)
        olds, news = self.run.olds.get(before.urn), self.providers.get(after.urn)
        if olds is None or news is None or not hasattr(provider, "diff_config"):
            return True
        return provider.diff_config(after.urn, bare(olds.inputs), olds.outputs, bare(news.inputs)).replace

    # -- reads ---------------------------------------------------------------------------------------------------------
    def read(self, reading: Reading) -> Plan:
        """The steps of a read."""
        goal, run = reading.goal, self.run
        self._check_parent(goal.parent)
        urn = self._new_urn(urn_for(goal, run.stack, run.project))
        if not goal.id:
            message = f"Expected an ID for {urn}"
            raise EngineError(message)
        old, new = run.olds.get(urn), goal.state(urn)
        if old is not None and not old.external and old.id != goal.id:
            self.seen.replaces.add(urn)
            return Plan([ReadStep(run, reading, old, new, replacing=True), ReplaceStep(run, old, new)])
        if run.options.destroy_program:
            self.to_delete.append(new)
        self.seen.reads.add(urn)
        return self._checked(Plan([ReadStep(run, reading, old, new)]))

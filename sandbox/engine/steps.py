"""The steps of a run: each does one thing to one resource.

`apply` returns what is to be called once the step has been written down, or None. It raises ProviderError (or
EngineError) when it failed; a step that failed after the object had come to exist sets `partial`.
"""

from collections.abc import Callable
from typing import Any

from sandbox.engine import urns
from sandbox.engine.deployment import Deployment
from sandbox.engine.errors import EngineError, ProviderError
from sandbox.engine.goals import Registration
from sandbox.engine.plugin import Diff, Plugin, Result, diff_values
from sandbox.engine.state import State, now
from sandbox.engine.values import Secret

After = Callable[[], None] | None
MAX_RETRIES = 100


class ProtectedError(EngineError):
    """The resource is protected."""

    def __init__(self, urn: str) -> None:
        super().__init__(
            f'resource "{urn}" cannot be deleted\nbecause it is protected. To unprotect the resource, either remove '
            "the `protect` flag from the resource in your Pulumi program and run `pulumi up`, or use the command:\n"
            f"`pulumi state unprotect '{urn}'`"
        )


class Step:
    """A step. `old` and `new` are the states before and after; `res` is the one that it is about."""

    logical = True
    untargeted = False

    def __init__(self, run: Deployment, op: str, old: State | None, new: State | None) -> None:
        self.run, self.op, self.old, self.new = run, op, old, new
        self.keys: list[str] = []
        self.diffs: list[str] = []
        self.detailed: dict[str, tuple[str, bool]] | None = None
        self.partial = False
        self.uncertain = False

    @property
    def res(self) -> State:
        found = self.new or self.old
        assert found is not None  # noqa: S101  # a step is about something
        return found

    @property
    def touched(self) -> tuple[State, ...]:
        """The states that the step may have changed."""
        return tuple(state for state in (self.old, self.new) if state is not None)

    @property
    def urn(self) -> str:
        return self.res.urn

    @property
    def type(self) -> str:
        return self.res.type

    @property
    def provider(self) -> str:
        return self.res.provider

    @property
    def internal(self) -> bool:
        """Whether the step is not counted: default providers are the engine's own."""
        return self.op == "remove-pending-replace" or urns.is_default_provider(self.urn)

    @property
    def pending(self) -> tuple[State, str] | None:
        """What is written down as begun before the step is applied."""
        return None

    def because(self, diff: Diff) -> "Step":
        self.keys, self.diffs, self.detailed = diff.replaces, diff.changed, diff.detailed
        return self

    def plugin(self) -> Plugin:
        if self.res.is_provider:
            return self.run.registry
        return self.run.provider(self.provider)

    def apply(self) -> After:
        raise NotImplementedError

    def fail(self) -> None:
        """Answer the program, where the run goes on in spite of the failure."""

    def skip(self) -> None:
        """Answer the program, where the step is left out because of another's failure."""

    def _hooks(self, kind: str, *, new: State | None, old: State | None, after: bool = False) -> None:
        owner = new or old
        assert owner is not None  # noqa: S101
        names = owner.hooks.get(kind, [])
        if names:
            self.run.hooks.run(self.run, names, kind, owner, new=new, old=old, after=after)

    def after_hooks(self, kind: str, *, new: State | None, old: State | None) -> None:
        """Hooks after the fact: the step stands, but the run fails."""
        try:
            self._hooks(kind, new=new, old=old, after=True)
        except ProviderError as error:
            self.run.reporter.error(str(error), self.urn)
            with self.run.lock:
                self.run.post_errors.append(str(error))

    def _retried(self, what: str, attempt: Callable[[], Result | None], *, new: State | None, old: State | None) -> Any:
        """Call the provider; ask the resource's error hooks whether to call it again when that fails."""
        owner = new or old
        assert owner is not None  # noqa: S101
        names = owner.hooks.get("OnError", [])
        failures: list[str] = []
        while True:
            try:
                result = attempt()
                error = result.partial if result is not None else None
                if error is None:
                    return result
            except ProviderError as failure:
                result, error = None, failure
            failures.insert(0, str(error))
            again = bool(names) and self.run.hooks.retry(self.run, names, owner, new, old, what, failures)
            if again and len(failures) < MAX_RETRIES:
                self.run.reporter.warning(
                    f"retrying {what} due to on-error hook request ({len(failures)}/{MAX_RETRIES})", self.urn
                )
                continue
            if again:
                self.run.reporter.warning(f"maximum number of error hook retries ({MAX_RETRIES}) reached", self.urn)
            if result is not None:
                return result
            raise error


class RegisteredStep(Step):
    """A step that answers a registration of the program."""

    def __init__(
        self, run: Deployment, op: str, reg: Registration | None, old: State | None, new: State | None
    ) -> None:
        super().__init__(run, op, old, new)
        self.reg = reg

    def _done(self) -> None:
        if self.reg is not None:
            self.reg.done(self.res)

    def fail(self) -> None:
        if self.reg is not None:
            self.reg.done(self.res, result="failed")

    def skip(self) -> None:
        if self.reg is not None:
            self.reg.done(self.res, result="skipped")


class SameStep(RegisteredStep):
    """Nothing changes but what the program says about the resource. `skipped_create`: it is not even made."""

    def __init__(
        self,
        run: Deployment,
        reg: Registration | None,
        old: State,
        new: State,
        *,
        untargeted: bool = False,
        skipped_create: bool = False,
    ) -> None:
        super().__init__(run, "same", reg, old, new)
        self.untargeted, self.skipped_create = untargeted, skipped_create

    def apply(self) -> After:
        old, new = self.old, self.new
        assert old is not None  # noqa: S101
        assert new is not None  # noqa: S101
        new.id, new.outputs = old.id, dict(old.outputs)
        if new.is_provider and not self.skipped_create and not self.untargeted:
            self.run.registry.same(new.copy(inputs=old.inputs), from_check=True)
        return self._done

    def _done(self) -> None:
        if self.reg is not None:
            self.reg.done(self.res, unknown=self.skipped_create)


class CreateStep(RegisteredStep):
    """Makes a resource, or its replacement beside or after the old one."""

    def __init__(
        self, run: Deployment, reg: Registration, new: State, old: State | None = None, *, pending_delete: bool = False
    ) -> None:
        super().__init__(run, "create" if old is None else "create-replacement", reg, old, new)
        self.pending_delete, self.logical = pending_delete, old is None

    @property
    def pending(self) -> tuple[State, str] | None:
        return self.res, "creating"

    def apply(self) -> After:
        new = self.res
        self._hooks("BeforeCreate", new=new, old=None)
        partial = None
        if new.custom:
            preview = self.run.options.preview
            timeout = new.custom_timeouts.get("create", 0.0)

            def create() -> Result:
                return self.plugin().create(new.urn, new.inputs, timeout=timeout, preview=preview)

            result = self._retried("create", create, new=new, old=None)
            new.id, new.outputs = result.id, result.outputs or {}
            new.init_errors, partial = result.init_errors, result.partial
        new.created = new.modified = now()
        if self.old is not None and self.pending_delete:
            self.old.delete = True
        if partial is not None:
            self.partial = True
            raise partial
        if new.custom:
            self.after_hooks("AfterCreate", new=new, old=None)
        return self._done


class UpdateStep(RegisteredStep):
    """Changes a resource in place."""

    def __init__(self, run: Deployment, reg: Registration, old: State, new: State, ignore: list[str]) -> None:
        super().__init__(run, "update", reg, old, new)
        self.ignore = ignore

    @property
    def pending(self) -> tuple[State, str] | None:
        return self.res, "updating"

    def apply(self) -> After:
        old, new = self.old, self.res
        assert old is not None  # noqa: S101
        new.id, new.created, new.modified = old.id, old.created, old.modified
        self._hooks("BeforeUpdate", new=new, old=old)
        partial = None
        if new.custom:
            preview = self.run.options.preview
            timeout = new.custom_timeouts.get("update", 0.0)

            def update() -> Result:
                return self.plugin().update(old, new, timeout=timeout, ignore=self.ignore, preview=preview)

            result = self._retried("update", update, new=new, old=old)
            new.outputs, new.init_errors, partial = result.outputs or {}, result.init_errors, result.partial
            new.modified = now()
        if partial is not None:
            self.partial = True
            raise partial
        if old.custom:
            self.after_hooks("AfterUpdate", new=new, old=old)
        return self._done

    def keep_old_inputs(self) -> None:
        """After an update that left the object half made, the next run must see a difference."""
        if self.old is not None:
            self.res.inputs = dict(self.old.inputs)


class ReplaceStep(Step):
    """Says that a replacement takes place; does nothing itself."""

    def __init__(self, run: Deployment, old: State, new: State) -> None:
        super().__init__(run, "replace", old, new)

    def apply(self) -> After:
        return None


class DeleteStep(Step):
    """Deletes a resource. `deletions` are the URNs that this run deletes."""

    def __init__(
        self,
        run: Deployment,
        old: State,
        deletions: set[str],
        *,
        replacing: bool = False,
        pending_replacement: bool = False,
    ) -> None:
        kinds = ("discard", "discard-replaced") if old.external else ("delete", "delete-replaced")
        super().__init__(run, kinds[replacing], old, None)
        self.deletions, self.replacing, self.pending_replacement = deletions, replacing, pending_replacement
        self.logical = not replacing

    @property
    def pending(self) -> tuple[State, str] | None:
        return self.res, "deleting"

    def apply(self) -> After:
        old, options = self.res, self.run.options
        self._hooks("BeforeDelete", new=None, old=old)
        if not self.replacing and old.protect and not options.ignore_protect:
            raise ProtectedError(old.urn)
        spared = old.external or old.retain_on_delete or old.deleted_with in self.deletions
        if not options.preview and old.custom and not spared:

            def delete() -> None:
                self.plugin().delete(old, timeout=old.custom_timeouts.get("delete", 0.0))

            self._retried("delete", delete, new=None, old=old)
        if self.pending_replacement:
            old.pending_replacement = True
        self.after_hooks("AfterDelete", new=None, old=old)
        return None


class RemovePendingReplaceStep(Step):
    """Forgets a resource that an earlier run deleted in order to replace it."""

    logical = False

    def __init__(self, run: Deployment, old: State) -> None:
        super().__init__(run, "remove-pending-replace", old, None)

    def apply(self) -> After:
        return None


def compare(  # noqa: PLR0917
    run: Deployment,
    plugin: Plugin,
    urn: str,
    ident: str,
    old_inputs: Any,
    old_outputs: Any,
    new_inputs: Any,
    ignore: list[str],
    *,
    preview: bool | None = None,
) -> Diff:
    """The provider's diff; the engine's own where the provider leaves it to the engine."""
    diff = plugin.diff(
        urn,
        ident,
        old_inputs,
        old_outputs,
        new_inputs,
        ignore=ignore,
        preview=run.options.preview if preview is None else preview,
    )
    return diff_values(old_inputs, new_inputs) if diff.some is None else diff


def hide_secrets(state: State) -> None:
    """Make secret the outputs that were secret as inputs, or that the program calls secret."""
    for key in state.additional_secret_outputs:
        if key in state.outputs and type(state.outputs[key]) is not Secret:
            state.outputs[key] = Secret(state.outputs[key])
    for key, value in state.inputs.items():
        if type(value) is Secret and key in state.outputs and type(state.outputs[key]) is not Secret:
            state.outputs[key] = Secret(state.outputs[key])

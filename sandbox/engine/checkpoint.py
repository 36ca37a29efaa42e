"""The stack's checkpoint during a run: what is done, what is left as it was, and what has begun.

Before a provider is asked to do something, the checkpoint on disk says so; docs/decisions/engine-checkpoints.md tells
why this costs little. Each write is the whole state, and threads that ask for a write while another writes share the
next one.
"""

import threading
from collections.abc import Callable

from sandbox.engine.document import Pages, operation, parts
from sandbox.engine.errors import EngineError
from sandbox.engine.passphrase import Crypter
from sandbox.engine.reads import ImportStep, ReadStep, RefreshStep
from sandbox.engine.state import Operation, Snapshot, State
from sandbox.engine.steps import (
    CreateStep,
    DeleteStep,
    RemovePendingReplaceStep,
    ReplaceStep,
    SameStep,
    Step,
    UpdateStep,
)
from sandbox.engine.values import same


class Round:
    """A write, and those that wait for it. The first that asks for it does it."""

    def __init__(self) -> None:
        self.taken = False
        self.done = threading.Event()
        self.failure = ""


class Checkpoint:
    """Follows the steps of a run and writes the state. `write` puts the pieces of a file where it belongs."""

    def __init__(self, base: Snapshot, stack: str, crypter: Crypter, write: Callable[[list[bytes]], None]) -> None:
        self.base, self._stack, self._crypter, self._put = base, stack, crypter, write
        self._renamed: dict[str, str] = {}  # by the URN before
        self._users: dict[str, list[State]] | None = None  # who refers to a URN, once that is needed
        self._news = Pages(crypter, renamed=self._renamed)
        self._olds, self._listed = Pages(crypter), list[State]()  # the list that the pages were made of
        self._done: set[int] = set()
        self._operations: dict[int, str] = {}
        self._kept = [operation(o, crypter) for o in base.pending if o.type == "creating"]
        self._lock = threading.Lock()  # all of the above
        self._next = Round()
        self._rounds = threading.Lock()  # which round comes next
        self._writing = threading.Lock()

    # -- writing -------------------------------------------------------------------------------------------------------
    def write(self) -> None:
        """Return when the state as of now is on disk. Raises EngineError to all that waited when it is not."""
        with self._rounds:
            mine, leads = self._next, not self._next.taken
            mine.taken = True
        if leads:
            self._lead(mine)
        else:
            mine.done.wait()
        if mine.failure:
            raise EngineError(mine.failure)

    def _lead(self, mine: Round) -> None:
        with self._writing:
            with self._rounds:
                self._next = Round()  # who asks from now on needs a later write
            try:
                self._put(self.final())
            except Exception as error:  # noqa: BLE001  # told to each that waits
                mine.failure = f"the state cannot be written: {error}"
            finally:
                mine.done.set()

    def final(self) -> list[bytes]:
        """The file as of now. JSON is made under the lock, so none is kept that has become old."""
        with self._lock:
            if self._listed is not self.base.resources:  # a refresh has given the run other resources
                self._listed = self.base.resources
                for state in self._listed:
                    self._news.changed(state)  # the refresh may have cut what it referred to
                left = [s for s in self._listed if id(s) not in self._done and s not in self._news]
                self._olds = Pages(self._crypter, left, self._renamed)
            return parts((self._news, self._olds), [*self._operations.values(), *self._kept], self.base, self._stack)

    # -- following steps -----------------------------------------------------------------------------------------------
    def begin(self, step: Step) -> None:
        """Note, and write, that a step begins."""
        pending = step.pending
        if pending is not None:
            with self._lock:
                self._operations[id(step)] = operation(Operation(*pending), self._crypter, self._renamed)
            self.write()

    def end(self, step: Step, *, successful: bool) -> None:
        """Note what a step has done, and write it where it changed anything."""
        with self._lock:
            self._operations.pop(id(step), None)
            must_write = self._follow(step) if successful else step.pending is not None
            if not isinstance(step, SameStep):
                for state in step.touched:
                    self._changed(state)
        if must_write:
            self.write()

    def outputs(self, step: Step) -> None:
        """Note new outputs of a component or of the stack."""
        with self._lock:
            self._changed(step.res)
        old = step.old
        if old is None or not same(old.outputs, step.res.outputs):
            self.write()

    def _changed(self, state: State) -> None:
        self._news.changed(state)
        self._olds.changed(state)

    def _finish(self, state: State) -> None:
        """Leave out a state from now on."""
        self._done.add(id(state))
        self._news.remove(state)
        self._olds.remove(state)

    def _rename(self, state: State) -> None:
        """Let all that refer to a resource by the URN that it had follow it to its new one."""
        self._renamed[state.former_urn] = state.urn
        if self._users is None:
            self._users = {}
            for user in self.base.resources:
                for urn in {*user.all_dependencies(), user.provider_urn}:
                    self._users.setdefault(urn, []).append(user)
        for user in self._users.get(state.former_urn, ()):
            self._changed(user)

    def _follow(self, step: Step) -> bool:
        """Take over what a step has done; whether it has to be written."""
        old, new = step.old, step.new
        if new is not None and new.former_urn and new.former_urn not in self._renamed:
            self._rename(new)
        if isinstance(step, SameStep):
            assert old is not None  # noqa: S101
            assert new is not None  # noqa: S101
            self._finish(old)
            if step.skipped_create:
                return False
            self._news.append(new)
            return _matters(old, new)
        if isinstance(step, CreateStep):
            self._news.append(step.res)
            if old is not None and old.pending_replacement:
                self._finish(old)
        elif isinstance(step, (UpdateStep, ReadStep)):
            if old is not None:
                self._finish(old)
            self._news.append(step.res)
        elif isinstance(step, DeleteStep):
            if not step.res.pending_replacement:
                self._finish(step.res)
        elif isinstance(step, RemovePendingReplaceStep):
            self._finish(step.res)
        elif isinstance(step, ImportStep):
            self._news.append(step.res)
        elif isinstance(step, RefreshStep):
            if not step.persisted:
                return False
            self._finish(step.res)
            if new is not None:
                self._news.append(new)
        elif isinstance(step, ReplaceStep):
            return False
        return True


def _matters(old: State, new: State) -> bool:
    """Whether a `same` step changed what a later run relies on; the rest is written at the end."""
    return not (
        old.urn == new.urn
        and old.type == new.type
        and old.provider == new.provider
        and old.parent == new.parent
        and old.protect == new.protect
        and old.retain_on_delete == new.retain_on_delete
        and old.deleted_with == new.deleted_with
        and old.replace_with == new.replace_with
        and old.custom_timeouts == new.custom_timeouts
        and old.hooks == new.hooks
        and sorted(old.dependencies) == sorted(new.dependencies)
        and same(old.inputs, new.inputs)
        and same(old.outputs, new.outputs)
        and same(old.replacement_trigger, new.replacement_trigger)
    )

"""The stack's checkpoint during a run: what is done, what is left as it was, and what has begun.

Before a provider is asked to do something, the checkpoint on disk says so; docs/decisions/engine-checkpoints.md tells
why this costs little. Each write is the whole state. It is put together from the JSON of each resource, which is made
once, and threads that ask for a write while another writes share the next one.
"""

import hashlib
import json
import threading
from collections.abc import Callable
from typing import Any

from sandbox.engine.passphrase import Crypter
from sandbox.engine.reads import ImportStep, ReadStep, RefreshStep
from sandbox.engine.state import Operation, Snapshot, State, now, resource_json
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

Json = Any
VERSION = "v3.260.0"
MAGIC = hashlib.sha256(VERSION.encode()).hexdigest()


def dumps(value: Json) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def manifest() -> dict[str, Json]:
    return {"time": now(), "magic": MAGIC, "version": VERSION}


def encoded(state: State, crypter: Crypter) -> str:
    if state.encoded is None:
        state.encoded = dumps(resource_json(state, crypter.seal))
    return state.encoded


def features_of(snapshot: Snapshot) -> list[str]:
    """What a reader must understand beyond version 3."""
    found = set()
    for state in snapshot.resources:
        found |= {
            name
            for name, used in (
                ("hooks", state.hooks),
                ("replaceWith", state.replace_with),
                ("taint", state.taint),
                ("refreshBeforeUpdate", state.refresh_before_update),
                ("views", "viewOf" in state.extra),
            )
            if used
        }
    return sorted(found)


def document(snapshot: Snapshot, stack: str, crypter: Crypter) -> bytes:
    """The checkpoint file of a state; `stack` is its full name."""
    features = features_of(snapshot)
    version = '{"version":4,"features":' + dumps(features) if features else '{"version":3'
    parts = [version, ',"checkpoint":{"stack":', dumps(stack), ',"latest":{"manifest":', dumps(manifest())]
    if snapshot.secrets_provider:
        parts += [',"secrets_providers":', dumps(snapshot.secrets_provider)]
    if snapshot.resources:
        parts += [',"resources":[', ",".join([encoded(r, crypter) for r in snapshot.resources]), "]"]
    if snapshot.pending:
        # what is being worked on changes under our hands, so its JSON is not kept
        pending = [
            f'{{"resource":{dumps(resource_json(o.resource, crypter.seal))},"type":"{o.type}"}}'
            for o in snapshot.pending
        ]
        parts += [',"pending_operations":[', ",".join(pending), "]"]
    parts += [',"metadata":', dumps(snapshot.metadata)]
    for key, value in snapshot.extra.items():
        parts += [",", dumps(key), ":", dumps(value)]
    parts.append("}}}")
    return "".join(parts).encode()


class Checkpoint:
    """Follows the steps of a run and writes the state. `write` puts a document where it belongs."""

    def __init__(self, base: Snapshot, stack: str, crypter: Crypter, write: Callable[[bytes], None]) -> None:
        self.base, self._stack, self._crypter, self._put = base, stack, crypter, write
        self._news: list[State] = []
        self._done: set[int] = set()
        self._operations: dict[int, Operation] = {}
        self._kept = [o for o in base.pending if o.type == "creating"]
        self._lock = threading.Lock()  # the lists above
        self._turn = threading.Condition()  # who writes
        self._asked = self._written = 0
        self._writing = False

    # -- writing -------------------------------------------------------------------------------------------------------
    def snapshot(self) -> Snapshot:
        resources = [r for r in self._news if id(r) not in self._done]
        resources += [r for r in self.base.resources if id(r) not in self._done]
        pending = [*self._operations.values(), *self._kept]
        return Snapshot(resources, pending, self.base.metadata, self.base.secrets_provider, self.base.extra)

    def write(self) -> None:
        """Return when the state as of now is on disk. One thread writes for all that wait."""
        with self._turn:
            self._asked += 1
            mine = self._asked
            while self._written < mine and self._writing:
                self._turn.wait()
            if self._written >= mine:
                return
            self._writing, upto = True, self._asked
        try:
            self._put(self.final())
        finally:
            with self._turn:
                self._writing, self._written = False, max(self._written, upto)
                self._turn.notify_all()

    def final(self) -> bytes:
        """The document of the state as it is now. JSON is made under the lock, so none is kept that has become old."""
        with self._lock:
            return document(self.snapshot(), self._stack, self._crypter)

    # -- following steps -----------------------------------------------------------------------------------------------
    def begin(self, step: Step) -> None:
        """Note, and write, that a step begins."""
        pending = step.pending
        if pending is not None:
            with self._lock:
                self._operations[id(step)] = Operation(*pending)
            self.write()

    def end(self, step: Step, *, successful: bool) -> None:
        """Note what a step has done, and write it where it changed anything."""
        with self._lock:
            self._operations.pop(id(step), None)
            must_write = _follow(step, self._done, self._news) if successful else step.pending is not None
            for state in (step.old, step.new):
                if state is not None and not isinstance(step, SameStep):
                    state.encoded = None
        if must_write:
            self.write()

    def outputs(self, step: Step) -> None:
        """Note new outputs of a component or of the stack."""
        with self._lock:
            step.res.encoded = None
        old = step.old
        if old is None or not same(old.outputs, step.res.outputs):
            self.write()


def _follow(step: Step, done: set[int], news: list[State]) -> bool:
    old, new = step.old, step.new
    if isinstance(step, SameStep):
        assert old is not None  # noqa: S101
        assert new is not None  # noqa: S101
        done.add(id(old))
        if step.skipped_create:
            return False
        news.append(new)
        return _matters(old, new)
    if isinstance(step, CreateStep):
        news.append(step.res)
        if old is not None and old.pending_replacement:
            done.add(id(old))
    elif isinstance(step, (UpdateStep, ReadStep)):
        if old is not None:
            done.add(id(old))
        news.append(step.res)
    elif isinstance(step, DeleteStep):
        if not step.res.pending_replacement:
            done.add(id(step.res))
    elif isinstance(step, RemovePendingReplaceStep):
        done.add(id(step.res))
    elif isinstance(step, ImportStep):
        news.append(step.res)
    elif isinstance(step, RefreshStep):
        if not step.persisted:
            return False
        done.add(id(step.res))
        if new is not None:
            news.append(new)
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

"""Engine events: one for each thing that happens, as the CLI writes them with --event-log."""

import contextlib
import queue
import re
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

import grpc
from pulumi.runtime.proto import events_pb2, events_pb2_grpc

from sandbox.engine import gojson
from sandbox.engine.provider import CHANNEL_OPTIONS
from sandbox.engine.state import State, to_json
from sandbox.engine.urns import is_default_provider
from sandbox.engine.values import ASSET_SIG, Asset, Map, Secret, Value

Json = Any


class StepView(Protocol):
    """What an event says of a step."""

    op: str
    old: State | None
    new: State | None
    keys: list[str]
    diffs: list[str]
    detailed: dict[str, tuple[str, bool]] | None

    @property
    def urn(self) -> str: ...
    @property
    def type(self) -> str: ...
    @property
    def provider(self) -> str: ...
    @property
    def logical(self) -> bool: ...
    @property
    def internal(self) -> bool: ...


class Listener(Protocol):
    """Whoever follows a run. `wants_states` is asked for the whole states of resources, which cost time."""

    wants_states: bool

    def event(self, kind: str, body: dict[str, Json], step: StepView | None) -> None: ...

    def close(self) -> None: ...


_COLOURS = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


class Filter:
    """Hides the secrets of the configuration in whatever is told to anybody."""

    def __init__(self) -> None:
        self._secrets: list[str] = []

    def add(self, secrets: list[str]) -> None:
        self._secrets += [s for s in secrets if len(s) >= 3]
        self._secrets.sort(key=len, reverse=True)

    def text(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, "[secret]")
        return text

    def value(self, value: Value) -> Value:
        kind = type(value)
        if kind is str:
            return self.text(value) if self._secrets else value
        if kind is dict:
            return {k: self.value(v) for k, v in value.items()}
        if kind is list:
            return [self.value(v) for v in value]
        if kind is Secret:
            return Secret("[secret]", "[secret]")
        if kind is Asset:
            return _elided(value)
        return value


def _elided(asset: Asset) -> Asset:
    fields = dict(asset.fields)
    if asset.sig == ASSET_SIG and "text" in fields:
        fields = {"hash": asset.hash, "text": "<contents elided>"}
    if "assets" in fields:
        fields["assets"] = {k: _elided(v) for k, v in fields["assets"].items()}
    return Asset(asset.sig, fields)


class Reporter:
    """Tells listeners what happens in one run, in one order."""

    def __init__(self, listeners: list[Listener], *, preview: bool) -> None:
        self.listeners, self.preview = listeners, preview
        self.filter = Filter()
        self._lock = threading.RLock()
        self._states = any(listener.wants_states for listener in listeners)

    def _emit(self, kind: str, body: dict[str, Json], step: StepView | None = None) -> None:
        with self._lock:
            for listener in self.listeners:
                listener.event(kind, body, step)

    def prelude(self, config: dict[str, str]) -> None:
        self._emit("preludeEvent", {"config": config})

    def cancel(self) -> None:
        self._emit("cancelEvent", {})

    def policy_load(self) -> None:
        self._emit("policyLoadEvent", {})

    def diagnostic(
        self, severity: str, message: str, urn: str = "", *, stream: int = 0, ephemeral: bool = False
    ) -> None:
        prefix = "" if severity.startswith("info") else f"{severity}: "
        body: dict[str, Json] = {"urn": urn} if urn else {}
        if prefix:
            body["prefix"] = prefix
        body |= {"message": self.filter.text(_COLOURS.sub("", message)) + "\n", "color": "never", "severity": severity}
        if stream:
            body["streamID"] = stream
        if ephemeral:
            body["ephemeral"] = True
        self._emit("diagnosticEvent", body)

    def error(self, message: str, urn: str = "") -> None:
        self.diagnostic("error", message, urn)

    def warning(self, message: str, urn: str = "") -> None:
        self.diagnostic("warning", message, urn)

    def info(self, message: str, urn: str = "") -> None:
        self.diagnostic("info", message, urn)

    def pre(self, step: StepView) -> None:
        self._emit("resourcePreEvent", self._about(step, step.op), step)

    def outputs(self, step: StepView, op: str) -> None:
        self._emit("resOutputsEvent", self._about(step, op), step)

    def failed(self, step: StepView, status: int, steps: int) -> None:
        body = self._about(step, step.op)
        body.pop("planning", None)
        self._emit("resOpFailedEvent", {**body, "status": status, "steps": steps}, step)

    def policy(self, kind: str, body: dict[str, Json]) -> None:
        self._emit(kind, body)

    def summary(
        self, changes: dict[str, int], seconds: float, result: str, packs: dict[str, str], *, corrupt: bool
    ) -> None:
        body = {
            "maybeCorrupt": corrupt,
            "durationSeconds": int(seconds) + (seconds > int(seconds)),
            "resourceChanges": changes,
            "PolicyPacks": packs,
            "isPreview": self.preview,
            "result": result,
        }
        self._emit("summaryEvent", body)

    def _about(self, step: StepView, op: str) -> dict[str, Json]:
        metadata: dict[str, Json] = {"op": op, "urn": step.urn, "type": step.type}
        if self._states:
            metadata["old"] = self._state(step.old)
            metadata["new"] = self._state(step.new)
        if step.keys:
            metadata["keys"] = step.keys
        if step.diffs:
            metadata["diffs"] = step.diffs
        metadata["detailedDiff"] = step.detailed and {
            k: {"diffKind": kind, "inputDiff": own} for k, (kind, own) in step.detailed.items()
        }
        if step.logical:
            metadata["logical"] = True
        metadata["provider"] = step.provider
        body: dict[str, Json] = {"metadata": metadata}
        if self.preview:
            body["planning"] = True
        return body

    def _state(self, state: State | None) -> Json:
        if state is None:
            return None
        found: dict[str, Json] = {"type": state.type, "urn": state.urn}
        if state.custom:
            found["custom"] = True
        if state.delete:
            found["delete"] = True
        found |= {"id": state.id, "parent": state.parent}
        for key, flag in (
            ("protect", state.protect),
            ("taint", state.taint),
            ("external", state.external),
            ("retainOnDelete", state.retain_on_delete),
        ):
            if flag:
                found[key] = True
        found["inputs"] = self.map(state.inputs)
        found["outputs"] = self.map(state.outputs)
        found["provider"] = state.provider
        if state.init_errors:
            found["initErrors"] = state.init_errors
        if state.hide_diff:
            found["hideDiffs"] = state.hide_diff
        return found

    def map(self, values: Map) -> Json:
        """Values as events show them: secrets hidden."""
        return to_json(self.filter.value(values), lambda s: s.sealed or "[secret]")


# -- listeners ---------------------------------------------------------------------------------------------------------
class _Stream:
    """Gives each event its place and time."""

    wants_states = True

    def __init__(self, put: Callable[[str], None]) -> None:
        self._put, self._sequence = put, 0

    def event(self, kind: str, body: dict[str, Json], step: StepView | None) -> None:
        del step
        whole = {"sequence": self._sequence, "timestamp": int(time.time()), kind: body}
        self._sequence += 1
        self._put(gojson.compact(whole))

    def close(self) -> None:
        pass


class JsonLines(_Stream):
    """Writes events one a line, without those about the engine's own resources: `up --json`."""

    def event(self, kind: str, body: dict[str, Json], step: StepView | None) -> None:
        if step is None or not is_default_provider(step.urn):
            super().event(kind, body, step)


class FileLog(_Stream):
    """Writes events to a file, one a line."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("w", encoding="utf-8")
        super().__init__(self._line)

    def _line(self, text: str) -> None:
        self._file.write(text + "\n")
        self._file.flush()

    def close(self) -> None:
        self._file.close()


class GrpcLog(_Stream):
    """Streams events to the Automation API, which listens at `tcp://ADDRESS`."""

    def __init__(self, address: str) -> None:
        self._queue: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        super().__init__(self._queue.put)
        self._channel = grpc.insecure_channel(address, options=CHANNEL_OPTIONS)
        self._thread = threading.Thread(target=self._send, name="engine-events", daemon=True)
        self._thread.start()

    def _requests(self) -> Iterator[Any]:
        while (text := self._queue.get()) is not None:
            yield events_pb2.EventRequest(event=text)

    def _send(self) -> None:
        with contextlib.suppress(grpc.RpcError):  # when the listener has gone, the run goes on
            events_pb2_grpc.EventsStub(self._channel).StreamEvents(self._requests())

    def close(self) -> None:
        self._queue.put(None)
        self._thread.join(timeout=30)
        self._channel.close()


def event_log(target: str) -> Listener:
    """The listener that --event-log names: a file, or `tcp://ADDRESS`."""
    return GrpcLog(target.removeprefix("tcp://")) if target.startswith("tcp://") else FileLog(Path(target))

"""Callbacks into the running program: resource hooks, error hooks and transforms."""

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import grpc
from pulumi.runtime.proto import callback_pb2, callback_pb2_grpc, resource_pb2

from sandbox.engine.errors import ProviderError
from sandbox.engine.provider import CHANNEL_OPTIONS
from sandbox.engine.state import State
from sandbox.engine.wire import Writer

if TYPE_CHECKING:
    from sandbox.engine.deployment import Deployment

FULL = Writer(unknowns=True, secrets=True, resources=True, outputs=True)
KINDS = ("BeforeCreate", "AfterCreate", "BeforeUpdate", "AfterUpdate", "BeforeDelete", "AfterDelete", "OnError")
FIELDS = ("before_create", "after_create", "before_update", "after_update", "before_delete", "after_delete", "on_error")


class Callbacks:
    """Calls the functions that the program offers, by address and token."""

    def __init__(self) -> None:
        self._channels: dict[str, Any] = {}
        self._lock = threading.Lock()

    def call(self, callback: Any, request: Any) -> bytes:
        """Invoke a callback. Raises ProviderError with what the program answered."""
        with self._lock:
            channel = self._channels.get(callback.target)
            if channel is None:
                channel = self._channels[callback.target] = grpc.insecure_channel(
                    callback.target, options=CHANNEL_OPTIONS
                )
        message = callback_pb2.CallbackInvokeRequest(token=callback.token, request=request.SerializeToString())
        try:
            return bytes(callback_pb2_grpc.CallbacksStub(channel).Invoke(message).response)
        except grpc.RpcError as error:
            code = "".join(part.title() for part in error.code().name.split("_"))
            text = f"rpc error: code = {code} desc = {error.details()}"
            raise ProviderError(text) from error

    def close(self) -> None:
        for channel in self._channels.values():
            channel.close()


@dataclass(slots=True)
class Hook:
    """A hook that the program registered."""

    callback: Any
    on_dry_run: bool = False
    ignore_errors: bool = False


def options_of(state: State) -> Any:
    """A resource's options, as hooks see them."""
    found = resource_pb2.ResourceOptions(
        depends_on=state.dependencies,
        protect=state.protect,
        ignore_changes=state.ignore_changes,
        replace_on_changes=state.replace_on_changes,
        provider=state.provider,
        retain_on_delete=state.retain_on_delete,
        deleted_with=state.deleted_with,
        additional_secret_outputs=state.additional_secret_outputs,
        hide_diff=state.hide_diff,
        replace_with=state.replace_with,
        parent=state.parent,
    )
    setattr(found, "import", state.import_id)
    if state.replacement_trigger is not None:
        found.replacement_trigger.CopyFrom(FULL.value(state.replacement_trigger))
    for kind, name in zip(KINDS, FIELDS, strict=True):
        getattr(found.hooks, name).extend(state.hooks.get(kind, ()))
    return found


class Hooks:
    """The hooks of one run, by name."""

    def __init__(self, callbacks: Callbacks) -> None:
        self.callbacks = callbacks
        self._hooks: dict[str, Hook] = {}
        self._errors: dict[str, Any] = {}

    def register(self, request: Any) -> None:
        self._hooks[request.name] = Hook(request.callback, request.on_dry_run, request.ignore_errors)

    def register_error(self, request: Any) -> None:
        self._errors[request.name] = request.callback

    def run(
        self,
        run: "Deployment",
        names: list[str],
        kind: str,
        owner: State,
        *,
        new: State | None,
        old: State | None,
        after: bool,
    ) -> None:
        """Run hooks in order. Raises ProviderError when one fails and its errors count."""
        for name in names:
            hook = self._hooks.get(name)
            if hook is None:
                message = f'hook "{name}" was not registered'
                raise ProviderError(message)
            if run.options.preview and not hook.on_dry_run:
                continue
            request = resource_pb2.ResourceHookRequest(
                urn=owner.urn,
                id=owner.id,
                name=owner.name,
                type=owner.type,
                **_states(new, old, outputs=after),
            )
            try:
                answer = resource_pb2.ResourceHookResponse.FromString(self.callbacks.call(hook.callback, request))
                if answer.error:
                    raise ProviderError(answer.error)  # noqa: TRY301  # told as a failed call is
            except ProviderError as error:
                if hook.ignore_errors:
                    run.reporter.warning(f'{kind} hook "{name}" failed: {error}', owner.urn)
                    continue
                message = f'{"after" if after else "before"} hook "{name}" failed: {error}'
                raise ProviderError(message) from error

    def retry(  # noqa: PLR0917
        self,
        run: "Deployment",
        names: list[str],
        owner: State,
        new: State | None,
        old: State | None,
        what: str,
        failures: list[str],
    ) -> bool:
        """Ask the error hooks whether to try again."""
        del run
        again = False
        for name in names:
            if name not in self._errors:
                message = f'error hooks execution failed: error hook "{name}" was not registered'
                raise ProviderError(message)
            fields = _states(new, old, outputs=False)
            request = resource_pb2.ErrorHookRequest(
                urn=owner.urn,
                id=owner.id,
                name=owner.name,
                type=owner.type,
                failed_operation=what,
                errors=failures,
                **fields,
            )
            answer = resource_pb2.ErrorHookResponse.FromString(self.callbacks.call(self._errors[name], request))
            if answer.error:
                message = f'error hooks execution failed: error hook "{name}" failed: {answer.error}'
                raise ProviderError(message)
            again = again or answer.retry
        return again


def _states(new: State | None, old: State | None, *, outputs: bool) -> dict[str, Any]:
    """New and old inputs, outputs and options; the new outputs are there only after the fact."""
    found: dict[str, Any] = {}
    if new is not None:
        found["new_inputs"], found["new_options"] = FULL.struct(new.inputs), options_of(new)
        if outputs:
            found["new_outputs"] = FULL.struct(new.outputs)
    if old is not None:
        found["old_inputs"], found["old_options"] = FULL.struct(old.inputs), options_of(old)
        found["old_outputs"] = FULL.struct(old.outputs)
    return found

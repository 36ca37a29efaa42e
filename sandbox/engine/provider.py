"""One provider plugin, attached over gRPC: its calls in engine values."""

import contextlib
import json
import os
import socket
import threading
from collections.abc import Mapping
from typing import Any

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from sandbox.engine import urns
from sandbox.engine.errors import EngineError, NotSupportedError, ProviderError
from sandbox.engine.plugin import Diff, DiffUnavailableError, Failure, Result
from sandbox.engine.provider_answers import details, diff_of, half_made, restore_assets
from sandbox.engine.state import State
from sandbox.engine.values import Map, Secret, has_unknowns, mark_secrets, plain
from sandbox.engine.wire import Writer, from_struct

CHANNEL_OPTIONS = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
REACHABLE_SECONDS = 5.0
_UNCERTAIN = (grpc.StatusCode.INTERNAL, grpc.StatusCode.DATA_LOSS, grpc.StatusCode.UNKNOWN)


def attached_port(package: str, env: Mapping[str, str]) -> int:
    """The port that PULUMI_DEBUG_PROVIDERS gives for a package. Raises EngineError when it gives none."""
    for entry in env.get("PULUMI_DEBUG_PROVIDERS", "").split(","):
        name, _, port = entry.strip().partition(":")
        if name == package:
            if not port.isdecimal():
                message = f"Expected a numeric port, got {port} in PULUMI_DEBUG_PROVIDERS"
                raise EngineError(message)
            return int(port)
    message = f"provider plugins that are not attached with PULUMI_DEBUG_PROVIDERS (package '{package}')"
    raise NotSupportedError(message)


def connect(package: str, port: int) -> Any:
    """A channel to an attached provider. Raises EngineError soon when nobody listens there."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=REACHABLE_SECONDS).close()
    except OSError as error:
        message = (
            f"provider '{package}' cannot be reached: nothing answers at 127.0.0.1:{port}, the address that "
            f"PULUMI_DEBUG_PROVIDERS gives ({error.strerror or error})"
        )
        raise EngineError(message) from error
    return grpc.insecure_channel(f"127.0.0.1:{port}", options=CHANNEL_OPTIONS)


class Provider:
    """A loaded provider. Each provider resource loads one of its own; attached ones share a server."""

    def __init__(self, package: str, env: Mapping[str, str], engine_address: str) -> None:
        self.package = package
        self.channel = connect(package, attached_port(package, env))
        self.stub = provider_pb2_grpc.ResourceProviderStub(self.channel)
        self.accept_secrets = self.accept_resources = self.supports_preview = False
        self.known = True  # False when its configuration is not known yet (previews only)
        self._configured: Any = None
        self._settled = False
        self._lock = threading.Lock()
        self._closed = False
        self._attach(engine_address)

    def _attach(self, engine_address: str) -> None:
        """Tell the provider where the engine is. As with the CLI, an attached one is not asked for a handshake."""
        try:
            self.stub.Attach(plugin_pb2.PluginAttach(address=engine_address), timeout=REACHABLE_SECONDS)
        except grpc.RpcError as error:
            if error.code() != grpc.StatusCode.UNIMPLEMENTED:
                raise self._dead(error) from error

    def _dead(self, error: Any) -> EngineError:
        return EngineError(f"provider '{self.package}' did not come alive: {error.details()}")

    def version(self) -> str:
        """Its own version, or nothing where it tells none."""
        try:
            return str(self.stub.GetPluginInfo(empty_pb2.Empty(), timeout=REACHABLE_SECONDS).version)
        except grpc.RpcError as error:
            raise self._dead(error) from error

    def close(self) -> None:
        """Tell the provider that this run needs it no more."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
        with contextlib.suppress(grpc.RpcError):
            self.stub.Cancel(empty_pb2.Empty(), timeout=REACHABLE_SECONDS)
        self.channel.close()

    # -- configuration -------------------------------------------------------------------------------------------------
    def check_config(self, urn: str, olds: Map, news: Map) -> tuple[Map, list[Failure]]:
        writer = Writer(unknowns=True)
        request = provider_pb2.CheckRequest(
            urn=urn, name=urns.name_of(urn), type=urns.type_of(urn), olds=writer.struct(olds), news=writer.struct(news)
        )
        try:
            answer = self.stub.CheckConfig(request)
        except grpc.RpcError as error:
            if error.code() == grpc.StatusCode.UNIMPLEMENTED:
                return news, []
            raise self._error(error) from error
        inputs = from_struct(answer.inputs)
        mark_secrets(inputs, news)
        return inputs, [Failure(f.property, f.reason) for f in answer.failures]

    def diff_config(
        self, urn: str, old_inputs: Map, old_outputs: Map, new_inputs: Map, ignore: list[str] | None = None
    ) -> Diff:
        writer = Writer(unknowns=True)
        request = provider_pb2.DiffRequest(
            urn=urn,
            name=urns.name_of(urn),
            type=urns.type_of(urn),
            old_inputs=writer.struct(old_inputs),
            olds=writer.struct(old_outputs),
            news=writer.struct(new_inputs),
            ignoreChanges=ignore or [],
        )
        try:
            return diff_of(self.stub.DiffConfig(request))
        except grpc.RpcError as error:
            if error.code() == grpc.StatusCode.UNIMPLEMENTED:
                return Diff(None)
            raise self._error(error) from error

    def configure(self, urn: str, ident: str, inputs: Map) -> None:
        """Start to configure the provider; what it answers is seen by the first that uses it."""
        variables = {}
        for key, value in inputs.items():
            if key == "version":
                continue
            if has_unknowns(value):
                self.known, self._settled = False, True
                return
            bare = plain(value)
            variables[f"{self.package}:config:{key}"] = (
                bare if isinstance(bare, str) else json.dumps(bare, separators=(",", ":"))
            )
        writer = Writer(unknowns=True, secrets=True, resources=True)
        request = provider_pb2.ConfigureRequest(
            urn=urn,
            name=urns.name_of(urn),
            type=urns.type_of(urn),
            id=ident,
            acceptSecrets=True,
            acceptResources=True,
            sends_old_inputs=True,
            sends_old_inputs_to_delete=True,
            variables=variables,
            args=writer.struct(inputs),
        )
        self._configured = self.stub.Configure.future(request)

    def _ready(self) -> None:
        """Wait for the answer to Configure. Raises ProviderError when it failed."""
        if self._settled:
            return
        with self._lock:
            if self._settled or self._configured is None:
                return
            try:
                answer = self._configured.result()
            except grpc.RpcError as error:
                raise self._error(error) from error
            self.accept_secrets, self.accept_resources = answer.acceptSecrets, answer.acceptResources
            self.supports_preview = answer.supportsPreview
            self._settled = True

    def _writer(self, *, unknowns: bool = False, elide: bool = False) -> Writer:
        return Writer(
            unknowns=unknowns, secrets=self.accept_secrets, resources=self.accept_resources, elide_assets=elide
        )

    def _error(self, error: Any) -> ProviderError:
        text = error.details() or ""
        for detail in details(error):
            if detail.Is(provider_pb2.ConfigureErrorMissingKeys.DESCRIPTOR):
                missing = provider_pb2.ConfigureErrorMissingKeys()
                detail.Unpack(missing)
                keys = [
                    f'missing required configuration key "{k.name}": {k.description}\n'
                    f"Set a value using the command `pulumi config set {k.name} <value>`."
                    for k in missing.missingKeys
                ]
                text = "\n".join(keys) or text
        if error.code() == grpc.StatusCode.UNAVAILABLE and "failed to connect" in text:
            text = f"provider '{self.package}' cannot be reached: {text}"
        return ProviderError(text, unknown=error.code() in _UNCERTAIN)

    # -- functions -----------------------------------------------------------------------------------------------------
    def invoke(self, token: str, args: Map, *, preview: bool) -> tuple[Map, list[Failure]]:
        self._ready()
        if not self.known:
            return {}, []
        request = provider_pb2.InvokeRequest(tok=token, args=self._writer().struct(args), preview=preview)
        try:
            answer = self.stub.Invoke(request)
        except grpc.RpcError as error:
            raise self._error(error) from error
        found = from_struct(getattr(answer, "return"))
        if not self.accept_secrets and any(type(v) is Secret for v in args.values()):
            found = {k: v if type(v) is Secret else Secret(v) for k, v in found.items()}
        return found, [Failure(f.property, f.reason) for f in answer.failures]

    # -- resources -----------------------------------------------------------------------------------------------------
    def check(self, urn: str, olds: Map, news: Map, *, preview: bool, seed: bytes = b"") -> tuple[Map, list[Failure]]:
        self._ready()
        if not self.known:
            return news, []
        writer = self._writer(unknowns=preview)
        request = provider_pb2.CheckRequest(
            urn=urn,
            name=urns.name_of(urn),
            type=urns.type_of(urn),
            olds=writer.struct(olds),
            news=writer.struct(news),
            randomSeed=seed or os.urandom(32),
        )
        try:
            answer = self.stub.Check(request)
        except grpc.RpcError as error:
            raise self._error(error) from error
        inputs = from_struct(answer.inputs)
        if not self.accept_secrets:
            mark_secrets(inputs, news)
        return inputs, [Failure(f.property, f.reason) for f in answer.failures]

    def diff(
        self,
        urn: str,
        ident: str,
        old_inputs: Map,
        old_outputs: Map,
        new_inputs: Map,
        *,
        preview: bool,
        ignore: list[str],
    ) -> Diff:
        """Compare. Raises DiffUnavailableError when the provider's own configuration is not known."""
        self._ready()
        if not self.known:
            raise DiffUnavailableError
        writer = self._writer(unknowns=preview, elide=True)
        request = provider_pb2.DiffRequest(
            id=ident,
            urn=urn,
            name=urns.name_of(urn),
            type=urns.type_of(urn),
            old_inputs=writer.struct(old_inputs),
            olds=writer.struct(old_outputs),
            news=writer.struct(new_inputs),
            ignoreChanges=ignore,
        )
        try:
            return diff_of(self.stub.Diff(request))
        except grpc.RpcError as error:
            raise self._error(error) from error

    def create(self, urn: str, inputs: Map, *, timeout: float, preview: bool) -> Result:
        self._ready()
        if preview and not self.known:
            return Result()
        if preview and not self.supports_preview:
            return Result(outputs=dict(inputs))
        request = provider_pb2.CreateRequest(
            urn=urn,
            name=urns.name_of(urn),
            type=urns.type_of(urn),
            properties=self._writer(unknowns=preview).struct(inputs),
            timeout=timeout,
            preview=preview,
        )
        try:
            result = self._operation(self.stub.Create, request)
        except ProviderError as error:
            error.unknown = False  # a create that fails is taken to have made nothing
            raise
        if not result.id and not preview:
            message = f"plugin returned empty resource.ID from create '{urn}'"
            raise ProviderError(message, unknown=True)
        if not self.accept_secrets:
            mark_secrets(result.outputs, inputs)
        return result

    def read(self, urn: str, ident: str, inputs: Map | None, state: Map | None, *, timeout: float) -> Result:
        """Read an object. Its outputs are None when it does not exist."""
        self._ready()
        if not self.known:
            return Result(outputs={}, inputs={})
        writer = self._writer(elide=True)
        request = provider_pb2.ReadRequest(
            id=ident, urn=urn, name=urns.name_of(urn), type=urns.type_of(urn), timeout=timeout
        )
        if state is not None:
            request.properties.CopyFrom(writer.struct(state))
        if inputs is not None:
            request.inputs.CopyFrom(writer.struct(inputs))
        result = self._operation(self.stub.Read, request, reading=True)
        if not self.accept_secrets:
            mark_secrets(result.inputs, inputs)
            mark_secrets(result.outputs, state)
        restore_assets(inputs, result.inputs)
        restore_assets(inputs, result.outputs)
        return result

    def update(self, old: State, new: State, *, timeout: float, ignore: list[str], preview: bool) -> Result:
        self._ready()
        if preview and not self.known:
            return Result(outputs={})
        if preview and not self.supports_preview:
            return Result(outputs=dict(new.inputs))
        olds = self._writer(elide=True)
        request = provider_pb2.UpdateRequest(
            id=old.id,
            urn=new.urn,
            name=new.name,
            type=new.type,
            olds=olds.struct(old.outputs),
            news=self._writer(unknowns=preview).struct(new.inputs),
            timeout=timeout,
            ignoreChanges=ignore,
            preview=preview,
            old_inputs=olds.struct(old.inputs),
        )
        result = self._operation(self.stub.Update, request)
        if not self.accept_secrets:
            mark_secrets(result.outputs, new.inputs)
        return result

    def delete(self, old: State, *, timeout: float) -> None:
        self._ready()
        writer = self._writer(elide=True)
        request = provider_pb2.DeleteRequest(
            id=old.id,
            urn=old.urn,
            name=old.name,
            type=old.type,
            properties=writer.struct(old.outputs),
            timeout=timeout,
            old_inputs=writer.struct(old.inputs),
        )
        try:
            self.stub.Delete(request)
        except grpc.RpcError as error:
            raise self._error(error) from error

    def _operation(self, call: Any, request: Any, *, reading: bool = False) -> Result:
        try:
            answer = call(request)
        except grpc.RpcError as error:
            half = half_made(error)
            if half is None:
                raise self._error(error) from error
            return Result(
                half.id,
                from_struct(half.properties),
                from_struct(half.inputs) if half.HasField("inputs") else None,
                list(half.reasons),
            )
        found = Result(id=getattr(answer, "id", ""))
        if not reading or answer.id:
            found.outputs = from_struct(answer.properties)
        if reading and answer.id and answer.HasField("inputs"):
            found.inputs = from_struct(answer.inputs)
        return found

"""The services that the program talks to: ResourceMonitor, and Engine for its log lines."""

import os
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc, resource_pb2, resource_pb2_grpc

from sandbox.callers import OurUsersOnly
from sandbox.engine import urns
from sandbox.engine.config import Config
from sandbox.engine.defaults import DefaultProviders
from sandbox.engine.errors import BailError, CancelledRunError, EngineError, NotSupportedError, ProviderError
from sandbox.engine.goals import ReadGoal, Reading, Registration, Waiting
from sandbox.engine.provider import CHANNEL_OPTIONS
from sandbox.engine.requests import Requests
from sandbox.engine.session import Session
from sandbox.engine.state import State
from sandbox.engine.values import Map, has_unknowns
from sandbox.engine.wire import WireError, Writer, from_struct
from sandbox.peers import admits

FEATURES = (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)
FEATURE_NAMES = {
    "secrets",
    "resourceReferences",
    "outputValues",
    "aliasSpecs",
    "replacementTrigger",
    "deletedWith",
    "replaceWith",
    "transforms",
    "invokeTransforms",
    "parameterization",
    "resourceHooks",
    "errorHooks",
    "sendsOptionsToHooks",
}
TOLD_SO = "Resource monitor has terminated, shutting down"  # what the SDK makes of UNAVAILABLE
THREADS = 256  # each registration holds one while it waits
Handler = Callable[[Any, Any, Any], Any]


def answered(handler: Handler) -> Handler:
    """Errors become gRPC statuses, as the program expects them."""

    def call(self: Any, request: Any, context: Any) -> Any:
        try:
            return handler(self, request, context)
        except CancelledRunError:
            context.abort(
                grpc.StatusCode.UNAVAILABLE, "resource monitor shut down while waiting on step's done channel"
            )
        except BailError:
            self.session.stop()
            context.abort(grpc.StatusCode.UNAVAILABLE, "resource monitor shut down")
        except NotSupportedError as error:
            self.session.report(error)
            context.abort(grpc.StatusCode.UNIMPLEMENTED, str(error))
        except (ProviderError, EngineError, ValueError, WireError) as error:
            context.abort(grpc.StatusCode.UNKNOWN, str(error))
        except grpc.RpcError:
            raise
        except Exception as error:
            if type(error) is Exception:  # how grpc ends a call that was aborted
                raise
            self.session.report(EngineError(f"internal error of the embedded engine: {error!r}"))
            raise
        return None

    return call


def check_type(token: str, context: Any) -> None:
    """Refuse a resource type that is not three parts divided by colons."""
    if token.count(":") != 2:
        text = f"Type '{token}' is not a valid type token (must have format '*:*:*')"
        context.abort(grpc.StatusCode.INVALID_ARGUMENT, text)


class Monitor(resource_pb2_grpc.ResourceMonitorServicer, engine_pb2_grpc.EngineServicer):
    """Serves one run of one program."""

    def __init__(self, session: Session, config: Config, texts: Mapping[str, str], folder: Path) -> None:
        self.session, self.run, self.config, self.texts, self.folder = session, session.run, config, texts, folder
        self.defaults = DefaultProviders(session, texts, config)
        self.requests = Requests(session, self.defaults, folder)
        self._root_urn = ""
        self._files: dict[str, str] = {}  # URI of a source file: its path in the project
        self._finish = threading.Event()
        self.finished = threading.Event()  # the program has said all
        self.on_finished: Callable[[], None] = lambda: None
        ours = OurUsersOnly(admits(), "this deployment serves the user who runs it")
        threads = ThreadPoolExecutor(THREADS, thread_name_prefix="engine-rpc")
        self.server = grpc.server(threads, interceptors=[ours], options=CHANNEL_OPTIONS)
        resource_pb2_grpc.add_ResourceMonitorServicer_to_server(self, self.server)
        engine_pb2_grpc.add_EngineServicer_to_server(self, self.server)
        port = self.server.add_insecure_port("127.0.0.1:0")
        ours.listens_on(port)
        self.address = f"127.0.0.1:{port}"
        self.server.start()

    def release(self) -> None:
        """Let the program end."""
        self._finish.set()

    def close(self) -> None:
        self.release()
        self.server.stop(grace=0.5)

    # -- Engine --------------------------------------------------------------------------------------------------------
    def Log(self, request: Any, context: Any) -> Any:  # noqa: N802
        del context
        if request.message == TOLD_SO and self.session.executor.stopped.is_set():
            return empty_pb2.Empty()  # why the run has ended is told elsewhere
        severity = {0: "debug", 1: "info", 2: "warning", 3: "error"}.get(request.severity, "info")
        self.run.reporter.diagnostic(
            severity, request.message, request.urn, stream=request.streamId, ephemeral=request.ephemeral
        )
        return empty_pb2.Empty()

    def GetRootResource(self, request: Any, context: Any) -> Any:  # noqa: N802
        del request, context
        return engine_pb2.GetRootResourceResponse(urn=self._root_urn)

    def SetRootResource(self, request: Any, context: Any) -> Any:  # noqa: N802
        del context
        self._root_urn = request.urn
        return engine_pb2.SetRootResourceResponse()

    def StartDebugging(self, request: Any, context: Any) -> Any:  # noqa: N802
        del request
        context.abort(grpc.StatusCode.UNIMPLEMENTED, str(NotSupportedError("debuggers")))

    def RequirePulumiVersion(self, request: Any, context: Any) -> Any:  # noqa: N802
        from sandbox.engine.versions import fits  # noqa: PLC0415

        if not fits(request.pulumi_version_range):
            context.abort(
                grpc.StatusCode.FAILED_PRECONDITION,
                f"Pulumi CLI version 3.260.0 does not satisfy the version range {request.pulumi_version_range!r}",
            )
        return engine_pb2.RequirePulumiVersionResponse()

    # -- ResourceMonitor: what is there --------------------------------------------------------------------------------
    def SupportsFeature(self, request: Any, context: Any) -> Any:  # noqa: N802
        del context
        return resource_pb2.SupportsFeatureResponse(hasSupport=request.id in FEATURE_NAMES)

    def GetDeploymentInfo(self, request: Any, context: Any) -> Any:  # noqa: N802
        del request, context
        run = self.run
        return resource_pb2.DeploymentInfo(
            project=run.project,
            stack=run.stack,
            organization="organization",
            config=dict(self.texts),
            configSecretKeys=[k for k, v in self.config.items() if v.secret],
            dryRun=run.options.preview,
            parallel=run.options.parallel,
            supportedFeatures=FEATURES,  # type: ignore[arg-type]
        )

    def SignalAndWaitForShutdown(self, request: Any, context: Any) -> Any:  # noqa: N802
        del request, context
        self.finished.set()
        self.on_finished()
        self._finish.wait()
        return empty_pb2.Empty()

    def RegisterPackage(self, request: Any, context: Any) -> Any:  # noqa: N802
        del request
        error = NotSupportedError("parameterized packages")
        self.session.report(error)
        context.abort(grpc.StatusCode.UNIMPLEMENTED, str(error))

    @answered
    def Call(self, request: Any, context: Any) -> Any:  # noqa: N802
        del context
        feature = f"methods of remote components ({request.tok})"
        raise NotSupportedError(feature)

    @answered
    def RegisterStackTransform(self, request: Any, context: Any) -> Any:  # noqa: N802
        del context
        self.requests.stack_transforms.append(request)
        return empty_pb2.Empty()

    @answered
    def RegisterStackInvokeTransform(self, request: Any, context: Any) -> Any:  # noqa: N802
        del context
        self.requests.invoke_transforms.append(request)
        return empty_pb2.Empty()

    @answered
    def RegisterResourceHook(self, request: Any, context: Any) -> Any:  # noqa: N802
        del context
        self.run.hooks.register(request)
        return empty_pb2.Empty()

    @answered
    def RegisterErrorHook(self, request: Any, context: Any) -> Any:  # noqa: N802
        del context
        self.run.hooks.register_error(request)
        return empty_pb2.Empty()

    # -- functions -----------------------------------------------------------------------------------------------------
    @answered
    def Invoke(self, request: Any, context: Any) -> Any:  # noqa: N802
        del context
        args, provider, version = self.requests.invoke(request)
        package = urns.package_of(request.tok)
        if not provider:
            self.defaults.refuse_denied("Invoke: ", package, package, request.tok)
        ref = provider or self.defaults.reference(package, version)
        if request.dependsOn and not self.session.settled(request.dependsOn):
            return resource_pb2.ResourceInvokeResponse(unknown=True)
        try:
            found, failures = self.run.provider(ref).invoke(request.tok, args, preview=self.run.options.preview)
        except ProviderError as error:
            message = f"invocation of {request.tok} returned an error: {error}"
            raise ProviderError(message) from error
        keep = request.acceptResources or request.tok == "pulumi:pulumi:getResource"
        answer = resource_pb2.ResourceInvokeResponse()
        getattr(answer, "return").CopyFrom(Writer(unknowns=True, secrets=True, resources=keep).struct(found))
        for failure in failures:
            answer.failures.add(property=failure.property, reason=failure.reason)
        return answer

    # -- resources -----------------------------------------------------------------------------------------------------
    @answered
    def ReadResource(self, request: Any, context: Any) -> Any:  # noqa: N802
        check_type(request.type, context)
        package = urns.package_of(request.type)
        if not request.provider:
            self.defaults.refuse_denied("", package, request.type, request.type)
        provider = request.provider or self.defaults.reference(package, request.version)
        position, trace = self._position(request)
        reading = Reading(
            ReadGoal(
                type=request.type,
                name=request.name,
                id=request.id,
                parent=request.parent,
                provider=provider,
                properties=from_struct(request.properties, hash_in=self.folder),
                dependencies=list(request.dependencies),
                additional_secret_outputs=list(request.additionalSecretOutputs),
                source_position=position,
                stack_trace=trace,
            )
        )
        state = self.session.settle(reading)
        self.requests.remember(state, request.parent)
        writer = Writer(unknowns=True, secrets=request.acceptSecrets, resources=request.acceptResources)
        return resource_pb2.ReadResourceResponse(urn=state.urn, properties=writer.struct(state.outputs), id=state.id)

    @answered
    def RegisterResource(self, request: Any, context: Any) -> Any:  # noqa: N802
        if request.custom or request.remote:
            check_type(request.type, context)
        if request.remote:
            feature = f"remote components ({request.type})"
            raise NotSupportedError(feature)
        if request.state_migrations:
            feature = "state migrations"
            raise NotSupportedError(feature)
        if request.packageRef:
            feature = f"parameterized packages ({request.type})"
            raise NotSupportedError(feature)
        if request.envVarMappings:
            feature = "environment variable mappings of providers"
            raise NotSupportedError(feature)
        self.requests.inherit(request)
        position, trace = self._position(request)
        goal, providers, transforms = self.requests.registration(request)
        goal.source_position, goal.stack_trace = position, trace
        reg = Registration(goal)
        state = self.session.settle(reg)
        if reg.result != "success" and not request.supportsResultReporting:
            message = "resource registration failed"
            raise EngineError(message)
        self.requests.registered(state, goal, request.parent, providers, transforms)
        return self._registered(request, reg, state)

    def _registered(self, request: Any, reg: Waiting, state: State) -> Any:
        outputs: Map = state.outputs if request.custom else {}
        if not request.supportsPartialValues:
            outputs = {k: v for k, v in outputs.items() if not has_unknowns(v)}
        writer = Writer(unknowns=True, secrets=request.acceptSecrets, resources=request.acceptResources)
        return resource_pb2.RegisterResourceResponse(
            urn=state.urn,
            id=state.id,
            object=writer.struct(outputs),
            unknown=reg.unknown,
            result={"success": 0, "failed": 1, "skipped": 2}[reg.result],  # type: ignore[arg-type]
        )

    @answered
    def RegisterResourceOutputs(self, request: Any, context: Any) -> Any:  # noqa: N802
        del context
        try:
            outputs = from_struct(request.outputs, hash_in=self.folder)
        except WireError as error:
            message = f"cannot unmarshal output properties: {error}"
            raise WireError(message) from error
        self.session.outputs(request.urn, outputs)
        return empty_pb2.Empty()

    # -- where in the source -------------------------------------------------------------------------------------------
    def _position(self, request: Any) -> tuple[str, list[str]]:
        trace = [self._place(frame.pc) for frame in request.stackTrace.frames] if request.HasField("stackTrace") else []
        return self._place(request.sourcePosition) if request.HasField("sourcePosition") else "", trace

    def _place(self, position: Any) -> str:
        if not position.uri.startswith("file://"):
            return ""
        file = self._files.get(position.uri)
        if file is None:
            path = Path(unquote(urlparse(position.uri).path))
            file = self._files[position.uri] = Path(os.path.relpath(path, self.run.root)).as_posix()
        column = f",{position.column}" if position.column else ""
        return f"project:///{file}#{position.line}{column}"

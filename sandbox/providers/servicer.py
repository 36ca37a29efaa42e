"""
A Pulumi provider over a table of resource types, in the engine's own protocol.

An attached server answers for every provider resource of its package and is not told which one a call is for, so
nothing here depends on a provider's configuration: the region stands in each resource's inputs.
"""

import logging
import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from typing import Any

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc, status_pb2

from sandbox.providers import sdk
from sandbox.providers.resource import HalfMade, Refused, Resource
from sandbox.providers.values import (
    UNKNOWN,
    Properties,
    differences,
    has_unknown,
    plain,
    project,
    secret_properties,
    struct,
)

log = logging.getLogger(__name__)

Function = Callable[[Properties], Properties]
"""An invoke: arguments -> result. Raises Refused."""


class Provider(provider_pb2_grpc.ResourceProviderServicer):
    """
    package          the SDK's Python package, whose version the provider reports
    is_cloud_error   which exceptions are the cloud's own answers, to be shown as they are
    configured       is told each configuration
    identity         settings whose change replaces the provider, and with it all that it made
    fallback         finds the types that no table can name
    """

    def __init__(
        self,
        package: str,
        resources: Iterable[Resource],
        functions: Mapping[str, Function],
        *,
        is_cloud_error: Callable[[BaseException], bool] = lambda _: False,
        configured: Callable[[Properties], None] | None = None,
        identity: Collection[str] = (),
        fallback: Callable[[str], Resource | None] = lambda _: None,
    ) -> None:
        self._package = package
        self._version = version(package)
        self._resources = {resource.type_name: resource for resource in resources}
        self._functions = functions
        self._is_cloud_error = is_cloud_error
        self._configured = configured
        self._identity = frozenset(identity)
        self._fallback = fallback

    # the plugin ---------------------------------------------------------------------------------------------------
    def Attach(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802 - the protocol's names
        return empty_pb2.Empty()

    def Handshake(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        return provider_pb2.ProviderHandshakeResponse(accept_secrets=True)

    def GetPluginInfo(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        return plugin_pb2.PluginInfo(version=self._version)

    def GetSchema(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        name = self._package.removeprefix("pulumi_")
        resources = ",".join(f'"{token}":{{"inputProperties":{{}},"properties":{{}}}}' for token in self._resources)
        return provider_pb2.GetSchemaResponse(
            schema=f'{{"name":"{name}","version":"{self._version}","resources":{{{resources}}}}}'
        )

    def CheckConfig(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        return provider_pb2.CheckResponse(inputs=request.news)

    def DiffConfig(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        olds = plain(request.old_inputs) or plain(request.olds)
        changed = sorted({_top(path) for path, _ in differences(olds, plain(request.news))} - {"version"})
        return provider_pb2.DiffResponse(
            changes=provider_pb2.DiffResponse.DIFF_SOME if changed else provider_pb2.DiffResponse.DIFF_NONE,
            diffs=changed,
            replaces=[name for name in changed if name in self._identity],
        )

    def Configure(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        if self._configured is not None:
            self._configured(plain(request.args))
        return provider_pb2.ConfigureResponse(
            acceptSecrets=True, supportsPreview=True, acceptResources=False, acceptOutputs=False
        )

    def Cancel(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        return empty_pb2.Empty()

    def Invoke(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        function = self._functions.get(request.tok)
        if function is None:
            context.abort(grpc.StatusCode.UNIMPLEMENTED, f"the sandbox does not have the function {request.tok}")
            raise LookupError(request.tok)
        with self._errors(context, request.tok):
            return provider_pb2.InvokeResponse(**{"return": struct(function(plain(request.args)))})

    # resources ----------------------------------------------------------------------------------------------------
    def Check(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        resource = self._resource(request.urn, context)
        news, olds = plain(request.news), plain(request.olds)
        for key, value in resource.defaults.items():
            if news.get(key) is None:
                news[key] = value
        resource.give_name(request.urn.rsplit("::", 1)[-1], request.randomSeed or os.urandom(16), news, olds)
        with self._errors(context, request.urn):
            known = sdk.problems(news, sdk.inputs_of(self._package, *resource.sdk)) if resource.sdk else []
            faults = known + resource.check(news, olds)
        failures = [provider_pb2.CheckFailure(property=path, reason=reason) for path, reason in faults]
        return provider_pb2.CheckResponse(inputs=struct(news, secret_properties(request.news)), failures=failures)

    def Diff(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        resource = self._resource(request.urn, context)
        olds, news = plain(request.old_inputs), plain(request.news)
        ignored = set(request.ignoreChanges)
        detailed, replaces = {}, []
        for path, kind in differences(resource.compared(olds), resource.compared(news)):
            top = _top(path)
            if path in ignored or top in ignored or top.startswith("__"):
                continue
            replacing = resource.replaces(path)
            if replacing and top not in replaces:
                replaces.append(top)
            name = f"{kind}_REPLACE" if replacing else kind
            detailed[path] = provider_pb2.PropertyDiff(kind=provider_pb2.PropertyDiff.Kind.Value(name), inputDiff=True)
        return provider_pb2.DiffResponse(
            changes=provider_pb2.DiffResponse.DIFF_SOME if detailed else provider_pb2.DiffResponse.DIFF_NONE,
            replaces=replaces,
            diffs=sorted({_top(path) for path in detailed}),
            detailedDiff=detailed,
            hasDetailedDiff=True,
            deleteBeforeReplace=bool(replaces) and resource.clashes(olds, news),
        )

    def Create(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        resource = self._resource(request.urn, context)
        inputs = plain(request.properties)
        secrets = secret_properties(request.properties) | resource.secret
        if request.preview:
            outputs = {**dict.fromkeys(resource.computed, UNKNOWN), **resource.as_outputs(inputs)}
            return provider_pb2.CreateResponse(properties=struct(outputs, secrets))
        half: HalfMade | None = None
        with self._errors(context, request.urn):
            if has_unknown(inputs):
                raise Refused("an input is not known yet")
            try:
                identity = resource.create(inputs)
            except HalfMade as left_behind:
                half, identity = left_behind, left_behind.identity
            outputs = {**inputs, **(resource.read(identity, inputs) or {})}
        if half is not None:
            self._half_made(context, half, struct(outputs, secrets), request.properties)
        return provider_pb2.CreateResponse(id=identity, properties=struct(outputs, secrets))

    def Read(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        resource = self._resource(request.urn, context)
        state, old_inputs = plain(request.properties), plain(request.inputs)
        with self._errors(context, request.urn):
            real = resource.read(request.id, {**old_inputs, **state})
            if real is None:
                return provider_pb2.ReadResponse()
            accepted = sdk.inputs_of(self._package, *resource.sdk).types if resource.sdk else real
        secrets = secret_properties(request.properties) | secret_properties(request.inputs) | resource.secret
        seen = resource.as_inputs(real, old_inputs)
        if old_inputs:
            inputs = {
                key: value if key in resource.write_only or key.startswith("__") else project(value, seen.get(key))
                for key, value in old_inputs.items()
            }
            inputs = {key: value for key, value in inputs.items() if value is not None}
        else:
            inputs = {key: value for key, value in seen.items() if key in accepted and value not in (None, [], {}, "")}
        outputs = {**{k: state[k] for k in resource.write_only if k in state}, **real}
        return provider_pb2.ReadResponse(
            id=request.id, inputs=struct(inputs, secrets), properties=struct(outputs, secrets)
        )

    def Update(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        resource = self._resource(request.urn, context)
        news, state = plain(request.news), plain(request.olds)
        old_inputs = plain(request.old_inputs) or state
        secrets = secret_properties(request.news) | secret_properties(request.olds) | resource.secret
        if request.preview:
            gone = {key: None for key in old_inputs if key not in news}
            outputs = {
                key: value for key, value in {**state, **gone, **resource.as_outputs(news)}.items() if value is not None
            }
            return provider_pb2.UpdateResponse(properties=struct(outputs, secrets))
        with self._errors(context, request.urn):
            if has_unknown(news):
                raise Refused("an input is not known yet")
            changed = frozenset(_top(path) for path, _ in differences(old_inputs, news))
            resource.update(request.id, {**state, **old_inputs}, news, changed)
            outputs = {**news, **(resource.read(request.id, {**state, **news}) or {})}
            return provider_pb2.UpdateResponse(properties=struct(outputs, secrets))

    def Delete(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        resource = self._resource(request.urn, context)
        state = {**plain(request.old_inputs), **plain(request.properties)}
        with self._errors(context, request.urn):
            resource.delete(request.id, state)
        return empty_pb2.Empty()

    # parts --------------------------------------------------------------------------------------------------------
    def _resource(self, urn: str, context: grpc.ServicerContext) -> Resource:
        token = urn.split("::")[2].rsplit("$", 1)[-1]
        resource = self._resources.get(token) or self._fallback(token)
        if resource is None:
            context.abort(grpc.StatusCode.UNIMPLEMENTED, f"the sandbox does not have the resource type {token}")
            raise LookupError(token)
        return resource

    @contextmanager
    def _errors(self, context: grpc.ServicerContext, subject: str) -> Iterator[None]:
        """Turn what a handler raises into a gRPC error that carries the cloud's words and no traceback."""
        try:
            yield
        except Refused as error:
            context.abort(grpc.StatusCode.UNKNOWN, str(error))
        except Exception as error:
            if self._is_cloud_error(error):
                context.abort(grpc.StatusCode.UNKNOWN, str(error))
            log.exception("a handler failed at %s", subject)
            context.abort(grpc.StatusCode.INTERNAL, f"{type(error).__name__}: {error}")

    def _half_made(self, context: grpc.ServicerContext, half: HalfMade, outputs: Any, inputs: Any) -> None:
        status = status_pb2.Status(code=grpc.StatusCode.UNKNOWN.value[0], message=half.reason)
        detail = provider_pb2.ErrorResourceInitFailed(
            id=half.identity, properties=outputs, inputs=inputs, reasons=[half.reason]
        )
        status.details.add().Pack(detail)
        context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
        context.abort(grpc.StatusCode.UNKNOWN, half.reason)


def _top(path: str) -> str:
    """The property that a path begins with."""
    return path.split(".", maxsplit=1)[0].split("[", maxsplit=1)[0]

"""Registrations as they come over the wire: inheritance from parents, transforms, and what becomes of them."""

import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pulumi.runtime.proto import resource_pb2

from sandbox.engine import urns
from sandbox.engine.defaults import DefaultProviders
from sandbox.engine.errors import ProviderError
from sandbox.engine.goals import Alias, Goal, seconds
from sandbox.engine.gojson import number
from sandbox.engine.hooks import FIELDS, FULL, KINDS
from sandbox.engine.session import Session
from sandbox.engine.state import State, hidden_paths
from sandbox.engine.values import Map, Output, dependencies_of, lower_outputs
from sandbox.engine.wire import WireError, from_struct, from_value


class Requests:
    """What the monitor remembers of earlier registrations, to understand later ones."""

    def __init__(self, session: Session, defaults: DefaultProviders, folder: Path) -> None:
        self.session, self.defaults, self.folder = session, defaults, folder
        self.stack_transforms: list[Any] = []
        self.invoke_transforms: list[Any] = []
        self._goals: dict[str, Goal] = {}
        self._parents: dict[str, str] = {}
        self._transforms: dict[str, list[Any]] = {}
        self._providers: dict[str, dict[str, str]] = {}
        self._lock = threading.Lock()

    # -- what comes from the parent ------------------------------------------------------------------------------------
    def inherit(self, request: Any) -> None:
        """Options that a child has from its parent, where it says nothing itself."""
        parent = self._goals.get(request.parent)
        if parent is None:
            return
        if not request.deletedWith:
            request.deletedWith = parent.deleted_with
        if not request.HasField("protect") and parent.protect is not None:
            request.protect = parent.protect
        if not request.HasField("retainOnDelete") and parent.retain_on_delete is not None:
            request.retainOnDelete = parent.retain_on_delete
        if not request.provider and parent.provider:
            provided = urns.package_of(urns.type_of(urns.parse_ref(parent.provider).urn))
            if not request.custom or provided == urns.package_of(request.type):
                request.provider = parent.provider

    def provider_for(self, given: str, providers: Any, parent: str, package: str) -> str:
        """The provider that a resource or function uses, or nothing where it is the default one."""
        if given:
            return given
        return str((providers or {}).get(package) or self._providers.get(parent, {}).get(package, ""))

    def invoke(self, request: Any) -> tuple[Map, str, str]:
        """Arguments, provider and version of a function, after the stack's transforms."""
        package = urns.package_of(request.tok)
        args = from_struct(request.args)
        options = resource_pb2.TransformInvokeOptions(
            provider=self.provider_for(request.provider, {}, request.parent, package),
            version=request.version,
            plugin_download_url=request.pluginDownloadURL,
        )
        for callback in self.invoke_transforms:
            message = resource_pb2.TransformInvokeRequest(token=request.tok, args=FULL.struct(args), options=options)
            answer = resource_pb2.TransformInvokeResponse.FromString(self._call(callback, message))
            if answer.HasField("options"):
                options = answer.options
            if answer.HasField("args"):
                args = lower_outputs(from_struct(answer.args))
        return lower_outputs(args), options.provider, options.version

    def _call(self, callback: Any, message: Any) -> bytes:
        return self.session.run.hooks.callbacks.call(callback, message)

    # -- registrations -------------------------------------------------------------------------------------------------
    def registration(self, request: Any) -> tuple[Goal, dict[str, str], list[Any]]:
        """The goal of a registration, the providers its children get, and its own transforms."""
        parent, package = request.parent, urns.package_of(request.type)
        try:
            properties = from_struct(request.object, keep_outputs=True, hash_in=self.folder)
        except WireError as error:
            message = f"unmarshal properties: {error}"
            raise WireError(message) from error
        dependencies = dict.fromkeys(request.dependencies)
        by_property = {k: dict.fromkeys(v.urns) for k, v in request.propertyDependencies.items()}
        if not by_property:
            by_property = {k: dict(dependencies) for k in properties}
        own = list(request.transforms)
        options = self._options(request, package)
        chain = [*own, *self._inherited_transforms(parent), *self.stack_transforms]
        if own:
            properties = _with_dependencies(properties, by_property)
        for callback in chain:
            properties, options = self._transformed(callback, request, properties, options)
        providers = dict(options.providers)
        if not request.custom:
            providers = {**self._providers.get(parent, {}), **providers}
        provider = options.provider
        if request.custom and not urns.is_provider_type(request.type) and not provider:
            provider = self.defaults.reference(package, options.version)
        if own:
            dependencies = dict.fromkeys(options.depends_on)
            by_property = {}
        for key, value in properties.items():
            found = by_property.setdefault(key, {})
            dependencies_of(value, found)
            if own:
                dependencies.update(found)
        properties = lower_outputs(properties)
        if urns.is_provider_type(request.type) and options.version:
            properties |= {"version": options.version, "__internal": properties.get("__internal", {})}
        goal = Goal(
            type=request.type,
            name=request.name,
            custom=request.custom,
            properties=properties,
            parent=parent,
            dependencies=list(dependencies),
            provider=provider,
            property_dependencies={k: list(v) for k, v in by_property.items()},
        )
        _apply_options(goal, options, self.folder)
        return goal, providers, own

    def _options(self, request: Any, package: str) -> Any:
        provider = request.provider
        if request.custom:
            provider = self.provider_for(request.provider, request.providers, request.parent, package)
        options = resource_pb2.TransformResourceOptions(
            depends_on=request.dependencies,
            ignore_changes=request.ignoreChanges,
            replace_on_changes=request.replaceOnChanges,
            version=request.version,
            provider=provider,
            plugin_download_url=request.pluginDownloadURL,
            deleted_with=request.deletedWith,
            additional_secret_outputs=request.additionalSecretOutputs,
            providers=dict(request.providers),
            hide_diff=request.hideDiffs,
            replace_with=request.replace_with,
            aliases=_aliases(request),
        )
        setattr(options, "import", request.importId)
        if request.HasField("protect"):
            options.protect = request.protect
        if request.HasField("retainOnDelete"):
            options.retain_on_delete = request.retainOnDelete
        if request.deleteBeforeReplaceDefined or request.deleteBeforeReplace:
            options.delete_before_replace = request.deleteBeforeReplace
        for name in ("customTimeouts", "hooks", "replacement_trigger"):
            if request.HasField(name):
                target = {"customTimeouts": "custom_timeouts"}.get(name, name)
                getattr(options, target).CopyFrom(getattr(request, name))
        return options

    def _inherited_transforms(self, parent: str) -> Iterable[Any]:
        current = parent
        while current:
            yield from self._transforms.get(current, ())
            current = self._parents.get(current, "")

    def _transformed(self, callback: Any, request: Any, properties: Map, options: Any) -> tuple[Map, Any]:
        message = resource_pb2.TransformRequest(
            type=request.type,
            name=request.name,
            custom=request.custom,
            parent=request.parent,
            properties=FULL.struct(properties),
            options=options,
        )
        try:
            answer = resource_pb2.TransformResponse.FromString(self._call(callback, message))
        except ProviderError as error:
            text = f"invoke transform: {error}"
            raise ProviderError(text) from error
        if answer.HasField("properties"):
            properties = from_struct(answer.properties, keep_outputs=True, hash_in=self.folder)
        return properties, answer.options if answer.HasField("options") else options

    # -- afterwards ----------------------------------------------------------------------------------------------------
    def remember(self, state: State, parent: str) -> None:
        with self._lock:
            self._parents[state.urn] = parent

    def registered(
        self, state: State, goal: Goal, parent: str, providers: dict[str, str], transforms: list[Any]
    ) -> None:
        with self._lock:
            self._goals[state.urn], self._parents[state.urn] = goal, parent
            self._transforms[state.urn] = transforms
            if not goal.custom:
                self._providers[state.urn] = providers


def _aliases(request: Any) -> list[Any]:
    from pulumi.runtime.proto import alias_pb2  # noqa: PLC0415

    return [*(alias_pb2.Alias(urn=urn) for urn in request.aliasURNs), *request.aliases]


def _with_dependencies(properties: Map, by_property: dict[str, dict[str, None]]) -> Map:
    """Values that say themselves what they depend on, so that a transform can move them."""
    found: Map = {}
    for key, value in properties.items():
        own: dict[str, None] = {}
        dependencies_of(value, own)
        wanted = by_property.get(key, {})
        if set(wanted) <= set(own):
            found[key] = value
        elif isinstance(value, Output):
            found[key] = Output(
                value.value, value.known, value.secret, tuple({**dict.fromkeys(value.dependencies), **wanted})
            )
        else:
            found[key] = Output(value, dependencies=tuple(wanted))
    return found


def _apply_options(goal: Goal, options: Any, folder: Path) -> None:
    goal.protect = options.protect if options.HasField("protect") else None
    goal.retain_on_delete = options.retain_on_delete if options.HasField("retain_on_delete") else None
    goal.delete_before_replace = options.delete_before_replace if options.HasField("delete_before_replace") else None
    goal.ignore_changes = list(options.ignore_changes)
    goal.replace_on_changes = list(options.replace_on_changes)
    goal.additional_secret_outputs = list(options.additional_secret_outputs)
    goal.deleted_with = options.deleted_with
    goal.replace_with = list(options.replace_with)
    goal.hide_diff = hidden_paths(list(options.hide_diff))
    goal.id = getattr(options, "import")
    goal.aliases = [_alias(a) for a in options.aliases]
    if options.HasField("replacement_trigger"):
        goal.replacement_trigger = lower_outputs(from_value(options.replacement_trigger, hash_in=folder))
    if options.HasField("custom_timeouts"):
        given = options.custom_timeouts
        timeouts = {name: getattr(given, name) for name in ("create", "update", "delete", "read")}
        goal.custom_timeouts = {name: number(seconds(text)) for name, text in timeouts.items() if text}
    if options.HasField("hooks"):
        named = {kind: list(getattr(options.hooks, name)) for kind, name in zip(KINDS, FIELDS, strict=True)}
        goal.hooks = {kind: names for kind, names in named.items() if names}


def _alias(message: Any) -> Alias:
    if message.WhichOneof("alias") == "urn":
        return Alias(urn=message.urn)
    spec = message.spec
    found = Alias(name=spec.name, type=spec.type, stack=spec.stack, project=spec.project)
    if spec.WhichOneof("parent") == "noParent":
        found.no_parent = spec.noParent
    else:
        found.parent = spec.parentUrn
    return found

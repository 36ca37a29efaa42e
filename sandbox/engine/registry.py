"""Provider resources: loading, configuring and comparing the providers of a run.

It answers for a provider resource as a provider does for any other resource, so a provider is checked, diffed and
created like everything else; what is created is the configured connection that other resources use.
"""

import threading
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from sandbox.engine import urns
from sandbox.engine.builtin import Builtin
from sandbox.engine.errors import EngineError, NotSupportedError, ProviderError
from sandbox.engine.plugin import Diff, Failure, Result
from sandbox.engine.provider import Provider
from sandbox.engine.state import State
from sandbox.engine.urns import UNKNOWN_ID, ProviderRef
from sandbox.engine.values import Map, same
from sandbox.engine.versions import at_least

INTERNAL = "__internal"
_UNCONFIGURED = "unconfigured"
Loaded = Provider | Builtin


def bare(inputs: Map) -> Map:
    """A provider's inputs without what the engine keeps among them."""
    return {k: v for k, v in inputs.items() if k != INTERNAL}


class Registry:
    """The providers of one run, by reference. Threads may ask at once."""

    def __init__(
        self, env: Mapping[str, str], engine_address: str, builtin: Builtin, warn: Callable[[str], None]
    ) -> None:
        self._env, self._address, self._builtin, self._warn = env, engine_address, builtin, warn
        self._found: dict[ProviderRef, Loaded] = {}
        self._aliases: dict[str, str] = {}
        self._loaded: list[Loaded] = []
        self._lock = threading.RLock()

    # -- what a run asks -----------------------------------------------------------------------------------------------
    def get(self, ref: ProviderRef) -> Loaded | None:
        with self._lock:
            return self._found.get(ref)

    def alias(self, urn: str, old: str) -> None:
        with self._lock:
            self._aliases[urn] = old

    def close(self) -> None:
        for provider in self._loaded:
            provider.close()

    def same(self, state: State, *, from_check: bool) -> None:
        """Make usable a provider as it stands in the state. Raises EngineError when it cannot be loaded."""
        if not state.id or state.id == UNKNOWN_ID:
            message = f"provider '{state.urn}' has an unknown ID"
            raise EngineError(message)
        ref = ProviderRef(state.urn, state.id)
        with self._lock:
            if ref in self._found:
                return
            provider = self._take(ProviderRef(state.urn, _UNCONFIGURED)) if from_check else None
            if provider is None:
                provider = self._load(state.urn, state.inputs)
            if isinstance(provider, Provider):
                provider.configure(state.urn, state.id, bare(state.inputs))
            self._put(ref, provider)

    # -- loading -------------------------------------------------------------------------------------------------------
    def _load(self, urn: str, inputs: Map) -> Loaded:
        package = urns.package_of(urns.type_of(urn))
        internal = inputs.get(INTERNAL) or {}
        if isinstance(internal, dict) and "parameterization" in internal:
            feature = f"parameterized providers (package '{package}')"
            raise NotSupportedError(feature)
        if package == "pulumi":
            return self._builtin
        mappings = internal.get("envVarMappings") if isinstance(internal, dict) else None
        if mappings:
            feature = "environment variable mappings of providers"
            raise NotSupportedError(feature)
        provider = Provider(package, self._env, self._address)
        self._loaded.append(provider)
        wanted = inputs.get("version")
        if isinstance(wanted, str) and wanted and not at_least(found := provider.version(), wanted):
            self._warn(
                f"resource plugin {package} is expected to have version >={wanted}, but has {found}; the wrong version "
                "may be on your path, or this may be a bug in the plugin"
            )
        return provider

    def _put(self, ref: ProviderRef, provider: Loaded) -> None:
        self._found[ref] = provider
        if ref.urn in self._aliases:
            self._found[ProviderRef(self._aliases[ref.urn], ref.id)] = provider

    def _take(self, ref: ProviderRef) -> Loaded | None:
        return self._found.pop(ref, None)

    # -- as the manager of provider resources --------------------------------------------------------------------------
    def check(self, urn: str, olds: Map, news: Map, *, preview: bool, seed: bytes = b"") -> tuple[Map, list[Failure]]:
        del preview, seed
        with self._lock:
            provider = self._load(urn, news)
        inputs, failures = bare(news), list[Failure]()
        if isinstance(provider, Provider):
            inputs, failures = provider.check_config(urn, bare(olds), bare(news))
            if failures:
                provider.close()
                return inputs, failures
        with self._lock:
            self._put(ProviderRef(urn, _UNCONFIGURED), provider)
        if "version" in news:
            inputs.setdefault("version", news["version"])
        if INTERNAL in news:
            inputs[INTERNAL] = news[INTERNAL]
        return inputs, failures

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
        del preview
        provider = self.get(ProviderRef(urn, _UNCONFIGURED)) or self.get(ProviderRef(urn, ident))
        if not isinstance(provider, Provider):
            return Diff(some=False)
        diff = provider.diff_config(urn, bare(old_inputs), old_outputs, bare(new_inputs), ignore)
        if diff.some is None:
            diff.some = not same(old_outputs, bare(new_inputs))
        if diff.replace:
            provider.close()
        return diff

    def create(self, urn: str, inputs: Map, *, timeout: float, preview: bool) -> Result:
        del timeout
        ident = UNKNOWN_ID if preview else str(uuid.uuid4())
        with self._lock:
            provider = self._take(ProviderRef(urn, _UNCONFIGURED)) or self._load(urn, inputs)
            if isinstance(provider, Provider):
                provider.configure(urn, ident, bare(inputs))
            self._put(ProviderRef(urn, ident), provider)
        return Result(ident, bare(inputs))

    def update(self, old: State, new: State, *, timeout: float, ignore: list[str], preview: bool) -> Result:
        del timeout, ignore, preview
        with self._lock:
            provider = self._take(ProviderRef(new.urn, _UNCONFIGURED)) or self._load(new.urn, new.inputs)
            if isinstance(provider, Provider):
                provider.configure(new.urn, old.id, bare(new.inputs))
            before = self._found.get(ProviderRef(new.urn, old.id))
            self._put(ProviderRef(new.urn, old.id), provider)
        if before is not None and before is not provider:
            before.close()
        return Result(old.id, bare(new.inputs))

    def delete(self, old: State, *, timeout: float) -> None:
        del timeout
        with self._lock:
            provider = self._take(ProviderRef(old.urn, old.id))
        if provider is not None:
            provider.close()

    def read(self, urn: str, ident: str, inputs: Map | None, state: Map | None, *, timeout: float) -> Result:
        del urn, ident, inputs, state, timeout
        message = "provider resources may not be read"
        raise ProviderError(message)

    def invoke(self, token: str, args: Map, *, preview: bool) -> Any:
        del token, args, preview
        message = "the provider registry is not invokable"
        raise ProviderError(message)

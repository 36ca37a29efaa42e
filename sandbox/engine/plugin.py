"""What the engine asks of whoever manages a resource, and what it is told."""

from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from sandbox.engine.errors import ProviderError
from sandbox.engine.state import State
from sandbox.engine.values import Map, plain, same

_INVERTED = {"add": "delete", "add-replace": "delete-replace", "delete": "add", "delete-replace": "add-replace"}


@dataclass(slots=True)
class Diff:
    """What a provider says of a change. `some` is None when it cannot tell."""

    some: bool | None
    replaces: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    detailed: dict[str, tuple[str, bool]] | None = None
    delete_before_replace: bool = False

    @property
    def replace(self) -> bool:
        return bool(self.some) and bool(self.replaces)

    def inverted(self) -> "Diff":
        if self.detailed is None:
            return self
        return replace(self, detailed={k: (_INVERTED.get(d, d), i) for k, (d, i) in self.detailed.items()})


@dataclass(slots=True)
class Failure:
    """An input that a provider refuses."""

    property: str
    reason: str


@dataclass(slots=True)
class Result:
    """What an operation gave. `init_errors` are given when the object exists but is not ready."""

    id: str = ""
    outputs: Map | None = None
    inputs: Map | None = None
    init_errors: list[str] = field(default_factory=list)
    refresh_before_update: bool = False

    @property
    def partial(self) -> "ProviderError | None":
        if not self.init_errors:
            return None
        count = len(self.init_errors)
        lines = "".join(f"\n\t* {reason}" for reason in self.init_errors)
        return ProviderError(f"{count} error{'s' if count > 1 else ''} occurred:{lines}\n")


class Plugin(Protocol):
    """What the engine asks of whoever manages a resource: a provider, the engine itself, or the provider registry."""

    def check(
        self, urn: str, olds: Map, news: Map, *, preview: bool, seed: bytes = b""
    ) -> tuple[Map, list[Failure]]: ...

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
    ) -> Diff: ...

    def create(self, urn: str, inputs: Map, *, timeout: float, preview: bool) -> Result: ...

    def read(self, urn: str, ident: str, inputs: Map | None, state: Map | None, *, timeout: float) -> Result: ...

    def update(self, old: State, new: State, *, timeout: float, ignore: list[str], preview: bool) -> Result: ...

    def delete(self, old: State, *, timeout: float) -> None: ...

    def invoke(self, token: str, args: Map, *, preview: bool) -> tuple[Map, list[Failure]]: ...


class DiffUnavailableError(Exception):
    """The provider has inputs that are not known in a preview, so it cannot compare."""

    def __init__(self) -> None:
        super().__init__(
            "The provider for this resource has inputs that are not known during preview.\n"
            "This preview may not correctly represent the changes that will be applied during an update."
        )


def diff_values(old: Map, new: Map) -> Diff:
    """The engine's own comparison, for providers that leave it to the engine."""
    olds, news = plain(old), plain(new)
    detailed: dict[str, tuple[str, bool]] = {}
    for key in sorted(set(olds) | set(news)):
        if key not in olds:
            detailed[key] = ("add", True)
        elif key not in news:
            detailed[key] = ("delete", True)
        elif not same(olds[key], news[key]):
            _leaves(key, olds[key], news[key], detailed)
    changed = sorted(k for k in set(olds) | set(news) if k not in olds or k not in news or not same(olds[k], news[k]))
    return Diff(bool(detailed), changed=changed, detailed=detailed or None)


def _leaves(path: str, old: Any, new: Any, found: dict[str, tuple[str, bool]]) -> None:
    if isinstance(old, dict) and isinstance(new, dict):
        for key in sorted(set(old) | set(new)):
            inner = f"{path}.{key}"
            if key not in old or key not in new:
                found[inner] = ("add" if key not in old else "delete", True)
            elif not same(old[key], new[key]):
                _leaves(inner, old[key], new[key], found)
    elif isinstance(old, list) and isinstance(new, list):
        for index in range(max(len(old), len(new))):
            inner = f"{path}[{index}]"
            if index >= len(old) or index >= len(new):
                found[inner] = ("add" if index >= len(old) else "delete", True)
            elif not same(old[index], new[index]):
                _leaves(inner, old[index], new[index], found)
    else:
        found[path] = ("update", True)

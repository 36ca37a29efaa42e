"""The checkpoint file: what stands in it, put together from the JSON of each resource."""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from sandbox.engine import gojson
from sandbox.engine.passphrase import Crypter
from sandbox.engine.state import Operation, Snapshot, State, now, resource_json

Json = Any
VERSION = "v3.260.0"
MAGIC = hashlib.sha256(VERSION.encode()).hexdigest()
PAGE = 64  # resources
dumps: Callable[[Json], str] = gojson.compact


Renamed = Mapping[str, str]  # URNs that resources had before an alias found them, and those that they have now


def encoded(state: State, crypter: Crypter, renamed: Renamed) -> str:
    """The JSON of a resource, made once; whoever changes the resource, or renames what it refers to, forgets it."""
    if state.encoded is None:
        found = resource_json(state, crypter.seal)
        if renamed:
            _follow_names(found, renamed)
        state.encoded = dumps(found)
    return state.encoded


def _follow_names(found: dict[str, Json], renamed: Renamed) -> None:
    """Let a resource refer to others by the URNs that they have now: those that they had are in the state no more."""
    for key in ("parent", "deletedWith"):
        if key in found:
            found[key] = renamed.get(found[key], found[key])
    for key in ("dependencies", "replaceWith"):
        if key in found:
            found[key] = [renamed.get(urn, urn) for urn in found[key]]
    if "propertyDependencies" in found:
        needed = found["propertyDependencies"].items()
        found["propertyDependencies"] = {key: [renamed.get(urn, urn) for urn in urns_] for key, urns_ in needed}
    if "provider" in found:
        urn, _, ident = found["provider"].rpartition("::")
        found["provider"] = f"{renamed.get(urn, urn)}::{ident}"


def operation(begun: Operation, crypter: Crypter, renamed: Renamed | None = None) -> str:
    """The JSON of an operation that has begun, with its resource as it is now."""
    return f'{{"resource":{encoded(begun.resource, crypter, renamed or {})},"type":"{begun.type}"}}'


def features_of(resources: Iterable[State]) -> set[str]:
    """What a reader must understand beyond version 3."""
    found = set()
    for state in resources:
        if state.hooks:
            found.add("hooks")
        if state.replace_with:
            found.add("replaceWith")
        if state.taint:
            found.add("taint")
        if state.refresh_before_update:
            found.add("refreshBeforeUpdate")
        if "viewOf" in state.extra:
            found.add("views")
    return found


class Page:
    """Some resources that follow each other, and their JSON while none of them has changed."""

    __slots__ = ("features", "states", "text")

    def __init__(self) -> None:
        self.states: list[State] = []
        self.text: bytes | None = None
        self.features: set[str] = set()


class Pages:
    """Resources in the order of the file, by pages: a change costs the JSON of one page, not of all resources."""

    def __init__(self, crypter: Crypter, states: Iterable[State] = (), renamed: Renamed | None = None) -> None:
        self._crypter, self._renamed = crypter, renamed if renamed is not None else {}
        self._pages: list[Page] = []
        self._page_of: dict[int, Page] = {}
        for state in states:
            self.append(state)

    def __contains__(self, state: State) -> bool:
        return id(state) in self._page_of

    def append(self, state: State) -> None:
        if not self._pages or len(self._pages[-1].states) == PAGE:
            self._pages.append(Page())
        page = self._pages[-1]
        page.states.append(state)
        page.text = None
        self._page_of[id(state)] = page

    def remove(self, state: State) -> None:
        page = self._page_of.pop(id(state), None)
        if page is not None:
            page.states.remove(state)
            page.text = None

    def changed(self, state: State) -> None:
        """Forget the JSON of a resource, whether it stands here or not."""
        state.encoded = None
        page = self._page_of.get(id(state))
        if page is not None:
            page.text = None

    def written(self) -> tuple[list[bytes], set[str]]:
        """The JSON of all pages that hold anything, and the features of what is in them."""
        texts, features = [], set[str]()
        for page in self._pages:
            if page.text is None:
                page.text = ",".join([encoded(s, self._crypter, self._renamed) for s in page.states]).encode()
                page.features = features_of(page.states)
            if page.text:
                texts.append(page.text)
                features |= page.features
        return texts, features


def parts(pages: Iterable[Pages], pending: Iterable[str], about: Snapshot, stack: str) -> list[bytes]:
    """
    The file in pieces. `pending` is the JSON of operations, `about` what else is known of the state, `stack` the
    stack's full name.
    """
    texts, features = list[bytes](), set[str]()
    for one in pages:
        texts_of, features_of_them = one.written()
        texts += texts_of
        features |= features_of_them
    version = '{"version":4,"features":' + dumps(sorted(features)) if features else '{"version":3'
    manifest = {"time": now(), "magic": MAGIC, "version": VERSION}
    head = f'{version},"checkpoint":{{"stack":{dumps(stack)},"latest":{{"manifest":{dumps(manifest)}'
    if about.secrets_provider:
        head += ',"secrets_providers":' + dumps(about.secrets_provider)
    tail = "]" if texts else ""
    if begun := ",".join(pending):
        tail += f',"pending_operations":[{begun}]'
    tail += ',"metadata":' + dumps(about.metadata)
    for key, value in about.extra.items():
        tail += f",{dumps(key)}:{dumps(value)}"
    pieces = [head.encode()]
    for position, text in enumerate(texts):
        pieces += [b"," if position else b',"resources":[', text]
    return [*pieces, tail.encode() + b"}}}"]


def document(snapshot: Snapshot, stack: str, crypter: Crypter) -> bytes:
    """The whole file of a state at rest; `stack` is its full name."""
    pending = [operation(o, crypter) for o in snapshot.pending]
    return b"".join(parts([Pages(crypter, snapshot.resources)], pending, snapshot, stack))

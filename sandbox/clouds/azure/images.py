"""
What lies in the registries of a world: a copy in each region of a registry, in memory.

A push goes into the copy that answered it and from there to the others a little later, each way in its order. What was
not yet copied when its region was lost is missing until that region is back.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from sandbox.clouds.azure.crossing import Crossing

if TYPE_CHECKING:
    from sandbox.clouds.context import Context

COPY_SECONDS = 5.0
"""From a push until it is in another region, before the world's pace (assumed: small images within a region pair)."""


@dataclass(frozen=True)
class Allowed:
    """What may still be done with a manifest or a tag: they are locked by taking away `write` and `delete`."""

    delete: bool = True
    write: bool = True
    list: bool = True
    read: bool = True


@dataclass(frozen=True)
class Manifest:
    digest: str
    media_type: str
    data: bytes = field(repr=False)
    at: float
    allowed: Allowed = field(default_factory=Allowed)


@dataclass(frozen=True)
class Tag:
    digest: str
    created: float
    at: float
    allowed: Allowed = field(default_factory=Allowed)


@dataclass
class Repository:
    """Manifests and blobs by digest, tags by name. A manifest without a tag stays."""

    manifests: dict[str, Manifest] = field(default_factory=dict)
    tags: dict[str, Tag] = field(default_factory=dict)
    blobs: dict[str, bytes] = field(default_factory=dict, repr=False)

    def digest(self, reference: str) -> str | None:
        """The digest that a tag or a digest stands for, where there is a manifest of it."""
        tag = self.tags.get(reference)
        found = tag.digest if tag is not None else reference
        return found if found in self.manifests else None

    def part(self, digest: str) -> Repository:
        """The manifest with all that it names, without tags. Raises KeyError for one that is not there."""
        found = Repository({digest: self.manifests[digest]})
        for named in named_by(self.manifests[digest].data):
            if named in self.manifests:
                below = self.part(named)
                found.manifests |= below.manifests
                found.blobs |= below.blobs
            elif named in self.blobs:
                found.blobs[named] = self.blobs[named]
        return found

    def put_manifest(self, manifest: Manifest) -> None:
        self.manifests.setdefault(manifest.digest, manifest)

    def put_tag(self, name: str, digest: str, at: float) -> None:
        """Where two regions moved a tag at once, the later one counts."""
        before = self.tags.get(name)
        if before is None or before.at <= at:
            self.tags[name] = Tag(digest, before.created if before else at, at, before.allowed if before else Allowed())

    def remove_manifest(self, digest: str) -> None:
        """With all tags that name it."""
        self.manifests.pop(digest, None)
        self.tags = {name: tag for name, tag in self.tags.items() if tag.digest != digest}


Copy = dict[str, Repository]
"""The repositories of a registry in one region, by name."""
Change = Callable[[Copy], None]


class ImageStore:
    """
    By registry and region. `lock` is held from a look at a copy to the change that hangs on it. `sick` are the
    (registry, region) whose copy answers nothing but errors, while everything else of the region is well.
    """

    def __init__(self, context: Context) -> None:
        self.lock = threading.RLock()
        self.sick: set[tuple[str, str]] = set()
        self._crossing = Crossing(context, "registry copies", self.lock)
        self._copies: dict[str, dict[str, Copy]] = {}

    def copy(self, registry: str, region: str) -> Copy:
        with self.lock:
            return self._copies[registry.lower()][region]

    def add(self, registry: str, region: str) -> None:
        """Have a copy there. It is filled from one that is there already."""
        with self.lock:
            copies = self._copies.setdefault(registry.lower(), {})
            if region in copies:
                return
            source = next(iter(copies), None)
            copies[region] = {}
            if source is not None:
                there = copies[source]
                self._send(registry.lower(), source, [region], lambda copy: _fill(copy, there))

    def remove(self, registry: str, region: str) -> None:
        with self.lock:
            self._copies.get(registry.lower(), {}).pop(region, None)

    def forget(self, registry: str) -> None:
        with self.lock:
            self._copies.pop(registry.lower(), None)

    def change(self, registry: str, region: str, change: Change) -> None:
        """Do it to the copy there at once, and to all others when it has come to them."""
        with self.lock:
            copies = self._copies[registry.lower()]
            change(copies[region])
            self._send(registry.lower(), region, [each for each in copies if each != region], change)

    def is_in_step(self, registry: str, region: str) -> bool:
        """Has everything that was sent to this copy arrived?"""
        with self.lock:
            sources = self._copies.get(registry.lower(), {})
            return all(self._crossing.oldest((registry.lower(), source, region)) is None for source in sources)

    # between regions --------------------------------------------------------------------------------------------------
    def _send(self, registry: str, source: str, targets: Iterable[str], change: Change) -> None:
        for target in targets:
            arrives = partial(self._arrives, registry, target, change)
            self._crossing.send((registry, source, target), source, target, arrives, seconds=COPY_SECONDS)

    def _arrives(self, registry: str, region: str, change: Change) -> None:
        copies = self._copies.get(registry, {})
        if region in copies:
            change(copies[region])


def named_by(manifest: bytes) -> list[str]:
    """The digests that a manifest names: of its configuration and layers, or of the manifests of an index."""
    document = json.loads(manifest)
    named = [document.get("config") or {}, *(document.get("layers") or ()), *(document.get("manifests") or ())]
    return [str(each["digest"]) for each in named if each.get("digest")]


def _fill(copy: Copy, there: Copy) -> None:
    for name, repository in there.items():
        mine = copy.setdefault(name, Repository())
        mine.blobs |= repository.blobs
        for manifest in repository.manifests.values():
            mine.put_manifest(manifest)
        for tag, found in repository.tags.items():
            mine.put_tag(tag, found.digest, found.at)

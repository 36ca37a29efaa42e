"""Objects with resource versions, and what happened to them, so that watches miss nothing."""

import copy
import itertools
import threading
import uuid
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sandbox.clouds.kubernetes.errors import ApiError, already_exists, conflict, not_found
from sandbox.clouds.kubernetes.kinds import Kind

Object = dict[str, Any]
Key = tuple[Kind, str, str]

REMEMBERED_EVENTS = 2000


@dataclass(frozen=True)
class Event:
    version: int
    type: str  # ADDED, MODIFIED, DELETED
    kind: Kind
    object: Object


def now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class Store:
    """All objects of one cluster. What it gives back are copies."""

    def __init__(self) -> None:
        self._objects: dict[Key, Object] = {}
        self._versions = itertools.count(1)
        self._last = 0
        self._events: deque[Event] = deque(maxlen=REMEMBERED_EVENTS)
        self.changed = threading.Condition(threading.RLock())

    @property
    def version(self) -> int:
        return self._last

    def get(self, kind: Kind, namespace: str, name: str) -> Object:
        """Raises ApiError 404."""
        with self.changed:
            found = self._objects.get((kind, namespace, name))
            if found is None:
                raise not_found(kind, name)
            return copy.deepcopy(found)

    def list(self, kind: Kind, namespace: str | None) -> tuple[list[Object], int]:
        """The objects in the order of their names (of all namespaces for None), and the version of the whole."""
        with self.changed:
            found = [
                copy.deepcopy(item)
                for (k, ns, _), item in sorted(self._objects.items(), key=lambda entry: entry[0][1:])
                if k == kind and namespace in (None, ns)
            ]
            return found, self._last

    def create(self, kind: Kind, namespace: str, name: str, item: Object) -> Object:
        with self.changed:
            key = (kind, namespace, name)
            if key in self._objects:
                raise already_exists(kind, name)
            metadata = item["metadata"]
            metadata["uid"] = str(uuid.uuid4())
            metadata["creationTimestamp"] = now()
            if kind.has_spec:
                metadata["generation"] = 1
            return self._put(key, item, "ADDED")

    def update(self, kind: Kind, namespace: str, name: str, change: Callable[[Object], Object]) -> Object:
        """
        Replace the object by what `change` makes of a copy of it, in one step.

        A resourceVersion that `change` gives and that is not the present one is a conflict. Nothing happens when
        nothing changed.
        """
        with self.changed:
            present = self._objects.get((kind, namespace, name))
            if present is None:
                raise not_found(kind, name)
            after = change(copy.deepcopy(present))
            metadata, old = after.setdefault("metadata", {}), present["metadata"]
            wanted = metadata.get("resourceVersion")
            if wanted and wanted != old["resourceVersion"]:
                raise conflict(
                    kind, name, "the object has been modified; please apply your changes to the latest version"
                )
            if metadata.get("uid") and metadata["uid"] != old["uid"]:
                raise conflict(kind, name, "Precondition failed: the UID in the request is not that of the object")
            for kept in ("uid", "creationTimestamp", "resourceVersion", "generation", "deletionTimestamp"):
                if kept in old:
                    metadata[kept] = old[kept]
            if after == present:
                return copy.deepcopy(present)
            if kind.has_spec and after.get("spec") != present.get("spec"):
                metadata["generation"] = old.get("generation", 1) + 1
            return self._put((kind, namespace, name), after, "MODIFIED")

    def delete(self, kind: Kind, namespace: str, name: str, preconditions: dict[str, Any] | None = None) -> Object:
        with self.changed:
            present = self.get(kind, namespace, name)
            for field in ("uid", "resourceVersion"):
                wanted = (preconditions or {}).get(field)
                if wanted and wanted != present["metadata"][field]:
                    raise conflict(kind, name, f"Precondition failed: {field} in the request is not that of the object")
            del self._objects[kind, namespace, name]
            self._record(Event(next(self._versions), "DELETED", kind, present))
            return present

    def _put(self, key: Key, item: Object, type_: str) -> Object:
        version = next(self._versions)
        item["metadata"]["resourceVersion"] = str(version)
        self._objects[key] = item
        self._record(Event(version, type_, key[0], copy.deepcopy(item)))
        return copy.deepcopy(item)

    def _record(self, event: Event) -> None:
        self._last = event.version
        event.object["metadata"]["resourceVersion"] = str(event.version)
        self._events.append(event)
        self.changed.notify_all()

    def events_after(self, version: int) -> Iterator[Event]:
        """Raises ApiError 410 when they are not remembered any more."""
        with self.changed:
            oldest = self._events[0].version if self._events else self._last + 1
            if version + 1 < oldest:
                raise ApiError(410, "Expired", f"too old resource version: {version} ({oldest})")
            return iter([event for event in self._events if event.version > version])

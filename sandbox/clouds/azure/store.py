"""All resources of a world's subscriptions, by their IDs."""

import threading
from collections.abc import Iterable

from sandbox.clouds.azure.ids import ResourceId, group_text, parse
from sandbox.clouds.azure.kind import Record


class Store:
    """`lock` is held while something is looked at and changed in one."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self._records: dict[str, Record] = {}

    def find(self, identity: ResourceId | str) -> Record | None:
        return self._records.get(identity.key if isinstance(identity, ResourceId) else identity.lower())

    def keep(self, record: Record) -> None:
        with self.lock:
            self._records[record.id.key] = record

    def forget(self, identity: ResourceId | str) -> None:
        with self.lock:
            self._records.pop(identity.key if isinstance(identity, ResourceId) else identity.lower(), None)

    def rename(self, record: Record, identity: ResourceId) -> None:
        """Have a resource under another ID, with nothing in between."""
        with self.lock:
            self._records.pop(record.id.key, None)
            record.id = identity
            self._records[identity.key] = record

    def of_type(self, kind: str) -> list[Record]:
        wanted = kind.lower()
        with self.lock:
            return [each for each in self._records.values() if each.id.type.lower() == wanted]

    def below(self, scope: str) -> list[Record]:
        """All whose ID begins with that of a scope, it itself left out."""
        start = f"{scope.lower().rstrip('/')}/"
        with self.lock:
            return [each for key, each in self._records.items() if key.startswith(start)]

    def children(self, record: Record, kind: str) -> list[Record]:
        return [each for each in self.below(record.id.text) if each.id.type.lower() == kind.lower()]

    def group_of(self, identity: ResourceId) -> Record | None:
        return self.find(group_text(identity.subscription, identity.group))

    def region_of(self, record: Record) -> str | None:
        """The region it lies in: its own, or that of what it belongs to. None: it is global."""
        found: Record | None = record
        above = record.id.parent
        while above is not None and not (found is not None and found.location):
            found, above = self.find(above), parse(above).parent
        location = found.location if found is not None else ""
        return None if location in {"", "global"} else location

    def all(self) -> Iterable[Record]:
        with self.lock:
            return list(self._records.values())

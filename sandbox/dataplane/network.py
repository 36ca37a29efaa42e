"""Which byte may go where now: dead and unreachable regions, cut and slow links, silent control planes."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass

from sandbox.dataplane.addresses import OUTSIDE
from sandbox.dataplane.regions import Host


@dataclass(frozen=True)
class Way:
    """One direction, by who opens the connection: from a source into a region."""

    cut: bool = False
    delay_seconds: float = 0.0


class WorldNetwork:
    """`sandbox.fabric.Network`, and the hands that change it. A way belongs to whoever opens the connection."""

    def __init__(self, hosts: Mapping[str, Host]) -> None:
        self._hosts = hosts
        self._ways: dict[tuple[str, str], Way] = {}
        self._isolated: set[str] = set()
        self._silent: set[str] = set()
        self._full: set[str] = set()
        self._frozen = False
        self._lies: dict[str, bool] = {}
        self._lock = threading.Lock()

    # what is asked

    def allowed(self, source: str, target: str) -> bool:
        return self.region_is_up(target) and not self._cut(source, target)

    def hangs(self, source: str, target: str) -> bool:
        return self._cut(source, target) or target in self._silent

    def region_is_up(self, region: str) -> bool:
        return region == OUTSIDE or self._hosts[region].up

    def control_plane_answers(self, region: str) -> bool:
        return self.region_is_up(region) and region not in self._silent

    def has_capacity(self, region: str) -> bool:
        return region not in self._full

    def global_is_frozen(self) -> bool:
        return self._frozen

    def health_lie(self, name: str) -> bool | None:
        """What the health check of this name says whatever is true, or None when it tells the truth."""
        return self._lies.get(name)

    def _cut(self, source: str, target: str) -> bool:
        if source == target:
            return False
        return not self._isolated.isdisjoint((source, target)) or self._ways.get((source, target), Way()).cut

    # what is done to it

    def set_way(self, source: str, target: str, *, cut: bool | None = None, delay_seconds: float | None = None) -> None:
        with self._lock:
            old = self._ways.get((source, target), Way())
            new = Way(old.cut if cut is None else cut, old.delay_seconds if delay_seconds is None else delay_seconds)
            self._ways[(source, target)] = new
        self.tell(target)

    def isolate(self, region: str, isolated: bool) -> None:
        """A region that runs on and that nothing reaches or leaves: a black hole, seen from elsewhere."""
        (self._isolated.add if isolated else self._isolated.discard)(region)
        for name in self._hosts:
            self.tell(name)

    def silence(self, region: str, silent: bool) -> None:
        (self._silent.add if silent else self._silent.discard)(region)

    def fill(self, region: str, full: bool) -> None:
        (self._full.add if full else self._full.discard)(region)

    def freeze(self, frozen: bool) -> None:
        self._frozen = frozen

    def lie(self, name: str, says: bool | None) -> None:
        if says is None:
            self._lies.pop(name, None)
        else:
            self._lies[name] = says

    def tell(self, region: str) -> None:
        """Bring a region's gates up to date."""
        host = self._hosts[region]
        if not host.up:
            return
        for source in (OUTSIDE, *self._hosts):
            way = self._ways.get((source, region), Way())
            host.call("link", source=source, cut=self._cut(source, region), delay_seconds=way.delay_seconds)

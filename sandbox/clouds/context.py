"""What every overlay may reach."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from sandbox.clouds.names import Names
from sandbox.clouds.ports import Ports
from sandbox.fabric import Fabric
from sandbox.peers import Admits, admits

log = logging.getLogger(__name__)

Part = TypeVar("Part")


@dataclass
class Context:
    """
    The world as an overlay needs it.

    pace: how many times faster than a real cloud the cloud's own waiting runs (health-check intervals, alarm periods).
    admits: which users of this machine may speak to the control planes.
    """

    fabric: Fabric
    names: Names
    ports: Ports
    pace: float = 1.0
    admits: Admits = field(default_factory=admits)
    stopping: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)
    _lock: threading.RLock = field(default_factory=threading.RLock)
    _parts: dict[type, Any] = field(default_factory=dict)

    def one(self, part: type[Part]) -> Part:
        """The one `part` of this world, made when it is first asked for."""
        with self._lock:
            if part not in self._parts:
                make: Any = part
                self._parts[part] = make(self)
            found: Part = self._parts[part]
            return found

    def keep(self, part: object) -> None:
        """Make `part` the one of its type."""
        with self._lock:
            self._parts[type(part)] = part

    def background(self, name: str, work: Callable[[], object]) -> None:
        """Do slow work beside the API call that asked for it, as a cloud does. `work` handles its own failures."""
        thread = threading.Thread(target=work, name=name, daemon=True)
        with self._lock:
            thread.start()  # before `stop` can see it, which waits for its end
            self._threads = [*(t for t in self._threads if t.is_alive()), thread]

    def stop(self, timeout: float = 5.0) -> None:
        self.stopping.set()
        with self._lock:
            threads = list(self._threads)
        for thread in threads:
            thread.join(timeout)
            if thread.is_alive():
                log.warning("%s is still at work", thread.name)

"""What the program asks for: registrations, reads and outputs, and the answer each waits for."""

import threading
from dataclasses import dataclass, field

from sandbox.engine import urns
from sandbox.engine.errors import CancelledRunError
from sandbox.engine.state import State
from sandbox.engine.values import Map, Value


@dataclass(slots=True)
class Alias:
    """Another name that a resource had. A full `urn`, or the parts that differ."""

    urn: str = ""
    name: str = ""
    type: str = ""
    stack: str = ""
    project: str = ""
    parent: str = ""
    no_parent: bool = False


@dataclass(slots=True)
class Goal:
    """A resource as the program wants it. `protect` and the like are None where the program says nothing."""

    type: str
    name: str
    custom: bool
    properties: Map = field(default_factory=dict)
    parent: str = ""
    dependencies: list[str] = field(default_factory=list)
    provider: str = ""
    property_dependencies: dict[str, list[str]] = field(default_factory=dict)
    protect: bool | None = None
    delete_before_replace: bool | None = None
    ignore_changes: list[str] = field(default_factory=list)
    additional_secret_outputs: list[str] = field(default_factory=list)
    aliases: list[Alias] = field(default_factory=list)
    id: str = ""
    custom_timeouts: dict[str, float] = field(default_factory=dict)
    replace_on_changes: list[str] = field(default_factory=list)
    replacement_trigger: Value = None
    retain_on_delete: bool | None = None
    deleted_with: str = ""
    replace_with: list[str] = field(default_factory=list)
    hide_diff: list[str] = field(default_factory=list)
    source_position: str = ""
    stack_trace: list[str] = field(default_factory=list)
    hooks: dict[str, list[str]] = field(default_factory=dict)

    def state(self, urn: str, old: State | None) -> State:
        """The state this goal leads to, with nothing yet of what the provider gives."""
        return State(
            urn=urn,
            type=self.type,
            custom=self.custom,
            inputs=self.properties,
            parent=self.parent,
            protect=bool(self.protect),
            dependencies=self.dependencies,
            provider=self.provider,
            property_dependencies=self.property_dependencies,
            additional_secret_outputs=self.additional_secret_outputs,
            custom_timeouts=self.custom_timeouts,
            import_id=self.id,
            retain_on_delete=bool(self.retain_on_delete),
            deleted_with=self.deleted_with,
            replace_with=self.replace_with,
            created=old.created if old else "",
            modified=old.modified if old else "",
            source_position=self.source_position,
            stack_trace=self.stack_trace,
            ignore_changes=self.ignore_changes,
            hide_diff=self.hide_diff,
            replace_on_changes=self.replace_on_changes,
            replacement_trigger=self.replacement_trigger,
            hooks=self.hooks,
            refresh_before_update=old.refresh_before_update if old else False,
        )


class Waiting:
    """A request of the program that waits for its step. Settled once: with a state, or because the run ends."""

    def __init__(self) -> None:
        self.state: State | None = None
        self.result = "success"
        self.unknown = False
        self._settled = threading.Event()
        self._cancelled = False

    def done(self, state: State, *, result: str = "success", unknown: bool = False) -> None:
        self.state, self.result, self.unknown = state, result, unknown
        self._settled.set()

    def cancel(self) -> None:
        if not self._settled.is_set():
            self._cancelled = True
            self._settled.set()

    @property
    def settled(self) -> bool:
        return self._settled.is_set()

    def wait(self) -> State:
        """The state that came of it. Raises CancelledRunError when the run ended before."""
        self._settled.wait()
        if self._cancelled or self.state is None:
            raise CancelledRunError
        return self.state


class Registration(Waiting):
    """A resource to be registered."""

    def __init__(self, goal: Goal) -> None:
        super().__init__()
        self.goal = goal


@dataclass(slots=True)
class ReadGoal:
    """An existing object that the program wants to see, without owning it."""

    type: str
    name: str
    id: str
    properties: Map
    parent: str
    provider: str
    dependencies: list[str]
    additional_secret_outputs: list[str]
    source_position: str
    stack_trace: list[str]

    def state(self, urn: str) -> State:
        return State(
            urn=urn,
            type=self.type,
            custom=True,
            id=self.id,
            inputs=self.properties,
            parent=self.parent,
            external=True,
            dependencies=self.dependencies,
            provider=self.provider,
            additional_secret_outputs=self.additional_secret_outputs,
            source_position=self.source_position,
            stack_trace=self.stack_trace,
        )


class Reading(Waiting):
    """An object to be read."""

    def __init__(self, goal: ReadGoal) -> None:
        super().__init__()
        self.goal = goal


def seconds(text: str) -> float:
    """A Go duration such as `1h30m` in seconds. Raises ValueError when it is none."""
    units = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
    total, number, rest = 0.0, "", text
    while rest:
        number = ""
        while rest and (rest[0].isdigit() or rest[0] == "."):
            number, rest = number + rest[0], rest[1:]
        unit = next((u for u in ("ms", "us", "µs", "ns", "h", "m", "s") if rest.startswith(u)), None)
        if not number or unit is None:
            message = f"unable to parse customTimeout value {text!r}"
            raise ValueError(message)
        total, rest = total + float(number) * units[unit], rest[len(unit) :]
    return total


def urn_for(goal: Goal | ReadGoal, stack: str, project: str) -> str:
    return urns.make(stack, project, urns.parent_type_of(goal.parent), goal.type, goal.name)

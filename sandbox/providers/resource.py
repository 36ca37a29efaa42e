"""What a provider knows of one resource type: data first, then the calls that make it so."""

import random
from collections.abc import Mapping
from typing import Any, ClassVar

from sandbox.providers.values import Properties


class Refused(Exception):
    """The cloud, or the provider before it, said no. The text goes to the person."""


class HalfMade(Exception):
    """The object exists under `id`, but is not what was asked for. `reason` says why."""

    def __init__(self, identity: str, reason: str) -> None:
        super().__init__(reason)
        self.identity = identity
        self.reason = reason


class Resource:
    """
    One resource type.

    type_name    e.g. aws:rds/instance:Instance
    sdk          (module, class) in the SDK, whose argument types say what is accepted; None: anything
    create_only  properties whose change replaces the object; "a.b" speaks of all below a.b
    name         the property that is made up from the resource's name when it is not given
    defaults     inputs that Check adds, as the real provider does
    computed     outputs that the cloud decides, unknown in the preview of a creation
    secret       outputs that are secret whatever the inputs were
    write_only   inputs that the cloud does not give back
    """

    type_name: str
    sdk: tuple[str, str] | None
    create_only: frozenset[str] = frozenset()
    name: ClassVar[str | None] = None
    name_pattern: ClassVar[str] = "{name}-{suffix}"
    defaults: ClassVar[Mapping[str, Any]] = {}
    computed: ClassVar[tuple[str, ...]] = ()
    secret: frozenset[str] = frozenset()
    write_only: frozenset[str] = frozenset()

    def check(self, inputs: Properties, old: Properties) -> list[tuple[str, str]]:
        """What the real provider refuses before it asks the cloud, as (property, reason)."""
        return []

    def create(self, inputs: Properties) -> str:
        """Make it; give back its id. Raises Refused, or HalfMade if something is left behind."""
        raise NotImplementedError

    def read(self, identity: str, state: Properties) -> Properties | None:
        """Its inputs as they are now, and its outputs. None: there is no such object."""
        raise NotImplementedError

    def update(self, identity: str, old: Properties, new: Properties, changed: frozenset[str]) -> None:
        """Bring it from `old` inputs to `new`; `changed` are the top-level properties that differ."""
        raise Refused(f"{self.type_name} cannot be updated in place")

    def delete(self, identity: str, state: Properties) -> None:
        """Remove it; an object that is gone already is no error."""
        raise NotImplementedError

    def as_outputs(self, inputs: Properties) -> Properties:
        """Inputs in the shape in which outputs have them."""
        return inputs

    def as_inputs(self, outputs: Properties, declared: Properties) -> Properties:
        """The other way round, as the program declared them."""
        return outputs

    def compared(self, inputs: Properties) -> Properties:
        """The inputs as they are compared, without what makes no difference to the cloud."""
        return inputs

    def replaces(self, path: str) -> bool:
        """Does a change at `path` need a new object?"""
        return any(
            path == only or path.startswith((f"{only}.", f"{only}[")) or only == "*" for only in self.create_only
        )

    def clashes(self, old: Properties, new: Properties) -> bool:
        """Can the old and the new object not be there at once, so that the old one has to go first?"""
        return self.name is not None and old.get(self.name) == new.get(self.name)

    def give_name(self, logical: str, seed: bytes, new: Properties, old: Properties) -> None:
        """Make up a name where none is given, the same as before where there was one."""
        if self.name is None or new.get(self.name) is not None:
            return
        suffix = "".join(random.Random(seed).choices("0123456789abcdef", k=7))
        new[self.name] = old.get(self.name) or self.name_pattern.format(name=logical, suffix=suffix)

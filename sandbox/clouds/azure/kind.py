"""What the Resource Manager knows of one type of resource: data first, then what makes it real."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar

from sandbox.clouds.azure.errors import ArmError, not_done
from sandbox.clouds.azure.ids import ResourceId

if TYPE_CHECKING:
    from sandbox.clouds.azure.store import Store
    from sandbox.clouds.azure.world import AzureWorld

Body = dict[str, Any]
ABSENT: Any = object()


@dataclass
class Record:
    """
    A resource as it is. `body` is what its owner asked for, without secrets; `held` what the service knows beside it.
    `busy` says what is being done to it, "" when nothing is; `failure` why the last of it failed.
    """

    id: ResourceId
    body: Body
    held: Body = field(default_factory=dict)
    busy: str = ""
    failure: str = ""
    created: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def properties(self) -> Body:
        found: Body = self.body.setdefault("properties", {})
        return found

    @property
    def location(self) -> str:
        return plain_location(str(self.body.get("location") or ""))


Action = Callable[[Record, Any], Any]
"""POST: (resource, body) -> the answer, or the work to be done beside (a function) with 202. Raises ArmError."""


class Kind:
    """
    One type.

    type         Microsoft.X/a/b, as the cloud writes it
    versions     the api-versions that are answered
    create_only  paths in the body that cannot change ("properties.backup.geoRedundantBackup")
    defaults     what the service fills in, by path
    one_way      values that cannot be left again, by path
    secret       paths that are taken and never given back
    regional     it lies where `location` says; else it is global, or lies where its parent does
    is_long      PUT, PATCH and DELETE are long-running operations
    takes_capacity  creating or writing one needs room in its region
    is_global    it lies in no region: what changes it stops when the global control planes are frozen
    """

    type: ClassVar[str]
    versions: ClassVar[tuple[str, ...]]
    create_only: ClassVar[tuple[str, ...]] = ()
    defaults: ClassVar[Mapping[str, Any]] = {}
    one_way: ClassVar[Mapping[str, tuple[Any, ...]]] = {}
    secret: ClassVar[tuple[str, ...]] = ()
    regional: ClassVar[bool] = False
    is_long: ClassVar[bool] = False
    takes_capacity: ClassVar[bool] = False
    is_global: ClassVar[bool] = False
    taken_methods: ClassVar[tuple[str, ...]] = ("GET", "PUT", "PATCH", "DELETE")
    created_status: ClassVar[int] = 201

    def __init__(self, world: AzureWorld) -> None:
        self.world = world

    @property
    def store(self) -> Store:
        return self.world.store

    # what a type may add ----------------------------------------------------------------------------------------------
    def check(self, new: Record, old: Record | None) -> None:
        """What the service refuses of a PUT or PATCH, before anything is kept. Raises ArmError."""

    def settle(self, record: Record, old: Record | None) -> None:
        """Make it so, outside of any lock. Raises FabricError or ArmError."""

    def check_gone(self, record: Record) -> None:
        """Why it cannot be deleted. Raises ArmError."""

    def remove(self, record: Record) -> None:
        """Take away what is behind it. Raises FabricError or ArmError."""

    def shown(self, record: Record) -> Body:
        """What is added to its properties in every answer."""
        return {"provisioningState": record.busy or ("Failed" if record.failure else "Succeeded")}

    def shown_beside(self, record: Record) -> Body:
        """What is added at the top of every answer."""
        return {}

    def expanded(self, record: Record, what: str) -> Body:
        """What is added to its properties where it is asked for with `$expand`. Raises ArmError."""
        raise not_done(f"$expand={what} of {self.type}")

    def actions(self) -> Mapping[str, Action]:
        return {}

    def managed_in(self, record: Record) -> str | None:
        """The region whose control plane does what is asked of it; None: a global one."""
        return self.store.region_of(record)

    def subnet_changed(self, identity: str) -> None:
        """A subnet, or what stands in it, is not what it was."""

    def implicit(self, identity: ResourceId) -> Record | None:
        """One that is there without having been made: a server's parameter, say."""
        return None

    def listed(self, parent: ResourceId) -> list[Record]:
        """Those below a parent that are there without having been made."""
        return []

    def whole(self, identity: ResourceId) -> Body | None:
        """What is answered in the place of a list, for the few that are written like a collection and are none."""
        return None

    # what all have in common ------------------------------------------------------------------------------------------
    def document(self, record: Record) -> Body:
        body = copy.deepcopy(record.body)
        for path in self.secret:
            take(body, path)
        body["properties"] = {**body.get("properties", {}), **self.shown(record)}
        return {"id": record.id.text, "name": record.id.name, "type": self.type, **body, **self.shown_beside(record)}

    def check_create_only(self, new: Record, old: Record) -> None:
        for path in self.create_only:
            wanted, has = get(new.body, path), get(old.body, path)
            if wanted is ABSENT or wanted is None:
                if has is not ABSENT:
                    put(new.body, path, has)  # what is not said again stays as it was made
            elif _plain(wanted) != _plain(has):
                raise ArmError(400, "PropertyChangeNotAllowed", f"Changing property '{path}' is not allowed.")
        for path, values in self.one_way.items():
            has, wanted = get(old.body, path), get(new.body, path)
            if has in values and wanted is ABSENT:
                put(new.body, path, has)
            elif has in values and wanted != has and values.index(has) > _place(values, wanted):
                message = f"The property '{path.rpartition('.')[2]}' cannot be set to {wanted!r} once it is {has!r}."
                raise ArmError(400, "BadRequest", message)

    def fill_in(self, record: Record) -> None:
        for path, value in self.defaults.items():
            if get(record.body, path) in (ABSENT, None):
                put(record.body, path, copy.deepcopy(value))

    def not_offered(self, action: str) -> ArmError:
        return not_done(f"{self.type}/{action}")


def _place(values: tuple[Any, ...], wanted: Any) -> int:
    return values.index(wanted) if wanted in values else -1


def _plain(value: Any) -> Any:
    return plain_location(value) if isinstance(value, str) else value


def plain_location(value: str) -> str:
    return value.replace(" ", "").lower()


def get(body: Body, path: str) -> Any:
    found: Any = body
    for part in path.split("."):
        if not isinstance(found, dict) or part not in found:
            return ABSENT
        found = found[part]
    return found


def put(body: Body, path: str, value: Any) -> None:
    *parents, last = path.split(".")
    for part in parents:
        held = body.get(part)
        if not isinstance(held, dict):
            held = body[part] = {}
        body = held
    body[last] = value


def take(body: Body, path: str) -> Any:
    """Remove what is at the path and give it back, or ABSENT."""
    parent, _, last = path.rpartition(".")
    holder = get(body, parent) if parent else body
    return holder.pop(last, ABSENT) if isinstance(holder, dict) else ABSENT


def merged(old: Any, change: Any) -> Any:
    """A merge patch (RFC 7396)."""
    if not isinstance(change, dict):
        return change
    result = dict(old) if isinstance(old, dict) else {}
    for key, value in change.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merged(result.get(key), value)
    return result

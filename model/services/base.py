"""What services of all kinds share."""

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from model.base import Flag, Model, Name, Text, form
from model.durations import Duration
from model.tiers import TierNumber

Count = Annotated[int, Field(ge=0, le=1000, strict=True)]
Path = form(r"^(/[A-Za-z0-9._-]+)+$", "a path such as /payments", longest=100)
Artefact = Literal["image", "package", "site_files", "machine_image"]


@dataclass(frozen=True)
class ServiceTraits:
    """
    What is true of every service of a kind. `moves`: a service holds no data, so another site is given it anew from
    its artefact. `scales`: a warm site runs fewer of it, and none is an option. `goes_back_to`: what a bad deployment
    is taken back to. `runs_jobs`: a command can be run once with all that the service has.
    `on_machines`: it has machines of its own, and its cloud gives up one whose health check fails, so that this
    check must not depend on a store.
    """

    scales: bool
    goes_back_to: Artefact
    moves: Literal["redeployed"] = "redeployed"
    runs_jobs: bool = False
    on_machines: bool = False


class Replicas(Model):
    """How many of a service run while its site is active, and while it is warm. A cold site runs none."""

    active: Annotated[int, Field(ge=1, le=1000, strict=True)] = 1
    warm: Count = 0


class BaseService(Model):
    """
    `uses` names services and stores of the same plan, which must be there before it starts; it is given the address and
    the login of exactly those stores. `front_door`: requests from outside reach it; a worker says `front_door: false`.
    `path`: below which path of the record (`/NAME` without it), see `model/routes.py`. `startup` is how long it
    takes to become ready; without it a default is assumed.
    """

    traits: ClassVar[ServiceTraits]
    name: Name
    tier: TierNumber
    uses: tuple[Name, ...] = ()
    replicas: Replicas = Replicas()
    front_door: Flag = True
    path: Annotated[str, Path] | None = None
    startup: Duration | None = None


class ImageService(BaseService):
    """
    `command` is the entry point in `image`; empty means the image's own. `migrate` is the one that brings the stores
    that the service names to its schema, with a login that may change it; what serves never sees that login. It has to
    end well where there is nothing to change, and where the store is a copy that follows another. Empty: the service
    changes no schema. Without it, a service whose `command` is its image's `app` migrates by the image's `migrate`.
    """

    image: Text | None = None
    command: tuple[Text, ...] = ("app",)
    migrate: tuple[Text, ...] | None = None
    usual_migration: ClassVar[tuple[str, ...]] = ("migrate",)

    @property
    def migrates_by(self) -> tuple[str, ...]:
        """The entry point that migrates; empty where none does."""
        if self.migrate is not None:
            return self.migrate
        return self.usual_migration if self.command[:1] == ("app",) else ()

"""Pods in a site's Kubernetes cluster."""

from typing import ClassVar, Literal

from model.base import Text

from .base import ImageService, ServiceTraits


class Pods(ImageService):
    """
    A Deployment in the site's cluster. `migrate` is an entry point that runs in each pod before it serves, with a login
    that may change the schema of the stores that the service names; what serves never sees that login. It has to end
    well where there is nothing to change, and where the store is a copy that follows another. Empty: the service
    changes no schema. Without it, a service whose `command` is its image's `app` migrates by the image's `migrate`.
    """

    traits: ClassVar[ServiceTraits] = ServiceTraits(scales=True, goes_back_to="image", runs_jobs=True)
    kind: Literal["pods"]
    migrate: tuple[Text, ...] | None = None

    @property
    def migrates_by(self) -> tuple[str, ...]:
        """The entry point that migrates; empty where none does."""
        if self.migrate is not None:
            return self.migrate
        return ("migrate",) if self.command[:1] == ("app",) else ()

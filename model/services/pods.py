"""Pods in a site's Kubernetes cluster."""

from typing import ClassVar, Literal

from .base import ImageService, ServiceTraits


class Pods(ImageService):
    """A Deployment in the site's cluster. `migrate` runs in each pod before it serves."""

    traits: ClassVar[ServiceTraits] = ServiceTraits(scales=True, goes_back_to="image", runs_jobs=True)
    kind: Literal["pods"]

"""A web application that the cloud runs without a cluster (Azure App Service)."""

from typing import ClassVar, Literal

from model.base import Text
from model.clouds import Cloud

from .base import ImageService, ServiceTraits


class WebApp(ImageService):
    """
    `slot` is the name of the deployment slot that holds the next version, and after a swap the last one: with it a bad
    deployment is taken back by swapping. `size` names the size of its servers in the words of each cloud.
    """

    traits: ClassVar[ServiceTraits] = ServiceTraits(scales=True, goes_back_to="package")
    kind: Literal["web_app"]
    slot: Text | None = None
    size: dict[Cloud, Text] = {}  # noqa: RUF012 # pydantic copies it for each model

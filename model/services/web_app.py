"""A web application that the cloud runs without a cluster (Azure App Service)."""

from typing import ClassVar, Literal

from model.base import Text
from model.clouds import Cloud

from .base import ImageService, ServiceTraits


class WebApp(ImageService):
    """
    `slot` is the name of the deployment slot that holds the next version, and after a swap the last one: with it a bad
    deployment is taken back by swapping. `size` names the size of its servers in the words of each cloud.

    Nothing runs in an app before it serves, so `migrate` is an app of its own beside it. It does not end: once it has
    migrated, and where there is nothing to change, it answers 200 at `/health`.
    """

    traits: ClassVar[ServiceTraits] = ServiceTraits(scales=True, goes_back_to="package", runs_jobs=True)
    usual_migration: ClassVar[tuple[str, ...]] = ("migrate", "--stay")
    kind: Literal["web_app"]
    slot: Text | None = None
    size: dict[Cloud, Text] = {}  # noqa: RUF012 # pydantic copies it for each model

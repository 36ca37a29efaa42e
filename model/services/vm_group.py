"""Virtual machines behind a balancer, made from one template and replaced when they fail."""

from typing import ClassVar, Literal

from model.base import Text
from model.clouds import Cloud

from .base import BaseService, ServiceTraits


class VmGroup(BaseService):
    """`machine_image` is what a machine is made from; `size` names its size in the words of each cloud."""

    traits: ClassVar[ServiceTraits] = ServiceTraits(scales=True, goes_back_to="machine_image")
    kind: Literal["vm_group"]
    machine_image: Text | None = None
    size: dict[Cloud, Text] = {}  # noqa: RUF012 # pydantic copies it for each model

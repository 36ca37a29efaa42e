"""Virtual machines behind a balancer, made from one template and replaced when they fail."""

from typing import ClassVar, Literal

from model.base import Text
from model.clouds import Cloud

from .base import BaseService, ServiceTraits


class VmGroup(BaseService):
    """
    `machine_image` is what a machine is made from, a name that means something in every region of the plan; without it
    the image that the cloud keeps under the names of the system and the service. `command` is the program in it that
    serves, and `size` names its size in the words of each cloud.

    An image keeps what it needs in `/etc/dr/service.json`, which each machine writes when it starts for the first time:
    `command`, `environment`, and `logins`, the names of the secrets that hold user and password of each store. Its
    program is started again when it ends, and what it writes goes to the machine's console.
    """

    traits: ClassVar[ServiceTraits] = ServiceTraits(scales=True, goes_back_to="machine_image", on_machines=True)
    kind: Literal["vm_group"]
    machine_image: Text | None = None
    command: tuple[Text, ...] = ("app",)
    size: dict[Cloud, Text] = {}  # noqa: RUF012 # pydantic copies it for each model

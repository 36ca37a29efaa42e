"""What the model has to know of a cloud: plain data, so that a plan can be judged without asking the cloud."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class StoreFacts:
    """
    What a cloud offers for a kind of store that it has a component and a driver for: the ways in which it is replicated
    to another region (none where replication is not a choice), and the classes that an archive of it can have.
    """

    replication: tuple[str, ...] = ()
    archive_classes: tuple[str, ...] = ()


@dataclass(frozen=True)
class CloudFacts:
    """
    `regions` maps each region to the one that it is paired with, or to None where the cloud pairs none.
    `account` is the pattern of what owns resources, and `account_is` says in words what it is. `stores` and `services`
    are the kinds that have a component and a driver here; a plan with another kind is refused before anything is made.
    """

    name: str
    regions: Mapping[str, str | None]
    account: str
    account_is: str
    stores: Mapping[str, StoreFacts] = field(default_factory=dict)
    services: tuple[str, ...] = ()

    @property
    def is_built(self) -> bool:
        """Whether anything at all can be made in it."""
        return bool(self.stores or self.services)

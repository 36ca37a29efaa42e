"""A registry of container images: kept in several regions, and filled again from source when it is lost."""

from typing import ClassVar, Literal

from model.base import Name
from model.durations import PositiveDuration

from .base import BaseStore
from .traits import StoreTraits


class Registry(BaseStore):
    """
    `replicate_to` names the sites that hold a copy. `untagged_keep` is how long an image without a tag is kept: as long
    as a bad deployment may have to be taken back to it.
    """

    traits: ClassVar[StoreTraits] = StoreTraits(
        incarnations=False,
        moves="several_regions",
        why_not_guarded="images are pushed by a pipeline, and a digest never changes its content",
        goes_back_to="digest",
    )
    kind: Literal["registry"]
    replicate_to: tuple[Name, ...] = ()
    untagged_keep: PositiveDuration | None = None

    @property
    def copied_to(self) -> frozenset[str]:
        return frozenset(self.replicate_to)

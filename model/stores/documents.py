"""A document database: an account that is served in several regions at once and can be restored to a moment."""

from typing import ClassVar, Literal

from .base import DiskStore
from .traits import StoreTraits


class Documents(DiskStore):
    """
    A database of documents that speaks the protocol of MongoDB. `version` is the version of that protocol. Its regions
    follow each other inside the service; a restore to a moment makes a new account, and so a new incarnation.
    """

    traits: ClassVar[StoreTraits] = StoreTraits(
        incarnations=True,
        moves="several_regions",
        why_not_guarded="a document database has no transaction hook that could ask who may write",
        goes_back_to="moment",
    )
    kind: Literal["documents"]

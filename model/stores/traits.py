"""
What is true of every store of a kind, whatever a plan says of it. Programs ask for a trait, never for a kind.
"""

from dataclasses import dataclass
from typing import Literal

Move = Literal["promotion", "several_regions", "rebuilt", "refilled", "redeployed"]
Version = Literal["moment", "backup", "object_version", "digest", "secret_version"]


@dataclass(frozen=True)
class StoreTraits:
    """
    `incarnations`: a site holds numbered servers of it, one after another, because one that was left behind cannot be
    used again (`model.topology`). Without them a site holds one thing with one name for as long as it lives.

    `moves`: how a site comes to serve it. By `promotion` of a copy that followed; or it is served in
    `several_regions` at once; or it is `rebuilt` from a backup; or it is `refilled`: each site has one of its own all
    the time, which begins empty, or with a snapshot that lies in the site; or it is `redeployed` from its source.

    `why_not_guarded` is None where the engine itself can refuse an old writer, else the reason why it cannot: then
    other evidence is needed that an old writer is fenced.

    `goes_back_to`: what a store can be taken back to after damage.
    """

    incarnations: bool
    moves: Move
    why_not_guarded: str | None
    goes_back_to: Version

"""A backup restored beside what runs."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from scripts.clouds.protocol import Phase, StoreFeature, need
from scripts.core.errors import DatabaseFailed, DrError
from scripts.core.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scripts.clouds.protocol import ManagedStore, RestorePoint, StoreState


def restored_beside(
    beside: ManagedStore, point: RestorePoint, tags: Mapping[str, str], *, seconds: float, error: type[DrError]
) -> StoreState:
    """
    Restore a backup into an instance that is not there yet, and wait until it is available.

    Raises Refused where it cannot be restored, CloudFailed, DatabaseFailed for a damaged backup, `error` after so many
    seconds.
    """
    need(beside.identifier, "be restored", able=StoreFeature.POINT_IN_TIME in beside.features)
    beside.restore(point, tags)
    what = f"{beside.identifier} to be available"
    made = wait_until(partial(_settled, beside), seconds=seconds, every=0.1, what=what, error=error)
    if made.phase is Phase.FAILED:
        raise DatabaseFailed(
            f"{point.name} cannot be restored: the cloud says {made.said}", "it is damaged; try an older backup"
        )
    return made


def _settled(beside: ManagedStore) -> StoreState | None:
    """The instance once it is available and has an address, or has failed for good."""
    found = beside.state()
    if found is None or (found.phase is Phase.AVAILABLE and not found.host):
        return None
    return None if found.phase is Phase.CHANGING else found

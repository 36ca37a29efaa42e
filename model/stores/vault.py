"""A vault of secrets, keys and certificates: deleted ones can be had back, and backups of it restore it elsewhere."""

from datetime import timedelta
from typing import ClassVar, Literal

from model.base import Flag, Name
from model.durations import PositiveDuration, format_duration

from .base import BaseStore, Bound, Network
from .traits import StoreTraits


class Vault(BaseStore):
    """
    `soft_delete_keep` is how long a deleted secret can be had back; with `purge_protection` nobody can shorten that.
    `backup_every` is how often its secrets are backed up, and `copies_to` names the sites that receive the backups.
    `reached_from` are the networks, beside that of its own site, from which people and pipelines reach it.
    """

    traits: ClassVar[StoreTraits] = StoreTraits(
        incarnations=False,
        moves="rebuilt",
        why_not_guarded="secrets are written by people and pipelines, and older versions of them stay readable",
        goes_back_to="secret_version",
    )
    kind: Literal["vault"]
    soft_delete_keep: PositiveDuration = timedelta(days=90)
    purge_protection: Flag = True
    backup_every: PositiveDuration | None = None
    copies_to: tuple[Name, ...] = ()
    reached_from: tuple[Network, ...] = ()

    @property
    def copied_to(self) -> frozenset[str]:
        return frozenset(self.copies_to)

    def lost_in_restore(self, site: str | None) -> Bound | None:
        if site is None or self.backup_every is None:
            return None
        return self.backup_every, f"{self.name} is backed up every {format_duration(self.backup_every)}"

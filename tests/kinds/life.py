"""What is done to one of every kind, in a world whose plan is `tests/plans/kinds.yaml`."""

from typing import Protocol


class Life(Protocol):
    """One store or service. Each question is asked of the cloud and the thing itself, not of our own records."""

    def write(self) -> None:
        """Put something new into it where it is active: a row, an object, a version."""

    def holds(self, site: str) -> bool:
        """Has what was written last arrived there, and can it be used?"""

    def back_up(self) -> str:
        """Keep what it holds now; gives the name of what can be restored."""

    def damage(self) -> None:
        """Lose or spoil what was written last, as a bad release or a wrong hand does."""

    def is_restored(self, backup: str) -> bool:
        """Restore it, in place or beside, and look whether what was written last is there."""

    def why_not_isolated(self, site: str) -> str | None:
        """Who still gets at it there, or None."""

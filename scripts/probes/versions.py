"""Which of the versions that a cloud still holds of a service is meant."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scripts.clouds.protocol import ServiceVersion


def wanted_of(versions: Sequence[ServiceVersion]) -> ServiceVersion | None:
    """The one that the service is to run now."""
    return next((each for each in versions if each.is_wanted), None)


def version_before(versions: Sequence[ServiceVersion]) -> ServiceVersion | None:
    """The newest that runs something else than the wanted one (a restart makes no other version), or None."""
    wanted = wanted_of(versions)
    return next((each for each in versions if wanted is None or each.content != wanted.content), None)


def last_good(versions: Sequence[ServiceVersion]) -> ServiceVersion | None:
    """
    The newest that runs something else and was made before the wanted one first was: what is younger was left by an
    earlier rollback, and a machine does not go forward to it.
    """
    wanted = wanted_of(versions)
    if wanted is None:
        return None
    since = min(each.made_at for each in versions if each.content == wanted.content)
    return next((each for each in versions if each.content != wanted.content and each.made_at <= since), None)


def version_named(versions: Sequence[ServiceVersion], name: str) -> ServiceVersion | None:
    """The one with this name, else the newest that runs this artefact."""
    by_name = next((each for each in versions if each.name == name), None)
    return by_name or next((each for each in versions if each.artefact == name), None)


def with_content(versions: Sequence[ServiceVersion], content: str) -> ServiceVersion | None:
    """The one with this content, whatever its name is by now: the wanted one first."""
    wanted = wanted_of(versions)
    if wanted is not None and wanted.content == content:
        return wanted
    return next((each for each in versions if each.content == content), None)

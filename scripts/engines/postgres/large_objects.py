"""Large objects that only one of two copies holds, or holds with another content."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from scripts.engines.comparison import Difference
from scripts.engines.protocol import QueryRefused

if TYPE_CHECKING:
    from scripts.engines.postgres.bounded import Bounded
    from scripts.engines.postgres.table_rows import Fork

AT_ONCE = 1000
NAMED = 5  # of them are named
_THERE = "SELECT oid FROM pg_largeobject_metadata ORDER BY 1"
# Only a superuser reads the pages, whose transactions tell which of them are young. Others compare every object.
_YOUNG = """
SELECT DISTINCT loid FROM pg_largeobject
WHERE age(xmin) <= age((%(fork)s::bigint %% 4294967296)::text::xid) + %(margin)s
"""
_CONTENT = "SELECT o, md5(lo_get(o)) FROM unnest(%(some)s::oid[]) AS o"


def own(here: Bounded, there: Bounded, fork: Fork) -> Difference | None:
    """Raises QueryRefused where a content may not be read, and what a copy raises."""
    mine, theirs = ({int(oid) for (oid,) in copy.rows(_THERE)} for copy in (here, there))
    both = mine & theirs
    with suppress(QueryRefused):
        both &= {int(oid) for (oid,) in here.rows(_YOUNG, {"fork": fork.xid, "margin": fork.margin})}
    changed = _changed(here, there, sorted(both))
    missing = sorted(mine - theirs)
    if not (missing or changed):
        return None
    some = ", ".join(str(oid) for oid in [*missing, *changed][:NAMED])
    return Difference("large object", some, missing=len(missing), changed=len(changed))


def _changed(here: Bounded, there: Bounded, oids: list[int]) -> list[int]:
    """Those of them whose content is another one."""
    found = []
    for start in range(0, len(oids), AT_ONCE):
        some = oids[start : start + AT_ONCE]
        contents, others = (dict(copy.rows(_CONTENT, {"some": some})) for copy in (here, there))
        found += [oid for oid in some if contents[oid] != others[oid]]
    return found

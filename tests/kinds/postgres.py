"""PostgreSQL in any cloud: promoted, restored beside itself from a snapshot, closed by its network."""

import time
from contextlib import closing

from model import names
from scripts.clouds.access import Clouds
from scripts.clouds.protocol import ManagedStore, Phase
from scripts.core.net import Unreachable
from scripts.core.waiting import wait_until
from scripts.drills.stage import Stage
from scripts.engines.postgres.direct import rows_at, with_login
from scripts.engines.protocol import LoginRefused

STORE = "core"


class PostgresInACloud:
    """See `Life`."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._note = ""

    def write(self) -> None:
        """Write as the owner of the database: a planned switch may not look into a table of anybody else."""
        self._note = f"written at {time.time_ns()}"
        site = self._stage.active
        owner, password = names.database_user(self._stage.plan), self._stage.password(site, STORE)
        dsn = with_login(self._stage.dsn(site, STORE), owner, password)
        rows_at(dsn, "CREATE TABLE IF NOT EXISTS notes (note text PRIMARY KEY)")
        rows_at(dsn, "INSERT INTO notes VALUES (%(note)s)", {"note": self._note})

    def holds(self, site: str) -> bool:
        return self._has(self._stage.dsn(site, STORE))

    def back_up(self) -> str:
        clouds, site, name = self._stage.clouds(), self._stage.active, f"kinds-{time.time_ns()}"
        there = clouds.at(site)
        clouds.store(site, STORE, self._incarnation(site)).snapshot(name, {})
        wait_until(
            lambda: name in [each.name for each in there.restore_points(STORE)],
            seconds=120,
            what=f"the snapshot {name}",
        )
        return name

    def damage(self) -> None:
        rows_at(self._stage.dsn(self._stage.active, STORE), "DELETE FROM notes")

    def is_restored(self, backup: str) -> bool:
        clouds, site = self._stage.clouds(), self._stage.active
        there = clouds.at(site)
        point = next(each for each in there.restore_points(STORE) if each.name == backup)
        scratch = there.scratch(STORE, f"kinds-scratch-{time.time_ns()}")
        scratch.restore(point, {})
        try:
            wait_until(
                lambda: (it := scratch.state()) is not None and it.phase is Phase.AVAILABLE,
                seconds=120, what=f"{scratch.identifier} to be available", every=0.2,
            )  # fmt: skip
            self._is_given_the_present_password(clouds, site, scratch)
            return self._has(self._stage.world.admin_dsn(scratch.identifier))
        finally:
            scratch.delete()

    @staticmethod
    def _is_given_the_present_password(clouds: Clouds, site: str, scratch: ManagedStore) -> None:
        """A restore brings the password of its day, which may be another one by now."""
        scratch.set_password("of-another-day")
        wait_until(lambda: _refuses(clouds, site, scratch), seconds=120, what="the site's password to be refused")
        clouds.engine_of_restored(site, STORE, scratch).close()
        assert not _refuses(clouds, site, scratch)

    def why_not_isolated(self, site: str) -> str | None:
        clouds = self._stage.clouds()
        try:
            clouds.engine(site, STORE, self._incarnation(site)).position()
        except Unreachable:
            return None
        finally:
            clouds.close()
        return f"the database of {site} answers"

    def _has(self, dsn: str) -> bool:
        ((there,),) = rows_at(dsn, "SELECT to_regclass('notes') IS NOT NULL")
        return bool(there and rows_at(dsn, "SELECT 1 FROM notes WHERE note = %(note)s", {"note": self._note}))

    def _incarnation(self, site: str) -> int:
        return self._stage.topology.incarnation(site, STORE)


def _refuses(clouds: Clouds, site: str, scratch: ManagedStore) -> bool:
    state = scratch.state()
    assert state is not None
    with closing(clouds.engine_at(site, STORE, state)) as inside:
        try:
            inside.position()
        except LoginRefused:
            return True
    return False

"""What databases and backups hold, past every fault of the network."""

import time
from typing import Any

import psycopg

from scripts.clouds.protocol import Phase
from scripts.drills.stage import Stage
from tests.asserts.waiting import wait_until


def orders(dsn: str, columns: str = "seq") -> dict[str, Any]:
    with psycopg.connect(dsn, autocommit=True) as connection:
        return dict(connection.execute(f"SELECT id::text, {columns} FROM orders").fetchall())


def inside(made: Stage, site: str, snapshot: str, sql: str) -> Any:
    """What a query finds in a snapshot that lies at a site, restored into a scratch instance."""
    clouds, store = made.clouds(), made.plan.incarnated_stores[0].name
    scratch = clouds.at(site).scratch(store, f"{made.plan.system}-scratch-{time.time_ns()}")
    point = next(each for each in clouds.at(site).restore_points(store) if each.name == snapshot)
    scratch.restore(point, {})
    try:
        wait_until(
            lambda: (it := scratch.state()) is not None and it.phase is Phase.AVAILABLE,
            timeout=120, what=f"{scratch.identifier} to be available", every=0.2,
        )  # fmt: skip
        with psycopg.connect(made.world.admin_dsn(scratch.identifier), autocommit=True) as connection:
            return connection.execute(sql.encode()).fetchall()
    finally:
        scratch.delete()
        clouds.close()

"""What databases and backups hold, past every fault of the network."""

import time
from typing import Any

import psycopg

from scripts.drills.stage import Stage
from tests.asserts.waiting import wait_until


def orders(dsn: str, columns: str = "seq") -> dict[str, Any]:
    with psycopg.connect(dsn, autocommit=True) as connection:
        return dict(connection.execute(f"SELECT id::text, {columns} FROM orders").fetchall())


def inside(made: Stage, region: str, snapshot: str, sql: str) -> Any:
    """What a query finds in a snapshot, restored into a scratch instance."""
    clouds, scratch = made.clouds(), f"{made.plan.system}-scratch-{time.time_ns()}"
    point = next(each for each in clouds.aws.restore_points(region) if each.name == snapshot)
    clouds.aws.restore(point, scratch, instance_class="db.t4g.medium")
    try:
        wait_until(
            lambda: (it := clouds.aws.database(region, scratch)) is not None and it.status == "available",
            timeout=120, what=f"{scratch} to be available", every=0.2,
        )  # fmt: skip
        with psycopg.connect(made.world.admin_dsn(scratch), autocommit=True) as connection:
            return connection.execute(sql.encode()).fetchall()
    finally:
        clouds.aws.delete_database(region, scratch)
        clouds.close()

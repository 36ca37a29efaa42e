"""
`dr verify-backups`: restores the newest backup of every kind into a scratch instance and looks inside.

A backup counts as good when it can be restored, holds the service's tables, and its newest heartbeat (the writer
lease's row, which is renewed all the time) is younger than the freshness bound. Scratch instances are deleted again.
"""

from __future__ import annotations

import secrets
import sys
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from model import load_plan
from scripts.acts.scratch import restored_beside
from scripts.acts.verifications import present, write_down
from scripts.clouds.access import Clouds
from scripts.clouds.protocol import RestorePoint
from scripts.core.errors import DatabaseFailed, DrError, ObjectiveMissed, Refused
from scripts.people.options import DEFAULT_PLAN, Format, PlanName, duration, known_site
from scripts.people.output import Form, out, table, write_json
from scripts.probes.verifications import Verification

if TYPE_CHECKING:
    from collections.abc import Sequence

    from model import Plan
    from scripts.engines.protocol import Engine

BOUND_SECONDS = 3600


class TooOld(DatabaseFailed):
    """It can be restored and read, and holds nothing as young as was asked for."""


@dataclass(frozen=True)
class Verdict:
    """What was found in one backup. `heartbeat` is the newest sign of life of the service in it."""

    backup: str
    region: str
    kind: str
    good: bool
    said: str
    heartbeat: datetime | None = None
    age_seconds: float | None = None


def newest_backups(plan: Plan, clouds: Clouds, site: str) -> list[RestorePoint]:
    """
    The newest restorable point of each kind for each database, in a site's region. Raises Refused when there is none.
    """
    found: dict[tuple[str, str], RestorePoint] = {}
    for each in plan.incarnated_stores:
        for point in clouds.at(site).restore_points(each.name):
            if any(point.source.startswith(f"{plan.system}-{other.name}-{each.name}-") for other in plan.sites):
                found.setdefault((each.name, point.kind), point)
    if not found:
        raise Refused(
            f"{site} holds no backup that could be restored", "`dr status` shows the newest restorable points"
        )
    return list(found.values())


def verify_backup(plan: Plan, clouds: Clouds, point: RestorePoint, *, freshest: timedelta | None = None) -> Verdict:
    """
    Restore one backup into a scratch instance in its region and look inside. The instance is deleted whatever happens.

    Raises CloudFailed when it cannot be restored, DatabaseFailed when what is inside is not good.
    """
    database = next(each for each in plan.incarnated_stores if f"-{each.name}-" in point.source)
    scratch = clouds.at(point.site).scratch(database.name, f"{plan.system}-scratch-{secrets.token_hex(3)}")
    try:
        restored_beside(scratch, point, {"dr-scratch": plan.system}, seconds=BOUND_SECONDS, error=DatabaseFailed)
        with closing(clouds.engine_of_restored(point.site, database.name, scratch)) as inside:
            return _look_inside(plan, point, inside, freshest)
    finally:
        scratch.delete()


def _look_inside(plan: Plan, point: RestorePoint, inside: Engine, freshest: timedelta | None) -> Verdict:
    heartbeat = inside.look_inside(point.name).heartbeat
    age = (datetime.now(UTC) - heartbeat).total_seconds()
    allowed = None if freshest is None else freshest.total_seconds()
    if allowed is not None and age > allowed:
        raise TooOld(
            f"the newest sign of life in {point.name} is {age:.0f} s old, and {allowed:.0f} s are allowed",
            "backups have stopped arriving; look at `dr status`",
        )
    return Verdict(point.name, plan.site(point.site).region, point.kind, True, "restored and readable", heartbeat, age)


def verify_all(plan: Plan, clouds: Clouds, site: str, freshest: timedelta | None) -> list[Verdict]:
    """Every newest backup of a site; a bad one is a verdict, not an error. What was found is kept beside them."""
    found = verify_points(plan, clouds, site, newest_backups(plan, clouds, site), freshest)
    return found + (verify_exports(plan, clouds, site, freshest) if plan.refilled_stores else [])


def verify_points(
    plan: Plan, clouds: Clouds, site: str, points: Sequence[RestorePoint], freshest: timedelta | None = None
) -> list[Verdict]:
    """These points of a site, one after the other. See `verify_all`."""
    there = present(plan, clouds, site)
    verdicts, known = [], []
    for point in points:
        try:
            verdict = verify_backup(plan, clouds, point, freshest=freshest)
        except DrError as error:
            verdict = Verdict(point.name, plan.site(point.site).region, point.kind, False, str(error))
            # Nobody could look, or it is sound and old: neither says that it is bad.
            if not isinstance(error, DatabaseFailed) or isinstance(error, TooOld):
                verdicts.append(verdict)
                continue
        verdicts.append(verdict)
        known.append(Verification(point.name, verdict.good, verdict.said, datetime.now(UTC), point.newest))
    write_down(clouds, site, known, there)
    return verdicts


def verify_exports(plan: Plan, clouds: Clouds, site: str, freshest: timedelta | None = None) -> list[Verdict]:
    """The newest export of every cache at a site, brought into a scratch one. See `verify_all`. Raises CloudFailed."""
    verdicts, known = [], []
    for store in plan.refilled_stores:
        cache = clouds.at(site).cache(store.name)
        point = next(iter(cache.exports()), None)
        if point is None:
            continue
        age = (datetime.now(UTC) - point.newest).total_seconds()
        said, is_late = cache.why_not_readable(point.name), freshest is not None and age > freshest.total_seconds()
        words = said or (f"it is {age:.0f} s old" if is_late else "brought into a scratch cache")
        good = said is None and not is_late
        verdicts.append(Verdict(point.name, plan.site(site).region, point.kind, good, words, None, age))
        if not is_late:
            known.append(Verification(point.name, good, words, datetime.now(UTC), point.newest))
    write_down(clouds, site, known, present(plan, clouds, site))
    return verdicts


def command(
    *,
    plan: PlanName = DEFAULT_PLAN,
    site: Annotated[str, typer.Option(help="where the backups lie (default: the cold site)")] = "",
    freshest: Annotated[str, typer.Option(help="how old the newest sign of life may be, such as 30m")] = "",
    form: Format = Form.TABLE,
) -> int:
    """Restore the newest backups somewhere else and look inside."""
    loaded = load_plan(plan)
    chosen = known_site(loaded, site or (loaded.cold.name if loaded.cold else loaded.primary.name))
    clouds = Clouds(loaded)
    verdicts = verify_all(loaded, clouds, chosen, duration(freshest, "--freshest"))
    clouds.close()
    if form is Form.JSON:
        write_json({"site": chosen, "backups": [vars(each) for each in verdicts]})
    else:
        rows: list[list[Any]] = [
            [each.backup, each.kind, "good" if each.good else "BAD", each.said] for each in verdicts
        ]
        out().print(table(f"Backups in {chosen}", ("backup", "kind", "verdict", "said"), rows))
    if bad := [each.backup for each in verdicts if not each.good]:
        raise ObjectiveMissed(
            f"{len(bad)} of {len(verdicts)} backups are not good: {', '.join(bad)}", "see what is said of each"
        )
    return 0


app = typer.Typer(add_completion=False)
app.command("verify-backups")(command)

if __name__ == "__main__":
    from scripts.dr import main

    raise SystemExit(main(["verify-backups", *sys.argv[1:]]))

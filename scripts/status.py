"""
`dr status`: sites, roles, epoch, who accepts writes (asked by writing), lag, newest restorable point, health by tier.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from scripts.people.options import DEFAULT_PLAN, Format, PlanName, plan_of
from scripts.people.output import Form, facts, out, seconds, table, write_json
from scripts.runs import run_records
from scripts.runs.run_records import MOVES

UNGUARDED_SHOWN = 10

if TYPE_CHECKING:
    from model import Plan
    from scripts.probes.overview import DatabaseStatus, Overview, SiteStatus
    from scripts.runs.run_records import RunRecord


def status(*, plan: PlanName = DEFAULT_PLAN, form: Format = Form.TABLE) -> int:
    """Show how the system stands now. Ends with 1 when not exactly the active site takes writes, or when more do."""
    found = overview(plan_of(plan))
    if form is Form.JSON:
        write_json(as_json(found))
    else:
        show(found)
    return 0 if found.writers == [found.active_site] else 1


def overview(plan: Plan) -> Overview:
    """Ask every site of the plan."""
    from scripts.clouds.access import Clouds  # noqa: PLC0415  (boto3: not for --help)
    from scripts.core.home import project_dir  # noqa: PLC0415
    from scripts.probes.overview import look  # noqa: PLC0415
    from scripts.stacks import topology_files  # noqa: PLC0415

    topology = topology_files.read_topology(plan, project_dir())
    clouds = Clouds(plan)
    try:
        found = look(plan, topology, clouds)
    finally:
        clouds.close()
    found.said += ways_out(found, run_records.unfinished(plan.system))
    return found


def ways_out(found: Overview, broken: RunRecord | None) -> list[str]:
    """The commands that help where the active site takes no writes. `broken` is the run that is not finished."""
    active = found.active_site
    if active in found.writers:
        return []
    ways = [] if broken is None else [f"`dr resume {broken.run}` goes on with the {broken.runbook}"]
    refused = any(each.writes == "refused" for site in found.sites if site.name == active for each in site.databases)
    if refused and (broken is None or broken.runbook in MOVES):
        ways.append(f"`dr failover --to {active}` opens {active} again, which holds every row if no other was opened")
    elif not refused and broken is None:
        ways += [f"`dr failover --to {site.name}`" for site in found.sites if site.role == "warm"]
    return [f"{active} takes no writes: {', or '.join(ways)}"] if ways else []


def as_json(found: Overview) -> dict[str, Any]:
    """As data: durations in seconds, times in ISO 8601."""
    return {
        "system": found.system,
        "environment": run_records.kind_of_environment(run_records.environment()),
        "at": found.at,
        "active_site": found.active_site,
        "epoch": found.epoch,
        "writers": found.writers,
        "lease": found.lease,
        "sites": found.sites,
        "tiers": {str(tier): {"good": good, "of": total} for tier, (good, total) in found.tiers.items()},
        "said": found.said,
    }


def show(found: Overview) -> None:
    """Tables for a person."""
    console = out()
    lease = found.lease
    console.print(
        facts(
            {
                "system": f"{found.system} ({run_records.kind_of_environment(run_records.environment())})",
                "active": f"{found.active_site}, epoch {found.epoch}",
                "takes writes": ", ".join(found.writers) or "NOBODY",
                "writer lease": "none"
                if lease is None
                else f"{lease['site']}, epoch {lease['epoch']}, renewed {lease['renewed']:%H:%M:%S}",
            }
        )
    )
    rows = [_row(site) for site in found.sites]
    columns = ("site", "region", "role", "traffic", "writes", "lag", "restorable to", "services")
    console.print(table("", columns, rows))
    if found.tiers:
        tiers = [(str(tier), f"{good} of {total} at full strength") for tier, (good, total) in found.tiers.items()]
        console.print(table(f"Health of {found.active_site} by tier", ("tier", "services"), tiers))
    for site in found.sites:
        for said in (*site.said, *(f"{each.identifier}: {each.said}" for each in site.databases if worth_saying(each))):
            console.print(f"{site.name}: {said}", markup=False)
        for cache in site.caches:
            console.print(f"{site.name}: {cache}", markup=False)
        for each in site.databases:
            shown = [*each.unguarded[:UNGUARDED_SHOWN]]
            if len(each.unguarded) > len(shown):
                shown.append(f"and {len(each.unguarded) - len(shown)} more: --format json names them")
            for what in shown:
                console.print(f"{site.name}: {each.identifier} is not guarded here: {what}", markup=False)
    for said in found.said:
        console.print(said, markup=False)


def worth_saying(database: DatabaseStatus) -> bool:
    """A copy that follows refuses writes: that is its duty, and no news."""
    follows = database.writes == "refused" and database.lag_seconds is not None
    return bool(database.said) and not follows


def _row(site: SiteStatus) -> tuple[str, ...]:
    writes = ", ".join(each.writes for each in site.databases) or "-"
    lags = [each.lag_seconds for each in site.databases if each.lag_seconds is not None]
    ages = [each.age_seconds for each in site.restorable]
    ready, wanted = sum(each.ready for each in site.services), sum(each.wanted for each in site.services)
    return (
        site.name,
        site.region,
        site.role,
        {True: "here", False: "-", None: "?"}[site.traffic],
        writes,
        seconds(max(lags)) if lags else "-",
        f"{seconds(max(ages))} ago" if ages else "-",
        f"{ready} of {wanted} ready" if site.services else "-",
    )


if __name__ == "__main__":
    from scripts.dr import main

    raise SystemExit(main(["status", *sys.argv[1:]]))

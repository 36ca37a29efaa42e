"""
`dr plan check [PLAN]`: every mistake of a plan at once, and what the plan can reach against each objective.
`dr plan new SYSTEM`: a first plan of somebody's own system, commented, that passes the check.

Exit codes: 0 the plan is sound and can reach its objectives, 2 it is malformed, 3 it cannot reach an objective.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from model.forecast import span
from scripts.people.options import DEFAULT_PLAN, Format
from scripts.people.output import Form, out, table, write_json

if TYPE_CHECKING:
    from model import Plan
    from model.forecast import Forecast, ObjectiveForecast, TierForecast

app = typer.Typer(help="Write a first plan, and check one: every mistake, and what it can reach.", no_args_is_help=True)

PlanArgument = Annotated[
    str, typer.Argument(metavar="[PLAN]", envvar="DR_PLAN", help="a system's name (plans/NAME.yaml) or a path")
]
EnvironmentOption = Annotated[
    str, typer.Option("--environment", help="judge by the objectives of this environment of the plan")
]
Measured = Annotated[
    Path | None,
    typer.Option(
        "--measured", metavar="FOLDER", help="use the step durations in the journals (*.jsonl) of this folder"
    ),
]


@app.command()
def check(
    plan: PlanArgument = DEFAULT_PLAN,
    *,
    environment: EnvironmentOption = "",
    measured: Measured = None,
    form: Format = Form.TABLE,
) -> None:
    """Report every mistake at once, then what the plan can reach: RTO along the critical path, RPO by its bound."""
    from model import load_plan  # noqa: PLC0415 (pydantic is not needed for --help)
    from model.checks import expired_waivers, not_built, notes  # noqa: PLC0415
    from scripts.core.errors import Refused  # noqa: PLC0415
    from scripts.runbooks.forecasts import forecast  # noqa: PLC0415 (loads every step)

    view = _in_environment(load_plan(plan, also=[expired_waivers, not_built]), environment)
    recorded = recorded_durations(measured) if measured is not None else {}
    result = forecast(view, recorded)
    remarks = notes(view)
    if form is Form.JSON:
        write_json(as_data(result, remarks))
    else:
        _show(result, remarks)
    if not result.feasible:
        lines = result.shortfalls()
        raise Refused(
            f"plan {view.system} cannot reach what it promises: {'; '.join(lines)}",
            "change the plan's means (replication, backups, warm pods, automation) or its objectives",
        )


@app.command()
def new(
    system: Annotated[str, typer.Argument(help="what it is called, such as shop")] = "",
    *,
    cloud: Annotated[str, typer.Option(help="whose regions it runs in")] = "",
    account: Annotated[str, typer.Option(help="the account or subscription that owns it")] = "",
    region: Annotated[
        list[str] | None, typer.Option(help="three: of the primary site, of the warm one, of the cold one")
    ] = None,
    store: Annotated[list[str] | None, typer.Option(help="a database; once for each")] = None,
    service: Annotated[
        list[str] | None, typer.Option(help="NAME=STORE,STORE or NAME alone, which uses all; once for each")
    ] = None,
    zone: Annotated[str, typer.Option(help="the DNS zone of the name that clients know")] = "",
    rpo: Annotated[str, typer.Option(help="what may be lost when a region is")] = "15m",
    rto: Annotated[str, typer.Option(help="when the service is back then")] = "90m",
    to: Annotated[Path | None, typer.Option("--to", help="the file (default: plans/SYSTEM.yaml)")] = None,
) -> None:
    """Write a first plan of your own system: asks for what is not given, where somebody is there to answer."""
    from model import load_plan  # noqa: PLC0415 (not needed for --help)
    from scripts.acts.new_plan import answers, write_new  # noqa: PLC0415 (as above)
    from scripts.runbooks.forecasts import forecast  # noqa: PLC0415 (loads every step)

    ask = typer.prompt if sys.stdin.isatty() else None
    wanted = answers(
        system=system, cloud=cloud, account=account, regions=region or (), stores=store or (), services=service or (),
        zone=zone, rpo=rpo, rto=rto, ask=ask,
    )  # fmt: skip
    path = write_new(wanted, to)
    named = str(path) if to else wanted.system
    for line in forecast(load_plan(path)).shortfalls():
        out().print(f"note: {line}", markup=False)
    out().print(f"{path} is written. What to do next:", markup=False)
    for line in (f"dr plan check {named}", f"dr drill regional-outage --plan {named}", f"dr up --all --plan {named}"):
        out().print(f"  {line}", markup=False)


def recorded_durations(folder: Path) -> dict[str, list[float]]:
    """
    Seconds that each step took, by its name, from the journals of past runs; steps that found everything done already
    are left out. Raises BadInput for a folder without journals, or a line that is no journal entry.
    """
    from datetime import datetime  # noqa: PLC0415

    from scripts.core.errors import BadInput  # noqa: PLC0415

    found: dict[str, list[float]] = {}
    files = sorted(folder.glob("*.jsonl")) if folder.is_dir() else []
    if not files:
        raise BadInput(f"{folder}: there is no journal (*.jsonl)", "journals of runs lie in .dr/journal")
    for file in files:
        number = 0
        try:
            for line in file.read_text(encoding="utf-8").splitlines():
                number += 1
                entry = json.loads(line)
                if entry["kind"] == "step" and entry["status"] == "done" and entry["started"] and entry["ended"]:
                    took = datetime.fromisoformat(entry["ended"]) - datetime.fromisoformat(entry["started"])
                    found.setdefault(str(entry["name"]).partition(":")[0], []).append(took.total_seconds())
        except (OSError, UnicodeDecodeError) as error:
            raise BadInput(f"{file}: cannot be read ({error})", "give a folder of journals") from error
        except (ValueError, KeyError, TypeError) as error:
            raise BadInput(
                f"{file}:{number}: is no journal entry ({error})", "`dr journal` verifies journals"
            ) from error
    return found


def as_data(result: Forecast, remarks: list[str]) -> dict[str, Any]:
    """What --format json prints."""
    from dataclasses import asdict  # noqa: PLC0415

    return {
        "system": result.system,
        "environment": result.environment,
        "feasible": result.feasible,
        "objectives": [asdict(each) | {"met": each.met, "verdict": each.verdict} for each in result.objectives],
        "critical_path": [asdict(step) for step in result.critical_path],
        "shortfalls": result.shortfalls(),
        "notes": remarks,
    }


def _in_environment(plan: Plan, name: str) -> Plan:
    from scripts.core.errors import BadInput  # noqa: PLC0415

    if not name:
        return plan
    try:
        return plan.in_environment(name)
    except KeyError:
        there = ", ".join([plan.environment, *plan.environments])
        raise BadInput(f"plan {plan.system} has no environment {name!r}", f"there is {there}") from None


def _show(result: Forecast, remarks: list[str]) -> None:
    title = f"{result.system} ({result.environment}): what the plan can reach"
    columns = ("disaster", "way back", "loses at most", "takes", "at worst", "verdict")
    out().print(table(title, columns, [_row(each) for each in result.objectives]))
    for each in result.objectives:
        out().print(f"  {_name(each)}: {each.because}", markup=False)
    bound = [tier for tier in result.tiers if tier.target_seconds is not None]
    if bound:
        ordered = sorted(bound, key=lambda tier: (tier.disaster, tier.tier))
        heads = ("tier", "disaster", "back after", "at worst", "verdict")
        out().print(table("Tiers, where their longest downtime binds", heads, [_tier(each) for each in ordered]))
    slowest = max(result.objectives, key=lambda each: each.rto_seconds or 0.0)
    steps = [
        (step.step, *map(span, (step.starts_seconds, step.typical_seconds, step.worst_seconds)), step.source)
        for step in slowest.path
    ]
    out().print(table(f"Critical path of {_name(slowest)}", ("step", "begins", "takes", "at worst", "from"), steps))
    for remark in remarks:
        out().print(f"note: {remark}", markup=False)


def _row(each: ObjectiveForecast) -> tuple[str, ...]:
    way = f"{each.method.replace('_', ' ')}, {each.recover_at}, {each.automation}"
    loses = f"{span(each.rpo_seconds)} of {span(each.target_rpo_seconds)}"
    takes = f"{span(each.rto_seconds)} of {span(each.target_rto_seconds)}"
    return (_name(each), way, loses, takes, span(each.worst_rto_seconds), each.verdict)


def _tier(each: TierForecast) -> tuple[str, ...]:
    back = f"{span(each.rto_seconds)} of {span(each.target_seconds)}"
    return (str(each.tier), each.disaster, back, span(each.worst_rto_seconds), "met" if each.met else "missed")


def _name(each: ObjectiveForecast) -> str:
    return f"{each.disaster} ({each.component})" if each.component else each.disaster


if __name__ == "__main__":
    from scripts.dr import main

    sys.exit(main(["plan", *sys.argv[1:]]))

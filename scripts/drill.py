"""
`dr drill SCENARIO`: rehearses a disaster in a world of its own, and measures it against what the plan promises.

`dr drill samia` is the main job: the primary region is lost and the warm one takes over, the service returns, then
both are lost and the cold site is built. Exit code 0 only when every objective was met, every check passed, and every
negative control failed.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from model import load_plan
from scripts.core.errors import BadInput, DrError, ObjectiveMissed
from scripts.drills.found import Found
from scripts.drills.own import begin_steady, see
from scripts.drills.scenarios import QUARTERLY, Scenario, fitting, worlds
from scripts.people.options import DEFAULT_PLAN, Format
from scripts.people.output import Form, err, measured, out, seconds, table, verdict, write_json
from scripts.runs import run_records
from scripts.runs.journal import Journal
from scripts.runs.plain import plain
from scripts.runs.rows import storable

if TYPE_CHECKING:
    from model import Plan
    from scripts.drills.stage import Stage
    from scripts.reports.model import Report


def drill(
    plan: Plan,
    plan_path: str,
    parts: list[Scenario],
    *,
    pace: float = 20.0,
    title: str = "drill",
    workload: str = "plain",
) -> str:
    """
    Rehearse these scenarios one after the other, in a new world after each that spends one; the name of the drill's
    journal, which holds what was found.

    Leaves nothing running. Raises what kept the stage from being set; what went wrong in a scenario is in the journal.
    """
    from scripts.drills.stage import stage  # noqa: PLC0415 (the sandbox is loaded when it is wanted)

    run = run_records.new_run_id("drill")
    journal = Journal.of(run)
    evidence = {"system": plan.system, "plan": plan_path, "environment": "sandbox", "pace": pace}
    journal.write("run", title, f"Rehearse {', '.join(part.name for part in parts)}", status="begun", evidence=evidence)
    status, said, ok = "failed", "", True
    try:
        for group in worlds(plan, parts):
            with (
                tempfile.TemporaryDirectory(prefix="dr-ledgers-") as folder,
                stage(plan, plan_path, journal, Path(folder), _say, pace=pace) as made,
            ):
                _say("a world is up; making every stack as declared")
                made.workload = workload
                made.provision()
                for part in group:
                    ok &= _rehearse(made, part)
                memory = made.world.status()["memory_bytes"]
                journal.note("memory", f"the world held {memory / 2**20:.0f} MiB at the end", bytes=memory)
        status = "done"
    except DrError as error:
        said = error.message
        raise
    finally:
        ok &= status == "done"
        sentence = "Everything passed" if ok else said or "Something did not pass"
        journal.write("end", title, sentence, status=status, evidence={"ok": ok})
        journal.close()
    return run


def _rehearse(stage: Stage, part: Scenario) -> bool:
    """One scenario; its entry in the journal is written whatever happens."""
    err().rule(f"{part.name}: {part.title}", align="left")
    began = time.monotonic()
    try:
        begin_steady(stage, part.name)
        found = part.act(stage)
        found.ok &= see(stage, f"after {part.name}", "steady_state", "drill")
    except Exception as error:  # noqa: BLE001 (the journal says what happened, and the next scenario is tried)
        failure = storable(error)
        found = Found(ok=False, evidence={"error": failure.message, "hint": failure.hint})
        _say(f"FAILED: {failure.message}")
        for note in getattr(failure, "__notes__", ()):
            stage.journal.note("traceback", note)
    for outcome in found.runs:
        if outcome.error is not None:
            _say(f"FAILED: {outcome.run}: {outcome.error.message}")
    evidence = {
        "scenario": part.name, "title": part.title, "disaster": found.disaster or part.disaster, "ok": found.ok,
        "runs": [outcome.run for outcome in found.runs], "fault_at": found.fault_at, "detected_at": found.detected_at,
        "seconds": time.monotonic() - began, **found.evidence,
    }  # fmt: skip
    stage.journal.note("scenario", f"{part.title}: {'passed' if found.ok else 'FAILED'}", **plain(evidence))
    return found.ok


def _say(line: str) -> None:
    err().print(f"           {escape(line)}")


def results(report: Report) -> list[list[str]]:
    """Objective by objective, of each scenario."""
    rows = []
    for scenario in report.scenarios:
        measures = scenario.measures
        if measures is None:
            continue
        parts = ", ".join(f"{name} {seconds(value)}" for name, value in measures.parts.items() if value is not None)
        for each in measures.objectives:
            if each.measured is not None:
                shown = measured(each.measured, at_most=each.at_most)
                if each.name.startswith("RTO"):
                    shown = f"{shown} ({parts})"
                if each.name.startswith("RPO") and measures.loss:
                    writes = _writes(measures.loss)
                    shown = f"{shown} ({writes}; the writer had no answer for {seconds(measures.outage_seconds)})"
                rows.append([scenario.name, each.name, seconds(each.target), shown, verdict(each.met)])
    return rows


def _writes(loss: Mapping[str, Any]) -> str:
    """What was lost of how many, in sum and, where there are several, of each store."""
    stores = loss.get("stores") or {}
    said = f"{loss.get('lost')} of {loss.get('acknowledged')} writes"
    each = [f"{store} {own['lost']} of {own['acknowledged']}" for store, own in stores.items()]
    return f"{said}: {', '.join(each)}" if len(each) > 1 else said


def quarterly(report: Report, report_seconds: float) -> list[dict[str, Any]]:
    """
    Status and time of each part of the quarterly test: passed, failed, late (passed, in more than its time), or left
    out where the plan has nothing for it.
    """
    known = {each.name: each for each in report.scenarios}
    found = []
    for test in QUARTERLY:
        scenario, allowed = known.get(test.scenario), test.minutes * 60.0
        taken: float | None = report_seconds
        ok: bool | None = True
        if test.scenario:
            taken = None if scenario is None else float(scenario.evidence.get("seconds") or 0.0)
            ok = None if scenario is None else bool(scenario.ok)
        late = taken is not None and taken > allowed
        status = "left out" if ok is None else "failed" if not ok else "late" if late else "passed"
        found.append({"name": test.name, "status": status, "seconds": taken, "allowed": allowed})
    return found


def command(
    scenario: Annotated[str, typer.Argument(help="a scenario, or a list of them such as samia")] = "samia",
    *,
    plan: Annotated[
        list[str] | None,
        typer.Option(
            "--plan",
            envvar="DR_PLAN",
            help="the plan: a system's name (plans/NAME.yaml) or a path; once for each system, side by side",
        ),
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="every scenario")] = False,
    workload: Annotated[str, typer.Option(help="how the service writes: plain, mine, or one of the family")] = "plain",
    pace: Annotated[float, typer.Option(help="how many times faster the cloud's own waiting runs")] = 20.0,
    folder: Annotated[Path, typer.Option("--out", help="where the report and the journal go")] = Path("out"),
    form: Format = Form.TABLE,
) -> int:
    """Rehearse a disaster in the sandbox and measure it."""
    name = "all" if everything else scenario
    plans = plan or [DEFAULT_PLAN]
    if len(plans) > 1:
        return _together(plans, name, ["--workload", workload, "--pace", f"{pace:g}"], folder, form)
    return _alone(plans[0], name, workload, pace, folder, form)


def _together(plans: list[str], name: str, options: list[str], folder: Path, form: Form) -> int:
    from scripts.drills.together import rehearse  # noqa: PLC0415 (as above)
    from scripts.reports import model, render  # noqa: PLC0415 (pictures are slow to import)

    systems = [load_plan(each).system for each in plans]
    reports = [model.load(run) for run in rehearse(plans, name, options, folder, _say)]
    missing = [each for each in systems if each not in {report.main.system for report in reports}]
    folder.mkdir(parents=True, exist_ok=True)
    page = folder / f"{name}.html"
    page.write_text(render.together(reports, missing), encoding="utf-8")
    said = render.worst(reports, missing)
    if form is Form.JSON:
        write_json({"verdict": said, "systems": [render.as_json(each) for each in reports], "without_report": missing})
    else:
        rows = [[report.main.system, *row] for report in reports for row in results(report)]
        out().print(table(f"Drill {name}", ("system", "scenario", "objective", "target", "measured", "verdict"), rows))
        out().print(f"{said}; report: {page}", markup=False)
    return _judged(name, said, f"{page} says what")


def _alone(plan: str, name: str, workload: str, pace: float, folder: Path, form: Form) -> int:  # noqa: PLR0917
    from scripts.drills.stage import workloads  # noqa: PLC0415 (as above)
    from scripts.report import Kind, write_report  # noqa: PLC0415
    from scripts.reports import model, render  # noqa: PLC0415 (pictures are slow to import)
    from scripts.runs.journal import path_of  # noqa: PLC0415

    began = time.monotonic()
    loaded = load_plan(plan)
    if workload not in workloads(loaded):
        mine = "" if loaded.workload is not None else "; a plan may name its own (workload.command), which is `mine`"
        raise BadInput(f'there is no workload "{workload}"', f"there is {', '.join(workloads(loaded))}{mine}")
    parts, reasons = fitting(loaded, name)
    for left_out, reason in reasons.items():
        _say(f"{left_out} is left out: {loaded.system} {reason}")
    run = drill(loaded, plan, parts, pace=pace, title=f"drill {name}", workload=workload)
    rehearsed = time.monotonic()
    report = model.load(run)
    folder.mkdir(parents=True, exist_ok=True)
    html = write_report(run, folder / f"{name}.html")
    write_report(run, folder / f"{name}.json", Kind.JSON)
    shutil.copy(path_of(run), folder / f"{name}.journal.jsonl")
    tests = quarterly(report, time.monotonic() - rehearsed) if name == "quarterly" else []
    if form is Form.JSON:
        write_json({**render.as_json(report), **({"tests": tests} if tests else {})})
    else:
        if tests:
            rows = [
                [each["name"], each["status"], seconds(each["seconds"]), seconds(each["allowed"])] for each in tests
            ]
            out().print(table("Quarterly test", ("test", "status", "took", "its time"), rows))
        out().print(table(f"Drill {name}", ("scenario", "objective", "target", "measured", "verdict"), results(report)))
        checks = [
            [each.sentence, each.status, "must fail" if each.evidence.get("negative_control") else ""]
            for each in report.checks
        ]
        out().print(table("Checks", ("check", "result", "negative control"), checks))
        out().print(f"{report.verdict}; {seconds(time.monotonic() - began)} in all; report: {html}", markup=False)
    return _judged(name, report.verdict, f"{html} says what, and `dr journal {run}` how")


def _judged(name: str, verdict: str, hint: str) -> int:
    """Raises ObjectiveMissed for a drill that did not pass; one without a disaster has no objective to meet."""
    if verdict not in {"met", "not measured"}:
        raise ObjectiveMissed(f"the drill {name}: {verdict}", hint)
    return 0


app = typer.Typer(add_completion=False)
app.command("drill")(command)

if __name__ == "__main__":
    from scripts.dr import main

    raise SystemExit(main(["drill", *sys.argv[1:]]))

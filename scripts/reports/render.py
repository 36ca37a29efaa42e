"""A report as one HTML file that needs nothing else, or as JSON."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from scripts.people.output import seconds, verdict
from scripts.reports import drawings

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from scripts.reports.model import Report, RunReport, Scenario
    from scripts.runs.journal import Entry
    from scripts.runs.measure import Measures

TEMPLATES = Path(__file__).parent / "templates"
HEADLINES = {
    "met": "Every objective was met",
    "missed": "An objective was missed",
    "failed": "It failed",
    "unfinished": "Not finished",
    "not measured": "Done; no objective was measured",
}


def html(report: Report) -> str:
    return _environment().get_template("report.html").render(report=report, headline=HEADLINES[report.verdict])


def together(reports: Sequence[Report], missing: Sequence[str]) -> str:
    """One page for several systems, with the whole report of each in it; `missing` are those that have none."""
    return _environment().get_template("together.html").render(
        reports=reports, pages=[(each, html(each)) for each in reports], missing=missing,
        systems=", ".join([*(each.main.system for each in reports), *missing]),
        verdict=worst(reports, missing), headline=HEADLINES[worst(reports, missing)],
    )  # fmt: skip


def worst(reports: Sequence[Report], missing: Sequence[str]) -> str:
    """The verdict on all of them: as `Report.verdict`."""
    found = {each.verdict for each in reports} | ({"failed"} if missing else set())
    return next(each for each in ("failed", "unfinished", "missed", "met", "not measured") if each in found)


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["seconds"] = seconds
    environment.filters["verdict"] = verdict
    environment.filters["flat"] = flat
    environment.globals["timeline"] = lambda run: Markup(drawings.timeline(run))  # noqa: S704  (our own SVG)
    environment.globals["drawing"] = drawings.drawing
    environment.globals["parts"] = drawings.parts
    return environment


def flat(evidence: Any, prefix: str = "") -> list[tuple[str, str]]:
    """Nested evidence as (path, value) pairs, for people."""
    if isinstance(evidence, dict):
        return [
            pair for key, value in evidence.items() for pair in flat(value, f"{prefix}.{key}" if prefix else str(key))
        ]
    if isinstance(evidence, list | tuple):
        if all(not isinstance(each, dict | list | tuple) for each in evidence):
            return [(prefix, ", ".join(map(str, evidence)))] if evidence else []
        return [pair for number, each in enumerate(evidence) for pair in flat(each, f"{prefix}[{number}]")]
    return [] if evidence is None or evidence == "" else [(prefix, str(evidence))]


def as_json(report: Report) -> dict[str, Any]:
    return {
        "verdict": report.verdict,
        "run": _run(report.main),
        "checks": [_entry(entry) for entry in report.checks],
        "scenarios": [_scenario(scenario) for scenario in report.scenarios],
    }


def _scenario(scenario: Scenario) -> Mapping[str, Any]:
    return {
        "name": scenario.name,
        "title": scenario.title,
        "ok": scenario.ok,
        "measures": _measures(scenario.measures),
        "evidence": scenario.evidence,
        "runs": [_run(run) for run in scenario.runs],
    }


def _run(run: RunReport) -> Mapping[str, Any]:
    return {
        "run": run.run,
        "runbook": run.runbook,
        "system": run.system,
        "status": run.status,
        "said": run.said,
        "environment": run.environment,
        "begun": run.begun,
        "ended": run.ended,
        "seconds": run.seconds,
        "measures": _measures(run.measures),
        "topology": {"before": run.before, "after": run.after, "epochs": run.epochs},
        "steps": _entries(run.steps),
        "engine_calls": _entries(run.engine_calls),
        "notes": _entries(run.notes),
        "journal": {"hash": run.hash, "entries": len(run.entries), "complete": run.complete},
    }


def _measures(measures: Measures | None) -> Mapping[str, Any] | None:
    return None if measures is None else measures.to_json()


def _entries(entries: Iterable[Entry]) -> list[Mapping[str, Any]]:
    return [_entry(entry) for entry in entries]


def _entry(entry: Entry) -> Mapping[str, Any]:
    return {
        "phase": entry.phase,
        "name": entry.name,
        "said": entry.sentence,
        "status": entry.status,
        "started": entry.started,
        "ended": entry.ended,
        "seconds": entry.seconds,
        "evidence": entry.evidence,
    }

"""The pictures of a report as inline SVG: the timeline of a run, and who was who before and after."""

from __future__ import annotations

import io
import os
import re
import tempfile
from datetime import datetime
from typing import TYPE_CHECKING, Any

from scripts.runs.measure import PARTS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scripts.reports.model import RunReport

# Colour-blind safe (Okabe and Ito), the same for a phase in every report.
COLOURS = {
    "preflight": "#999999",
    "declare": "#999999",
    "fence": "#d55e00",
    "promote": "#0072b2",
    "restore": "#0072b2",
    "traffic": "#cc79a7",
    "verify": "#009e73",
    "compute": "#56b4e9",
    "record": "#f0e442",
    "reconcile": "#e69f00",
}
OTHER = "#b0b0b0"
MARKS = {
    "fault": "#d55e00",
    "detected": "#e69f00",
    "declared": "#666666",
    "service_back": "#009e73",
    "verified": "#0072b2",
}


def timeline(run: RunReport) -> str:
    """Each step as a bar on the run's clock, with the marks that RTO is reckoned from. Empty without steps."""
    steps = [step for step in run.steps if step.started is not None and step.ended is not None]
    if not steps:
        return ""
    # matplotlib writes a cache into HOME, which may not be there.
    os.environ.setdefault("MPLCONFIGDIR", tempfile.mkdtemp(prefix="dr-plot-"))
    import matplotlib as mpl  # noqa: PLC0415  (slow to import)

    mpl.use("svg")
    from matplotlib.figure import Figure  # noqa: PLC0415

    marks = {name: at for name, at in run.marks.items() if name in MARKS}
    zero = min([*marks.values(), *(step.started for step in steps if step.started)])
    with mpl.rc_context(
        {
            "svg.fonttype": "none",
            "text.parse_math": False,
            "svg.hashsalt": run.run,
            "font.family": "sans-serif",
            "font.size": 9,
        }
    ):
        figure = Figure(figsize=(9.5, 0.9 + 0.24 * len(steps)), layout="constrained")
        axes = figure.add_subplot()
        end = max(_since(zero, step.ended) for step in steps)
        for line, step in enumerate(steps):
            start = _since(zero, step.started)
            width = max(_since(zero, step.ended) - start, end * 0.002)
            colour = COLOURS.get(step.phase, OTHER)
            edge = "#000000" if step.status == "failed" else "none"
            axes.barh(
                line, width, left=start, height=0.72, color=colour, edgecolor=edge, hatch="//" if edge != "none" else ""
            )
        for name, at in marks.items():
            axes.axvline(_since(zero, at), color=MARKS[name], linewidth=1, linestyle="--")
            axes.annotate(
                name.replace("_", " "),
                (_since(zero, at), -0.9),
                rotation=30,
                fontsize=8,
                color=MARKS[name],
                annotation_clip=False,
            )
        axes.set_yticks(range(len(steps)), [f"{step.phase}: {step.name}" for step in steps])
        axes.set_ylim(len(steps) - 0.4, -1)
        axes.set_xlim(left=min(0, -end * 0.01))
        axes.set_xlabel("seconds")
        axes.grid(axis="x", color="#dddddd", linewidth=0.6)
        axes.set_axisbelow(True)
        for side in ("top", "right", "left"):
            axes.spines[side].set_visible(False)
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None}, transparent=True)
    return _inline(buffer.getvalue(), f"Timeline of {run.run}")


def _since(zero: datetime, at: datetime | None) -> float:
    return 0.0 if at is None else (at - zero).total_seconds()


def _inline(svg: str, title: str) -> str:
    """Leave out prologue, doctype and metadata, which name addresses of other hosts, and fit the width of the page."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    head, rest = svg.split(">", 1)
    head = re.sub(r' (width|height)="[^"]*"', "", head)
    head = re.sub(r' xmlns(:xlink)?="[^"]*"', "", head)
    return f'{head} role="img" aria-label="{title}">{rest}'


def drawing(run: RunReport, *, after: bool) -> Mapping[str, Any]:
    """What the template of the topology needs: boxes with their places, and the arrows between them."""
    sites = run.after if after else run.before
    width, gap = 170, 66
    boxes = [{"site": site, "x": 10 + number * (width + gap), "y": 78} for number, site in enumerate(sites)]
    place = {site.name: number for number, site in enumerate(sites)}
    arrows = []
    for site in sites:
        if site.follows in place:
            source, target = place[site.follows], place[site.name]
            forward = source < target
            arrows.append(
                {
                    "x1": boxes[source]["x"] + (width if forward else 0),  # type: ignore[operator]
                    "x2": boxes[target]["x"] + (0 if forward else width),  # type: ignore[operator]
                    "far": abs(source - target) > 1,
                    "y": 170,
                }
            )
    return {
        "boxes": boxes,
        "arrows": arrows,
        "height": 196 if any(arrow["far"] for arrow in arrows) else 152,
        "width": max(len(sites) * (width + gap) - gap + 20, 10),
        "box": width,
        "epoch": run.epochs[1 if after else 0],
        "id": f"{re.sub(r'[^A-Za-z0-9]', '', run.run)}{'after' if after else 'before'}",
    }


def parts(run_measures: Mapping[str, float | None]) -> list[tuple[str, float | None]]:
    """RTO's parts in their order."""
    return [(name, run_measures.get(name)) for name, _, _ in PARTS]

"""Changes that people reported elsewhere: each gives the right answer, whichever file says it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from previews.report import Report
from tests.previews.logs import both, digest, log, report, state, step

CASES: list[dict[str, Any]] = yaml.safe_load(Path(__file__).with_name("reported.yaml").read_text(encoding="utf-8"))


def reports(case: dict[str, Any], folder: Path) -> list[Report]:
    """The same change as a digest and as an event log."""
    more = case.get("options", {})
    old = state(case["type"], "thing", case["before"], **more) if "before" in case else None
    new = state(case["type"], "thing", case["after"], **more) if "after" in case else None
    each = step(case["op"], old, new, keys=case.get("causes"))
    counts = {case["op"]: 1}
    return [report(folder, digest([each], counts)), report(folder, log(both(each), counts))]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["what"].replace(" ", "-"))
def test_a_reported_change(case: dict[str, Any], tmp_path: Path) -> None:
    for found in reports(case, tmp_path):
        shown = {side: [change.label for change in getattr(found, side)] for side in ("weaker", "judge", "stronger")}
        assert {side: labels for side, labels in shown.items() if labels} == case.get("shows", {})
        lost = [loss.noun for loss in found.losses if loss.destroys]
        assert lost == ([case["at_stake"]] if "at_stake" in case else [])

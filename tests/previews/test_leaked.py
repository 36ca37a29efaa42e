"""What people found in the open elsewhere shows in no report, whichever file says it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from scripts.preview import Format, render
from tests.previews.logs import both, digest, error, export, log, report, root, state, step

CASES: list[dict[str, Any]] = yaml.safe_load(Path(__file__).with_name("leaked.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["what"].replace(" ", "-"))
def test_what_leaked_is_in_no_report(case: dict[str, Any], tmp_path: Path) -> None:
    held = state(case["type"], "thing", case.get("inputs", {}), outputs=case.get("outputs", {}))
    each, said = step("update", held, held), [f"error: {hidden} was refused" for hidden in case["hidden"]]
    bare = state(case["type"], "thing", {})
    found = [
        report(tmp_path, digest([each], {"update": 1}, said)),
        report(tmp_path, log([*both(each), *map(error, said)], {"update": 1}, result="failed")),
        report(tmp_path, digest([step("update", bare)], {"update": 1}, said), export([root(), held])),
    ]
    for each_report in found:
        for shape in Format:
            shown = render(each_report, shape)
            assert "was refused" in shown, "the message is not in the report, so nothing was looked at"
            for hidden in case["hidden"]:
                assert hidden not in shown, (shape, hidden)

"""The comment always fits, whatever is in it; what was cut is said, and nothing important goes without a word."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st

from previews.analysis import Request, analyse
from previews.document import Document, Section, compose
from previews.markdown import LIMIT, render
from previews.report import Report
from previews.spans import Code, Mark
from tests.previews.logs import DATABASE, database, digest, report, state, step, write

CORE = state(DATABASE, "core", database())


def comment(of: Report) -> str:
    return render(compose(of), of.project)


def test_many_stacks_that_fail(tmp_path: Path) -> None:
    message = "error: creating RDS DB Instance (shop): StatusCode: 403 [region=x] {retry=3} " * 3
    files = {f"s{n:03}": write(tmp_path, f"{n}.json", digest([], None, [f"{message}{n}"])) for n in range(170)}
    found = analyse(Request(files))
    shown = comment(found)
    assert len(shown.encode()) <= LIMIT
    assert "165 more previews failed" in shown
    assert "No forecast" in shown
    assert "rows, not shown" in shown


@pytest.mark.parametrize("count", [1, 13, 200, 900])
def test_what_is_missing_is_said_first(count: int, tmp_path: Path) -> None:
    files = {}
    for number in range(count):
        stack = f"stack-{number:03}"
        core = state(DATABASE, "core", database(), stack)
        files[stack] = write(tmp_path, f"{stack}.json", digest([step("update", core)], {"same": 4, "update": 1}))
    shown = comment(analyse(Request(files)))
    assert len(shown.encode()) <= LIMIT
    assert "No forecast" in shown
    assert "Policy results are not in the preview" in shown
    assert "unchanged resources are not in this preview" in shown
    assert ("more remarks, not shown" in shown) == (count > 150)


TITLES = tuple(f"A section of this report, number {number}" for number in range(12))


@settings(max_examples=25, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(
    text=st.text(st.sampled_from("a#@<>&|*_`[](){}!\\é\u3042\U0001f600"), min_size=1, max_size=240),
    rows=st.lists(st.integers(1, 200), min_size=1, max_size=12),
    sizes=st.tuples(st.integers(1, 25), st.integers(1, 400)),
    limit=st.sampled_from([20_000, LIMIT]),
)
@example(text=">a>_@@", rows=[63, 195, 60, 112, 29, 82, 17, 106, 157, 41, 71], sizes=(4, 390), limit=20_000)
def test_a_comment_of_any_document_fits(text: str, rows: list[int], sizes: tuple[int, int], limit: int) -> None:
    sections = tuple(
        Section(
            title, ("What",) * 8, tuple(((Code(f"{n}{text}"),),) * 8 for n in range(count)), 60, folded=count % 2 == 0
        )
        for title, count in zip(TITLES, rows, strict=False)
    )
    lines, remarks = sizes
    document = Document(
        ("Recovery preview of ", Code(text)),
        tuple((Mark.WEAKER, ("**Weaker:** ", *(Code(text),) * 8, str(n))) for n in range(lines)),
        sections,
        tuple((Code(text), f": remark {n}") for n in range(remarks)),
    )
    shown = render(document, text, limit)
    assert len(shown.encode()) <= limit
    check_that_cuts_are_said(document, shown)


def check_that_cuts_are_said(document: Document, shown: str) -> None:
    """Each line, remark and row is there, or is counted as left out."""
    lines = [line for line in shown.splitlines() if re.match(r"[✅🔴🟢🟡⛔] ", line)]
    assert len(lines) + said(shown, r"… and (\d+) more lines") == len(document.headline)
    tail = shown[shown.rindex("<sub>") : shown.rindex("</sub>")]
    left_out = said(tail, r"… and (\d+) more remarks")
    assert len(re.split(" · ", tail)) - bool(left_out) + left_out == len(document.remarks)
    parts: list[Any] = re.split(r"\n(?=<details>|#### )", shown)[1:]
    for section, part in zip(document.sections, parts, strict=True):
        rows = [line for line in part.splitlines() if line.startswith("| ")][2:]
        assert len(rows) + said(part, r"… and (\d+) more rows") == len(section.rows), section.title


def said(text: str, pattern: str) -> int:
    found = re.search(pattern, text)
    return int(found[1]) if found else 0


def test_each_section_has_its_share(tmp_path: Path) -> None:
    """A thousand deletions do not push out what gets weaker."""
    steps = [step("delete", state(DATABASE, f"a-database-with-a-long-name-{n:04}", {}), None) for n in range(1000)]
    steps += [
        step(
            "update",
            state("aws:dynamodb/table:Table", f"t-{n}", {"deletionProtectionEnabled": True}),
            state("aws:dynamodb/table:Table", f"t-{n}", {}),
        )
        for n in range(50)
    ]
    document = compose(report(tmp_path, digest(steps, {"delete": 1000, "update": 50})))
    shown = render(document, "shop", 12_000)
    assert len(shown.encode()) <= 12_000
    assert "#### What changes for recovery" in shown
    assert re.search(r"deletion protection.*t-", shown)
    check_that_cuts_are_said(document, shown)


TABLE = "aws:dynamodb/table:Table"
POLICY = json.dumps({"Statement": [{"Sid": f"s{n}", "Action": ["s3:Get*"], "Resource": "*"} for n in range(4000)]})
TRACE = "error: " + "at Object.<anonymous> (/a/b.js:1)\n" * 9000
LOST = step("delete", CORE, None)
TOO_LONG: dict[str, tuple[str, list[dict[str, Any]], list[str]]] = {
    # What made the comments of other tools too long, so that nothing was posted at all.
    "many changes": (
        "pulumi/actions#482", [step("create", None, state(TABLE, f"t-{n:04}", {})) for n in range(3000)], []
    ),
    "one long value": (
        "dflook/terraform-github-actions#133",
        [step("update", state("aws:s3/bucketPolicy:BucketPolicy", "p", {"policy": POLICY}),
              state("aws:s3/bucketPolicy:BucketPolicy", "p", {"policy": POLICY.replace("Get", "Put")}))],
        [],
    ),
    "one long error": ("dflook/terraform-github-actions#197", [], [TRACE]),
    "many errors": ("hashicorp/terraform-cdk-action#150", [], [f"error: t-{n} is not there" for n in range(4000)]),
    "long names": (
        "suzuki-shunsuke/tfcmt#227",
        [step("delete", state(TABLE, f"{n:03}-{'n' * 900}", {}), None) for n in range(200)], []
    ),
    "characters of four bytes": (
        "liatrio/terraform-change-pr-commenter#91",
        [step("delete", state(TABLE, "\U0001f5c4" * 200 + str(n), {}), None) for n in range(300)], []
    ),
    "replacements with many reasons": (
        "gruntwork-io/terragrunt-action#72",
        [step("replace", state(TABLE, f"t-{n}", {"hashKey": "a"}), state(TABLE, f"t-{n}", {"hashKey": "b"}),
              keys=[f"attributes[{key}].name" for key in range(120)]) for n in range(150)], []
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", TOO_LONG)
def test_what_made_others_comments_too_long_fits_and_all_that_is_lost_is_named_or_counted(
    case: str, tmp_path: Path
) -> None:
    _, steps, errors = TOO_LONG[case]
    ops = Counter(str(each["op"]) for each in [*steps, LOST])
    document = compose(report(tmp_path, digest([*steps, LOST], dict(ops), errors)))
    shown = render(document, "shop")
    assert len(shown.encode()) <= LIMIT
    check_that_cuts_are_said(document, shown)
    if errors:
        assert "No forecast" in shown
        return
    (stake,) = [line for line in shown.splitlines() if "**Data at stake:**" in line]
    lost = sum(count for op, count in ops.items() if op in {"delete", "replace"})
    assert stake.count("<code>") + said(stake, r"and (\d+) more") == lost, "each is named or counted"

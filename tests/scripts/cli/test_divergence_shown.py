"""What only an old copy holds is shown and exported as a person can look at it, and for nobody else."""

import csv
import json
from pathlib import Path

import pytest

from scripts.dr import main
from scripts.engines.comparison import KeptRow
from scripts.runs import divergences
from scripts.runs.findings import CopiesCompared, NotCounted

RUN = "reprotect-20260102T030405-abcdef"
COLUMNS = ("id", "a %note")


@pytest.fixture
def compared() -> None:
    rows = [
        KeptRow("orders", "missing", COLUMNS, ("new", None)),
        KeptRow("orders", "changed", COLUMNS, ("old", "mine, and\nmore")),
        KeptRow("orders", "surviving", COLUMNS, ("old", "")),
        KeptRow('"../odd/%s"', "missing", ("id",), ("\x1b[31mred",)),
        KeptRow('"..?odd?%s"', "missing", ("id",), ("two",)),
    ]
    with divergences.keeping(RUN, "core") as keep:
        for row in rows:
            keep(row)
    thing = {"missing": 0, "changed": 0, "deleted": 0, "said": "", "first": None, "last": None}
    found = CopiesCompared(
        store="core", rows=4, differences=5, said="4 rows of 3 tables, 1 sequence",
        tables=[{"kind": "table", "name": "orders", **thing, "missing": 1, "changed": 1}],
        unknown=[NotCounted(name="locked", reason="session 7 of app holds a lock", hint="end it")],
    )  # fmt: skip
    divergences.remember(RUN, "core", found.model_dump(mode="json"))


@pytest.mark.usefixtures("compared")
def test_it_is_shown_with_what_is_unknown_and_what_helps(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["divergence", "show"]) == 0
    shown = capsys.readouterr().out
    for part in ("4 rows of 3 tables, 1 sequence", "orders", "session 7 of app holds a lock", "end it", "mine, and"):
        assert part in shown
    assert "\x1b[31m" not in shown
    assert main(["divergence", "show", RUN, "--format", "json", "--rows", "1"]) == 0
    (data,) = json.loads(capsys.readouterr().out)
    assert (data["run"], data["store"], data["differences"], len(data["kept"])) == (RUN, "core", 5, 1)


@pytest.mark.usefixtures("compared")
def test_every_row_is_exported_for_nobody_else_to_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    there = tmp_path / "out" / "of it"
    assert main(["divergence", "export", "--to", str(there)]) == 0
    told = capsys.readouterr().out.replace("\n", "")
    files = sorted(there.iterdir())
    assert [path.name for path in files] == [
        f"{RUN}.core.001-orders.csv", f"{RUN}.core.002-odd_s.csv", f"{RUN}.core.003-odd_s.csv",
    ]  # fmt: skip
    assert all(str(path) in told for path in files)
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in files)
    with files[0].open(newline="") as file:
        assert list(csv.reader(file)) == [
            ["which", "id", "a %note"],
            ["missing", "new", r"\N"],
            ["changed", "old", "mine, and\nmore"],
            ["surviving", "old", ""],
        ]


@pytest.mark.parametrize("words", [["show"], ["export", "--to", "there"], ["show", RUN]])
def test_where_nothing_was_compared_it_says_so(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["divergence", *words]) == 2
    assert "compared" in capsys.readouterr().err


def test_a_name_that_leads_elsewhere_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["divergence", "show", "../../etc"]) == 2
    assert "is not the name of a run" in capsys.readouterr().err

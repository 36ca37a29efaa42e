"""The report: one file that needs nothing else, says what the journal says, and hides no failure."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from model import Topology, load_plan
from model.topology import after_failover
from scripts import report as program
from scripts.core.errors import BadInput
from scripts.dr import main
from scripts.reports import model, render
from scripts.runs.journal import Journal, path_of
from scripts.runs.measure import PARTS

pytestmark = pytest.mark.thorough

START = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def write_run(
    run: str,
    *,
    lost: int = 3,
    verified: float = 20,
    status: str = "done",
    evil: str = "",
    row: str = "fence_old_writer",
) -> None:
    plan = load_plan("samia")
    before = Topology.initial(plan)
    journal = Journal.of(run)
    evidence = {
        "system": "samia",
        "environment": "sandbox",
        "topology": before.to_config(),
        "options": {"to": "secondary"},
    }
    journal.write("run", "failover", "Begin the failover of samia", status="begun", evidence=evidence)
    for name, seconds in {"fault": 0, "detected": 2, "declared": 5, "service_back": 8, "verified": verified}.items():
        journal.mark(name, at=at(seconds))
    journal.write("decision", "declare", f"regional_outage declared{evil}", evidence={"disaster": "regional_outage"})
    after = after_failover(before, plan, "secondary")
    for number, (name, phase) in enumerate(
        [(row, "fence"), ("promote_database", "promote"), ("record_topology", "record")]
    ):
        found: dict[str, Any] = {"topology": after.to_config()} if name == "record_topology" else {"lsn": "0/30001A8"}
        step = {
            "row": f"Row {name}",
            "undo": "none: it is so",
            "point_of_no_return": phase == "promote",
            "found": found,
        }
        journal.write(
            "step",
            name,
            f"{name} said",
            phase=phase,
            status="done",
            started=at(5 + number),
            ended=at(6 + number),
            evidence=step,
        )
    for word in ("begun", "done"):
        call = {"stack": "dr", "operation": "up", "counts": {"same": 40, "update": 2}}
        journal.write(
            "note",
            "engine",
            f"pulumi up of stack dr: {word}",
            status=word,
            started=at(9),
            ended=at(11) if word == "done" else None,
            evidence=call,
        )
    journal.write("measure", "loss", "ledger", evidence={"lost": lost, "span_seconds": 0.5 if lost else 0.0})
    journal.write("end", "failover", "Done" if status == "done" else "Ended: it broke", status=status)
    journal.close()


def write_drill(run: str, parts: list[str], *, control: str = "passed") -> None:
    journal = Journal.of(run)
    journal.write("run", "drill", "Rehearse", status="begun", evidence={"system": "samia", "environment": "sandbox"})
    journal.write(
        "probe", "corrupt_backup", "A corrupted backup was refused", status=control, evidence={"negative_control": True}
    )
    for part in parts:
        evidence = {"scenario": f"scenario-{part}", "title": f"Region lost ({part})", "runs": [part], "ok": True}
        loss = {"lost": 7, "span_seconds": 1.5}
        journal.note(
            "scenario",
            part,
            disaster="regional_outage",
            loss=loss,
            outage_seconds=8.5,
            fault_at=at(-1).isoformat(),
            **evidence,
        )
    journal.write("end", "drill", "Done", status="done")
    journal.close()


class Page(HTMLParser):
    """What a browser would fetch, and the text that a person sees."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.words: list[str] = []
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open.append(tag)
        for name, value in attrs:
            if name in {"src", "href", "xlink:href", "data", "action", "poster"} and not (value or "").startswith("#"):
                self.fetched.append(f"{tag} {value}")

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def page_of(run: str, tmp_path: Path) -> tuple[str, Page]:
    path = program.write_report(run, tmp_path / "report.html")
    assert path is not None
    text = path.read_text(encoding="utf-8")
    return text, Page(text)


def test_a_run_on_one_page_that_needs_nothing_else(tmp_path: Path) -> None:
    write_run("r1")
    text, page = page_of("r1", tmp_path)
    assert page.fetched == []
    assert "url(http" not in text
    assert "@import" not in text
    assert "<script" not in text
    assert not re.search(r"https?://", text)
    said = """Every objective was met|RTO, regional outage|20.0 s|RPO, regional outage|0.50 s|fence_old_writer said
|0/30001A8|point of no return|40 same, 2 update|Before, epoch 1|After, epoch 2|fenced|warm
|3 acknowledged writes were lost"""
    for word in (*said.replace("\n", "").split("|"), *(name for name, _, _ in PARTS)):
        assert word in page.text, word
    assert model.load("r1").main.hash in text


def test_every_picture_is_whole(tmp_path: Path) -> None:
    write_run("r1")
    text, _ = page_of("r1", tmp_path)
    pictures = re.findall(r"<svg.*?</svg>", text, re.DOTALL)
    assert len(pictures) == 3, "two topologies and a timeline"
    for picture in pictures:
        ET.fromstring(picture.replace("xlink:href", "href"))
    ids = re.findall(r'\bid="([^"]+)"', text)
    assert len(ids) == len(set(ids))


def test_a_drill_holds_all_its_runs_and_what_was_measured_from_outside(tmp_path: Path) -> None:
    write_run("r1")
    write_run("r2")
    write_drill("d1", ["r1", "r2"])
    _, page = page_of("d1", tmp_path)
    for word in (
        "Region lost (r1)",
        "Region lost (r2)",
        "negative control",
        "A corrupted backup was refused",
        "Every objective was met",
    ):
        assert word in page.text
    scenario = model.load("d1").scenarios[0]
    assert scenario.measures is not None
    assert scenario.measures.rpo_seconds == 1.5, "the drill's ledger, not what the run believed"
    assert scenario.measures.rto_seconds == 21, "from the fault as the drill made it"
    assert scenario.measures.outage_seconds == 8.5


@pytest.mark.parametrize(
    ("run", "control", "verdict"),
    [
        ({}, "", "met"),
        ({"verified": 3601}, "", "missed"),
        ({"status": "failed"}, "", "failed"),
        ({"status": "unknown"}, "", "failed"),
        ({}, "passed", "met"),
        ({}, "failed", "failed"),
        ({"status": "failed"}, "passed", "failed"),
        ({"verified": 3601}, "passed", "missed"),
        (None, "passed", "failed"),
    ],
    ids=str,
)
def test_the_verdict_hides_no_failure(run: dict[str, Any] | None, control: str, verdict: str, tmp_path: Path) -> None:
    """Of a run, or with `control` of a drill whose negative control ended so; without a run its journal is missing."""
    if run is not None:
        write_run("r1", **run)
    if control:
        write_drill("d1", ["r1"], control=control)
    name = "d1" if control else "r1"
    assert model.load(name).verdict == verdict
    assert render.HEADLINES[verdict] in page_of(name, tmp_path)[1].text


def test_a_run_that_goes_on_has_a_report_too(tmp_path: Path) -> None:
    write_run("r1")
    path = path_of("r1")
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:-1]) + lines[-1][:40])
    assert model.load("r1").verdict == "unfinished"
    assert "Not finished" in page_of("r1", tmp_path)[1].text


def test_text_from_a_journal_is_only_text(tmp_path: Path) -> None:
    write_run("r1", evil="<script>alert(1)</script><img src=http://evil/x>")
    text, page = page_of("r1", tmp_path)
    assert "<script" not in text
    assert page.fetched == []
    assert "<script>alert(1)</script>" in page.text


@pytest.mark.parametrize("name", [r"$\frac{", "$$", "_{^", "\\", "$x$ &amp; <b>"])
def test_the_name_of_a_row_is_no_formula(name: str, tmp_path: Path) -> None:
    write_run("r1", row=name)
    assert f"fence: {name}" in page_of("r1", tmp_path)[1].text


def test_a_journal_that_was_changed_gives_no_report(capsys: pytest.CaptureFixture[str]) -> None:
    write_run("r1")
    path = path_of("r1")
    path.write_bytes(path.read_bytes().replace(b'"lost":3', b'"lost":0'))
    assert main(["report", "r1"]) == 2
    assert "the chain of hashes is broken here" in capsys.readouterr().err


def test_json_says_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    write_run("r1")
    assert main(["report", "r1", "--format", "json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["verdict"] == "met"
    assert said["run"]["measures"]["rto_seconds"] == 20
    assert [site["role"] for site in said["run"]["topology"]["before"]] == ["active", "warm", "cold"]
    assert [site["role"] for site in said["run"]["topology"]["after"]] == ["fenced", "active", "cold"]
    assert [call["status"] for call in said["run"]["engine_calls"]] == ["done"]


def test_to_standard_output_and_to_where_nothing_can_be_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_run("r1")
    assert main(["report", "r1", "--out", "-"]) == 0
    assert capsys.readouterr().out.startswith("<!doctype html>")
    with pytest.raises(BadInput, match="cannot be written"):
        program.write_report("r1", tmp_path / "none" / "x.html")


def test_several_systems_are_on_one_page_and_the_worst_of_them_is_its_verdict() -> None:
    write_run("failover-20260102-030405-aaaa")
    write_run("failover-20260102-030405-bbbb", status="failed", evil="<script>alert(1)</script>")
    good, bad = (model.load(f"failover-20260102-030405-{each}") for each in ("aaaa", "bbbb"))
    assert render.worst([good], []) == good.verdict == "met"
    assert render.worst([good, bad], []) == "failed"
    assert render.worst([good], ["celora"]) == "failed", "a rehearsal without a report has not passed"
    page = render.together([good, bad], ["celora"])
    assert "There is no report of celora" in page
    assert page.count("<iframe") == 2
    assert "<script" not in page
    assert good.main.hash in page

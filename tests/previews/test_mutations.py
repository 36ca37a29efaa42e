"""Weakened copies of healthy worlds are caught by the right line; unchanged ones say that nothing concerns recovery."""

from __future__ import annotations

from pathlib import Path

import pytest

from previews.analysis import Request, analyse
from previews.document import compose
from previews.headline import NOTHING
from previews.markdown import plain
from previews.plaintext import render
from previews.reading import named_files
from previews.report import Report
from tests.previews import samples
from tests.previews.mutations import AWS, AZURE, Mutation
from tests.previews.worlds import World, changed, write_digests, write_events


def report_on(before: World, after: World, folder: Path, plan: str = "") -> Report:
    files = named_files(write_events(folder, before, after))
    return analyse(Request(files, plan=plan, project="shop"))


def headline(report: Report) -> str:
    return "\n".join(plain(words) for _, words in compose(report).headline).replace("**", "")


def check(mutation: Mutation, before: World, folder: Path, plan: str) -> None:
    report = report_on(before, changed(before, mutation.change), folder, plan)
    assert mutation.line in headline(report), headline(report)
    assert mutation.also in render(compose(report)), render(compose(report))
    assert not report.quiet


@pytest.mark.parametrize("mutation", AWS, ids=lambda mutation: mutation.name)
def test_a_weakened_aws_world_is_caught(mutation: Mutation, tmp_path: Path) -> None:
    check(mutation, samples.aws(), tmp_path, "samia")


@pytest.mark.parametrize("mutation", AZURE, ids=lambda mutation: mutation.name)
def test_a_weakened_azure_world_is_caught(mutation: Mutation, tmp_path: Path) -> None:
    check(mutation, samples.azure(), tmp_path, "")


@pytest.mark.parametrize("mutation", [*AWS, *AZURE], ids=lambda mutation: mutation.name)
def test_undoing_a_weakening_is_stronger_and_never_weaker(mutation: Mutation, tmp_path: Path) -> None:
    healthy = samples.aws() if mutation in AWS else samples.azure()
    report = report_on(changed(healthy, mutation.change), healthy, tmp_path)
    weaker = [change for change in report.weaker if change.note != "removed"]
    assert not weaker
    assert not [row for row in report.table if row.direction == "weaker"]


@pytest.mark.parametrize(("world", "plan"), [(samples.aws(), "samia"), (samples.azure(), "")], ids=["aws", "azure"])
def test_an_unchanged_world_is_quiet(world: World, plan: str, tmp_path: Path) -> None:
    report = report_on(world, world, tmp_path, plan)
    assert headline(report) == NOTHING
    assert report.quiet
    assert not report.is_weaker


@pytest.mark.parametrize("mutation", AWS, ids=lambda mutation: mutation.name)
def test_a_digest_tells_the_same_changes_as_the_events(mutation: Mutation, tmp_path: Path) -> None:
    before = samples.aws()
    after = changed(before, mutation.change)
    (tmp_path / "events").mkdir()
    from_events = report_on(before, after, tmp_path / "events")
    from_digest = analyse(Request(named_files(write_digests(tmp_path, before, after, sames=True)), project="shop"))
    assert from_digest.weaker == from_events.weaker
    assert from_digest.losses == from_events.losses
    assert from_digest.table == from_events.table
    assert from_digest.one_sided == from_events.one_sided


def test_an_ordinary_change_is_quiet(tmp_path: Path) -> None:
    before = samples.aws()

    def both_sites(world: World) -> None:
        for stack in ("prod", "dr"):
            for item in world[stack]:
                if item["type"].endswith("Deployment"):
                    item["inputs"]["spec"]["template"]["spec"]["containers"][0]["image"] = "registry.example/app:1.5.0"

    report = report_on(before, changed(before, both_sites), tmp_path, "samia")
    assert headline(report) == NOTHING
    assert len(report.steps) == 2

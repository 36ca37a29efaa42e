"""A first plan of somebody's own system: it passes the check as it is written, and nothing is written otherwise."""

from pathlib import Path
from typing import Any

import pytest

from model import load_plan
from scripts import dr
from scripts.acts.new_plan import answers

CASES: dict[str, list[str]] = {
    "nothing but a name": [],
    "several stores and services": [
        "--store", "main", "--store", "audit-log", "--service", "web=main", "--service", "worker", "--service", "pdf=",
    ],
    "other regions": ["--region", "ap-south-1", "--region", "ap-southeast-1", "--region", "eu-west-3"],
    "little may be lost": ["--rpo", "2m"],
    "a zone and an account of its own": ["--zone", "shop.example.org", "--account", "210987654321"],
}  # fmt: skip


@pytest.mark.parametrize("words", CASES.values(), ids=CASES)
def test_it_passes_the_check_as_it_is_written(
    words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "shop.yaml"
    assert dr.main(["plan", "new", "shop", *words, "--to", str(path)]) == 0
    said = capsys.readouterr().out
    assert f"dr drill regional-outage --plan {path}" in " ".join(said.split())
    assert "note: " not in said
    assert dr.main(["plan", "check", str(path)]) == 0
    assert list(tmp_path.iterdir()) == [path]
    assert path.read_text().count("# ") > 10, "it explains itself"


def test_a_service_uses_what_it_names_and_all_where_it_names_nothing(tmp_path: Path) -> None:
    path = tmp_path / "shop.yaml"
    assert dr.main(["plan", "new", "shop", *CASES["several stores and services"], "--to", str(path)]) == 0
    assert {each.name: each.uses for each in load_plan(path).services} == {
        "web": ("main",), "worker": ("main", "audit-log"), "pdf": (),
    }  # fmt: skip


def test_what_a_promise_lacks_is_said_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "shop.yaml"
    assert dr.main(["plan", "new", "shop", "--rto", "1m", "--to", str(path)]) == 0
    assert "note: " in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["shop", "--region", "eu-west-1"], "--region: 1 are given"),
        (["shop", "--region", "a", "--region", "b", "--region", "c"], "region"),
        (["shop", "--cloud", "nowhere"], "no site can be built in 'nowhere'"),
        (["shop", "--service", "web=nothing"], "nothing"),
        (["Shop!"], "system"),
        (["shop", "--account", "me"], "account"),
        (["shop", "--rpo", "soon"], "--rpo"),
        ([], "which system is it?"),
    ],
)
def test_nothing_is_written_that_would_not_pass(
    words: list[str], says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert dr.main(["plan", "new", *words, "--to", str(tmp_path / "shop.yaml")]) == 2
    assert says in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_there_stays(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "shop.yaml"
    path.write_text("mine")
    assert dr.main(["plan", "new", "shop", "--to", str(path)]) == 3
    assert "is there already" in capsys.readouterr().err
    assert path.read_text() == "mine"


def test_who_is_there_is_asked_for_what_was_not_given() -> None:
    asked = list[str]()

    def ask(question: str, default: Any) -> Any:
        asked.append(question)
        return {"What is the system called?": "shop", "Its databases, separated by blanks?": "main audit"}.get(
            question, default
        )

    wanted = answers(
        system="",
        cloud="",
        account="",
        regions=(),
        stores=(),
        services=("web",),
        zone="",
        rpo="15m",
        rto="90m",
        ask=ask,
    )
    assert (wanted.system, wanted.stores) == ("shop", ("main", "audit"))
    assert wanted.services == (("web", ("main", "audit")),)
    assert len(asked) == 8, asked

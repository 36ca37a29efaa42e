"""What `dr restore --store CACHE` and `dr backup now` understand of caches, before anything is asked of a cloud."""

from pathlib import Path

import pytest

from model import load_plan
from scripts import dr
from scripts.people.options import caches_among

PATH = str(Path(__file__).parents[1] / "plans" / "azure.yaml")
PLAN = load_plan(PATH)


@pytest.mark.parametrize(
    ("named", "caches", "rest"),
    [
        (None, ("cache",), None),
        (["cache"], ("cache",), []),
        (["core"], (), ["core"]),
        (["core", "cache"], ("cache",), ["core"]),
        (["nothing"], (), ["nothing"]),
    ],
)
def test_caches_are_told_from_stores_with_incarnations(
    named: list[str] | None, caches: tuple[str, ...], rest: list[str] | None
) -> None:
    assert caches_among(PLAN, named) == (caches, rest)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((), "cache is a cache: say --to-backup or --latest"),
        (("--latest", "--to-backup", "x"), "cache is a cache: say --to-backup or --latest"),
        (("--beside", "--latest"), "cache is a cache and knows no --beside"),
        (("--to-time", "2026-01-31T12:00:00+00:00"), "cache is a cache and knows no --to-time"),
        (("--latest", "--accept-data-loss", "5m"), "cache is a cache and knows no --to-time or --accept-data-loss"),
    ],
)
def test_what_a_cache_does_not_know_is_bad_input(
    *, words: tuple[str, ...], says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.setenv("DR_PROJECT", str(tmp_path))
    monkeypatch.setenv("DR_HOME", str(tmp_path / "home"))
    assert dr.main(["restore", "--plan", PATH, "--store", "cache", *words]) == 2
    assert f"error: {says}" in capsys.readouterr().err

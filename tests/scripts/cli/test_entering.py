"""DR_SANDBOX alone leads every program into its world, or nowhere: never to the checkout's own stacks."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.client import World
from scripts import dr
from scripts.core.errors import Refused
from scripts.core.home import CHECKOUT, project_dir
from scripts.sandbox_cli import enter, exports

SETTINGS = sorted(CHECKOUT.glob("Pulumi.*.yaml"))


@pytest.fixture(autouse=True)
def nothing_of_ours_is_written(tmp_path: Path, home: Path) -> Iterator[None]:
    before = {path: path.read_bytes() for path in SETTINGS}
    assert before
    yield
    assert {path: path.read_bytes() for path in SETTINGS} == before
    assert not home.exists(), "a refusal leaves no trace"


@pytest.mark.parametrize("name", sorted(set(dr.PROGRAMS) - dr.OUTSIDE))
def test_a_world_that_is_not_up_is_refused_with_what_to_do(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DR_SANDBOX", str(tmp_path / "gone"))
    monkeypatch.setenv("DR_PROJECT", str(tmp_path / "gone" / "project"))
    assert dr.main([name, "--yes"]) == 3
    said = capsys.readouterr().err
    assert said.startswith(f"error: DR_SANDBOX: no world is up in {tmp_path}/gone\nhint: start it with `dr sandbox up`")
    assert said.count("\n") == 2


@pytest.mark.parametrize("words", [("up", "--help"), ("plan", "check", "minimal"), ("sandbox", "down")])
def test_what_needs_no_world_works_without(
    words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DR_SANDBOX", str(tmp_path / "gone"))
    assert dr.main(list(words)) == 0


@pytest.mark.parametrize("project", ["", str(CHECKOUT)])
def test_no_function_takes_the_checkout_for_the_worlds_project(
    project: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For those who call the programs' functions, and have not entered."""
    monkeypatch.setenv("DR_SANDBOX", str(tmp_path))
    monkeypatch.setenv("DR_PROJECT", project)
    with pytest.raises(Refused, match="DR_PROJECT is not in it") as refused:
        project_dir()
    assert "dr sandbox env" in refused.value.hint
    monkeypatch.setenv("DR_PROJECT", str(tmp_path / "project"))
    assert project_dir() == tmp_path / "project"


def test_without_the_word_nothing_is_entered() -> None:
    environ = {"AWS_PROFILE": "real", "DR_PROJECT": "/mine", "DR_SANDBOX": ""}
    enter(environ)
    assert environ == {"AWS_PROFILE": "real", "DR_PROJECT": "/mine", "DR_SANDBOX": ""}


@pytest.mark.drill
def test_the_rest_of_the_environment_follows(tmp_path: Path) -> None:
    """What is missing comes, what belongs to another world or leads to a real account goes, everything else stays."""
    place = tmp_path / "a world"
    world = World.up(place, "minimal", owner=os.getpid())
    try:
        (tmp_path / "link").symlink_to(place)
        elsewhere = {"AWS_PROFILE": "real", "AWS_ENDPOINT_URL_S3": "https://s3", "PULUMI_CONFIG_PASSPHRASE": "real"}
        other = {"DR_PROJECT": "/other/project", "KUBECONFIG": "/other/config", "AWS_REGION": "eu-south-2"}
        environ = {"DR_SANDBOX": str(tmp_path / "link"), "PATH": os.environ["PATH"], **elsewhere, **other}
        shell = exports(world.env(), sorted(elsewhere))
        evaluated = subprocess.run(
            ["sh", "-c", f"{shell}\nenv -0"], env=environ, capture_output=True, text=True, check=True
        )
        enter(environ)
        assert environ == {**world.env(), "PATH": os.environ["PATH"]}
        assert environ["DR_SANDBOX"] == str(place)
        by_hand = dict(each.split("=", 1) for each in evaluated.stdout.split("\0") if each)
        assert {**environ, "PWD": by_hand.get("PWD"), "_": by_hand.get("_")} == {"PWD": None, "_": None, **by_hand}
    finally:
        world.down()

"""One comment for each project, found on any page, never somebody else's, updated in place."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from previews.markdown import marker
from previews.posting import Target, post
from scripts.core.errors import BadInput, CloudFailed, Refused
from scripts.dr import main
from tests.previews import samples
from tests.previews.github import ACTIONS, GitHub
from tests.previews.worlds import changed, find, put, write_events

PULL = Target("shop", "orders", 7)


@pytest.fixture
def github() -> Iterator[GitHub]:
    with GitHub() as server:
        yield server


def body(text: str, project: str = "shop") -> str:
    return f"{marker(project)}\n{text}\n"


def test_the_first_time_creates_and_the_next_time_updates(github: GitHub) -> None:
    assert post(PULL, body("one"), token="workflow-token", api=github.url) == "created"
    assert post(PULL, body("two"), token="workflow-token", api=github.url) == "updated"
    assert post(PULL, body("two"), token="workflow-token", api=github.url) == "unchanged"
    assert github.bodies(ACTIONS) == [body("two")]


def test_a_comment_on_the_fourth_page_is_found(github: GitHub) -> None:
    for number in range(100):
        github.add("mona", f"remark {number}")
    github.add(ACTIONS, body("old"))
    for number in range(50):
        github.add("mona", f"later remark {number}")
    assert post(PULL, body("new"), token="workflow-token", api=github.url) == "updated"
    assert github.bodies(ACTIONS) == [body("new")]


def test_each_project_has_its_own_comment(github: GitHub) -> None:
    post(PULL, body("a", "samia"), token="workflow-token", api=github.url)
    post(PULL, body("b", "comet"), token="workflow-token", api=github.url)
    post(PULL, body("c", "samia"), token="workflow-token", api=github.url)
    assert github.bodies(ACTIONS) == [body("c", "samia"), body("b", "comet")]


def test_a_stranger_with_the_marker_is_left_alone(github: GitHub) -> None:
    github.add("stranger", body("gotcha"))
    assert post(PULL, body("mine"), token="workflow-token", api=github.url) == "created"
    assert github.bodies("stranger") == [body("gotcha")]


def test_a_marker_in_the_middle_of_a_comment_does_not_count(github: GitHub) -> None:
    github.add(ACTIONS, f"quoting:\n{body('x')}")
    assert post(PULL, body("mine"), token="workflow-token", api=github.url) == "created"


def test_repeated_comments_shrink_to_the_oldest(github: GitHub) -> None:
    first = github.add(ACTIONS, body("a"))
    github.add(ACTIONS, body("b"))
    post(PULL, body("c"), token="workflow-token", api=github.url)
    assert [comment["id"] for comment in github.comments] == [first["id"]]
    assert github.bodies(ACTIONS) == [body("c")]


def test_a_persons_token_finds_their_own_comment(github: GitHub) -> None:
    github.add(ACTIONS, body("robot"))
    assert post(PULL, body("mine"), token="person-token", api=github.url) == "created"
    assert post(PULL, body("again"), token="person-token", api=github.url) == "updated"
    assert github.bodies(ACTIONS) == [body("robot")]


@pytest.mark.parametrize("tells", [True, False], ids=["GraphQL tells", "nobody tells"])
def test_an_apps_token_finds_its_own_comment(github: GitHub, tells: bool) -> None:
    github.tells = tells
    github.add(ACTIONS, body("of the workflow"))
    assert post(PULL, body("one"), token="app-token", api=github.url) == "created"
    assert post(PULL, body("two"), token="app-token", api=github.url) == "updated"
    assert github.bodies("deploy-app[bot]") == [body("two")]
    assert github.bodies(ACTIONS) == [body("of the workflow")]


def test_names_that_look_alike_have_markers_of_their_own() -> None:
    names = ["shop", "shop/samia", "shop-samia", "shop samia", "shöp", "sh-p", "x" * 90 + "a", "x" * 90 + "b"]
    assert len({marker(name) for name in names}) == len(names)
    assert marker("shop") == "<!-- dr-preview:shop -->"


def test_passing_failures_are_repeated(github: GitHub) -> None:
    github.fail = [502, 429, 503]
    assert post(PULL, body("one"), token="workflow-token", api=github.url) == "created"
    assert github.bodies(ACTIONS) == [body("one")]


def test_lasting_failures_end_with_7_and_name_no_token(github: GitHub) -> None:
    github.fail = [500] * 9
    with pytest.raises(CloudFailed, match="GitHub answered 500") as caught:
        post(PULL, body("one"), token="workflow-token", api=github.url)
    assert "workflow-token" not in str(caught.value) + caught.value.hint
    assert caught.value.exit_code == 7


@pytest.mark.parametrize(
    ("token", "pull", "words"), [("wrong", PULL, "401"), ("workflow-token", Target("shop", "x", 1), "404")]
)
def test_refusals_of_github_say_what_to_do(github: GitHub, token: str, pull: Target, words: str) -> None:
    with pytest.raises(CloudFailed, match=words):
        post(pull, body("one"), token=token, api=github.url)


def test_the_token_goes_to_no_other_host(github: GitHub) -> None:
    with GitHub() as other:
        github.elsewhere = other.url
        for number in range(40):
            github.add("mona", f"remark {number}")
        with pytest.raises(CloudFailed, match="another host"):
            post(PULL, body("one"), token="workflow-token", api=github.url)
        assert other.requests == []


def test_a_comment_without_marker_or_too_long_is_refused(github: GitHub) -> None:
    with pytest.raises(BadInput, match="hidden marker"):
        post(PULL, "hello", token="workflow-token", api=github.url)
    with pytest.raises(BadInput, match="characters"):
        post(PULL, body("x" * 66_000), token="workflow-token", api=github.url)
    assert github.requests == []


def test_without_a_token_nothing_is_sent(github: GitHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GITHUB_TOKEN", raising=False)
    with pytest.raises(Refused, match="GITHUB_TOKEN"):
        post(PULL, body("one"), api=github.url)
    assert github.requests == []


@pytest.mark.parametrize(
    "text", ["shop/orders", "shop#7", "shop/orders#0", "../x/y#7", "shop/or ders#7", "shop/orders#7/../.."]
)
def test_what_is_no_pull_request_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="no pull request"):
        Target.parse(text)


def test_the_command_posts_and_then_updates(
    github: GitHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "workflow-token")
    monkeypatch.setenv("GITHUB_API_URL", github.url)
    world = samples.aws()
    after = changed(world, lambda w: put(find(w, "prod", "core"), "backupRetentionPeriod", 2))
    files = write_events(tmp_path, world, after)
    command = ["preview", *files, "--plan", "samia", "--post", "shop/orders#7", "--output", str(tmp_path / "out.txt")]
    assert main(command) == 0
    assert main([*command, "--fail-on", "weaker"]) == 3
    (comment,) = github.bodies(ACTIONS)
    assert "backup retention" in comment
    assert "comment created" in capsys.readouterr().err


def test_the_command_posts_a_file_made_before(github: GitHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "workflow-token")
    monkeypatch.setenv("GITHUB_API_URL", github.url)
    file = tmp_path / "comment.md"
    file.write_text(body("made before"))
    assert main(["preview", "--comment", str(file), "--post", "shop/orders#7"]) == 0
    assert github.bodies(ACTIONS) == [body("made before")]
    assert main(["preview", "--comment", str(file)]) == 2

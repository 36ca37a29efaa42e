"""A journal against the heads that sites keep of it: written anew, added to, cut, and kept nowhere."""

import json
import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from unittest.mock import patch

import pytest

from model import load_plan, names
from scripts.clouds.access import Clouds
from scripts.core.errors import OutcomeUnknown
from scripts.dr import main
from scripts.journal import JournalChanged
from scripts.runs.anchors import anchor, compare
from scripts.runs.journal import Journal, path_of, read
from tests.scratch_bucket import bucket, object_store

pytestmark = pytest.mark.thorough

PLAN = load_plan("minimal")
RUN = "failover-1"
UNKNOWN, CHANGED = OutcomeUnknown.exit_code, JournalChanged.exit_code


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with object_store() as opened:
        yield opened


@pytest.fixture(autouse=True)
def clouds(endpoint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Clouds]:
    """Every site has its recovery bucket, and nothing in it."""
    monkeypatch.setenv("DR_HOME", str(tmp_path))
    for name in ("DR_SANDBOX", "DR_PROJECT", "DR_DATABASE_URL", "DR_PLAN"):
        monkeypatch.delenv(name, raising=False)
    with ExitStack() as stack:
        for site in PLAN.sites:
            stack.enter_context(bucket(names.recovery_bucket(PLAN, site.name), site.region))
        yield Clouds(PLAN)


def write(*sentences: str, plan: str = "minimal", end: bool = True) -> Journal:
    """A record of a failover, whole unless told otherwise."""
    made = Journal.of(RUN)
    made.write("run", "failover", "Begin", status="begun", evidence={"system": "minimal", "plan": plan})
    for sentence in sentences:
        made.note("said", sentence)
    if end:
        made.write("end", "failover", "Done", status="done")
    return made


def keep(clouds: Clouds, made: Journal) -> list[str]:
    return anchor(PLAN, clouds, RUN, made.last, made.hash)


def verify(*more: str) -> int:
    return main(["journal", "verify", RUN, *more])


def test_what_is_anchored_is_whole(clouds: Clouds) -> None:
    assert keep(clouds, write("one")) == ["tertiary", "secondary"]
    assert verify() == 0


def test_what_is_anchored_nowhere_is_not(capsys: pytest.CaptureFixture[str]) -> None:
    write("one")
    assert verify() == UNKNOWN
    assert "no site keeps its head" in capsys.readouterr().err


def test_a_chain_that_was_written_anew_is_told(clouds: Clouds, capsys: pytest.CaptureFixture[str]) -> None:
    keep(clouds, write("two people agreed"))
    path_of(RUN).unlink()
    write("nobody was asked")
    assert verify() == CHANGED
    assert "is not the one whose hash" in capsys.readouterr().err


def test_entries_that_were_added_are_told(clouds: Clouds, capsys: pytest.CaptureFixture[str]) -> None:
    keep(clouds, write("one"))
    made = Journal.of(RUN)
    made.note("said", "and by the way, they all agreed")
    assert verify() == UNKNOWN
    assert "up to entry 3, of 4" in capsys.readouterr().err


@pytest.mark.parametrize("end", [True, False])
def test_a_record_that_was_cut_is_told(clouds: Clouds, end: bool) -> None:
    keep(clouds, write("one", "two"))
    path_of(RUN).unlink()
    write("one", end=end)
    assert verify() == CHANGED


def test_a_run_that_is_gone_on_with_is_anchored_again(clouds: Clouds) -> None:
    keep(clouds, write("one", end=False))
    assert verify() == UNKNOWN, "it has no end"
    made = Journal.of(RUN)
    made.write("end", "failover", "Done", status="done")
    keep(clouds, made)
    assert verify() == 0


def test_a_lost_site_is_not_asked_and_the_next_one_keeps_it(clouds: Clouds) -> None:
    lost = Clouds(PLAN, frozenset({"tertiary"}))
    assert keep(lost, write("one")) == ["secondary", "primary"]
    assert verify() == 0


def test_sites_that_do_not_answer_vouch_for_nothing(clouds: Clouds, capsys: pytest.CaptureFixture[str]) -> None:
    keep(clouds, write("one"))
    with patch.dict(os.environ, {"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}):
        assert verify() == UNKNOWN
    assert "no answer" in capsys.readouterr().err


def test_one_spoiled_anchor_is_told(clouds: Clouds) -> None:
    keep(clouds, write("one"))
    store = clouds.at("secondary").objects()
    store.write(store.keys(names.ANCHORS)[0], b"garbage")
    assert verify() == CHANGED


def test_an_anchor_is_written_once(clouds: Clouds) -> None:
    made = write("one")
    keep(clouds, made)
    anchor(PLAN, clouds, RUN, made.last, "0" * 64)
    assert compare(PLAN, clouds, RUN, list(read(path_of(RUN)))).changed == ""


def test_the_record_does_not_say_whose_sites_are_asked(
    clouds: Clouds, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Else a forged record would name a plan whose sites vouch for it."""
    (tmp_path / "evil.yaml").write_text("version: 1\nsystem: minimal\n")
    keep(clouds, write("one", plan=str(tmp_path / "evil.yaml")))
    assert verify() == UNKNOWN
    assert "names no plan" in capsys.readouterr().err
    assert verify("--plan", "samia") == UNKNOWN, "the plan of another system"
    assert verify("--plan", "minimal") == 0


def test_it_is_said_to_machines_too(clouds: Clouds, capsys: pytest.CaptureFixture[str]) -> None:
    keep(clouds, write("one"))
    assert verify("--format", "json") == 0
    assert json.loads(capsys.readouterr().out)["anchored"] is True


def test_a_hash_that_was_kept_by_hand_vouches_as_well() -> None:
    made = write("one")
    assert verify("--hash", made.hash) == 0
    made.note("said", "more")
    assert verify("--hash", list(read(path_of(RUN)))[-2].hash) == UNKNOWN

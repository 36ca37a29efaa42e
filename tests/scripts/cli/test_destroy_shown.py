"""What `dr destroy --dry-run` says of what stacks hold."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest

from scripts.clouds.protocol import Holding
from scripts.destroy import Held, show_held
from scripts.people.output import Form

GIVEN_UP, NEEDS_WORD = "Given up with --delete-data, for good", "Only with --delete-data STACK"
STUCK = "Nobody can delete this yet"
FOUND = [
    Held("prod", ("urn:1",), (), (Holding("prod", "Bucket", "orders", "3 objects"),)),
    Held(
        "dr",
        ("urn:2", "urn:3"),
        (),
        (
            Holding("dr", "Bucket", "papers", "2 objects", stuck="1 object version locked for good"),
            Holding("dr", "Instance", "core", "a database of 20 GiB"),
        ),
    ),
    Held("traffic", (), (), ()),
]


def titled(shown: str) -> dict[str, list[str]]:
    """Which of the names stand under which title."""
    found: dict[str, list[str]] = {}
    title = ""
    for line in shown.splitlines():
        title = next((each for each in (GIVEN_UP, NEEDS_WORD, STUCK) if each in line), title)
        for name in ("orders", "papers", "core"):
            if name in line:
                found.setdefault(title, []).append(name)
    return found


@pytest.mark.parametrize(
    ("given_up", "expected"),
    [
        ((), {STUCK: ["papers"], NEEDS_WORD: ["orders", "core"]}),
        (("dr",), {STUCK: ["papers"], GIVEN_UP: ["core"], NEEDS_WORD: ["orders"]}),
        (("prod", "dr"), {STUCK: ["papers"], GIVEN_UP: ["orders", "core"]}),
    ],
    ids=["nothing given up", "one stack", "all that hold data"],
)
def test_what_was_given_up_stands_apart_from_what_needs_the_word(
    capsys: pytest.CaptureFixture[str], given_up: Sequence[str], expected: dict[str, list[str]]
) -> None:
    show_held(FOUND, given_up, Form.TABLE)
    assert titled(capsys.readouterr().out) == expected


def test_the_data_says_which_stacks_were_given_up(capsys: pytest.CaptureFixture[str]) -> None:
    show_held(FOUND, ["dr"], Form.JSON)
    shown = json.loads(capsys.readouterr().out)
    assert {stack: held["given_up"] for stack, held in shown.items()} == {"prod": False, "dr": True, "traffic": False}

"""Files as they come: colours, byte order marks, other encodings, other line ends."""

from __future__ import annotations

from pathlib import Path

import pytest

from previews.analysis import Request, analyse
from previews.report import Report
from previews.sources import plain_text
from scripts.core.errors import BadInput
from scripts.preview import Gate, why_not_merge
from tests.previews.logs import DATABASE, both, database, digest, error, export, log, state, step

CORE = state(DATABASE, "kärnan", database())
UPDATE = step("update", CORE, state(DATABASE, "kärnan", database(deletionProtection=False)))
POLICY = {
    "policyEvent": {
        "resourceUrn": CORE["urn"],
        "message": "<{%reset%}>Databases are protected\nset deletionProtection<{%reset%}>\n",
        "color": "raw",
        "policyName": "DR-PRO-001",
        "policyPackName": "dr",
        "enforcementLevel": "mandatory",
        "severity": "high",
    }
}
ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"]


def read(folder: Path, data: bytes, recorded: bytes | None = None) -> Report:
    (folder / "preview.json").write_bytes(data)
    states = {}
    if recorded is not None:
        (folder / "state.json").write_bytes(recorded)
        states = {"prod": folder / "state.json"}
    return analyse(Request({"prod": folder / "preview.json"}, states=states))


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_each_format_in_each_encoding(encoding: str, ends: str, tmp_path: Path) -> None:
    for text, recorded in (
        (log(both(UPDATE), {"update": 1}), None),
        (digest([UPDATE], {"update": 1}), export([CORE])),
    ):
        packed = None if recorded is None else recorded.replace("\n", ends).encode(encoding)
        found = read(tmp_path, text.replace("\n", ends).encode(encoding), packed)
        assert [change.name for change in found.weaker] == ["kärnan"]
        assert found.stacks[0].complete


def test_other_encodings_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="is no text at byte"):
        read(tmp_path, digest([UPDATE], {"update": 1}).replace("\\u00e4", "ä").encode("latin-1"))


@pytest.mark.parametrize(
    "failed",
    [
        "<{%reset%}>preview failed<{%reset%}>\n",
        "\x1b[31merror: \x1b[0mpreview failed\x1b[0m",
        "<{%fg 1%}>error: <{%reset%}>preview failed",
    ],
)
def test_colours_are_taken_off_what_the_engine_says(failed: str, tmp_path: Path) -> None:
    text = log([*both(UPDATE), POLICY, error(failed)], {"update": 1}, result="failed")
    found = read(tmp_path, text.encode())
    assert not found.failed  # the rule refuses the change; the preview has reached everything
    assert found.table
    (broken,) = found.findings.unsure
    assert broken.message == "Databases are protected: set deletionProtection"
    assert "breaks 1 mandatory rules" in str(why_not_merge(found, [Gate.POLICY]))


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("<{%bold%}><{%underline%}>x<{%reset%}>", "x"),
        ("\x1b[38;5;12mx\x1b[0;1m\x1b[K", "x"),
        ("\x1b]8;;https://example.org\x07x\x1b]8;;\x07", "x"),
        ("a <{ b %}> c", "a <{ b %}> c"),
    ],
)
def test_plain_text(text: str, plain: str) -> None:
    assert plain_text(text) == plain

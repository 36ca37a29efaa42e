"""Several systems rehearsed side by side, each by a program of its own."""

from pathlib import Path

import pytest

from scripts.core.errors import BadInput
from scripts.drills.together import rehearse

pytestmark = pytest.mark.thorough


def test_two_plans_of_one_name_would_be_written_to_one_place(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="called the same"):
        rehearse(["samia", "elsewhere/samia.yaml"], "review", [], tmp_path, print)


def test_what_each_says_is_told_with_its_name_and_one_that_fails_has_no_report(tmp_path: Path) -> None:
    said: list[str] = []
    assert rehearse(["samia", "minimal"], "flood", [], tmp_path, said.append) == []
    for system in ("samia", "minimal"):
        assert f"{system}: error: 'flood' is not a scenario" in said

"""The tree of errors: its text is its classes, nothing is lost in storage, no secret gets through."""

from __future__ import annotations

import pickle
import re
from collections.abc import Iterator

import pytest

from model import PlanError, load_plan
from scripts.core import errors
from scripts.core.errors import BadInput, DrError, exit_code_of
from scripts.core.redaction import redact


def every_class(top: type[DrError] = DrError) -> Iterator[type[DrError]]:
    yield top
    for below in top.__subclasses__():
        if below.__module__ == errors.__name__:
            yield from every_class(below)


def test_the_tree_in_the_text_is_the_tree_of_the_classes() -> None:
    written = dict(re.findall(r"^[ │├└─]*(\w+) +(\d)\b", errors.__doc__ or "", re.MULTILINE))
    assert written == {each.__name__: str(each.exit_code) for each in every_class()}


@pytest.mark.parametrize("kind", list(every_class()), ids=lambda kind: kind.__name__)
def test_survives_storage(kind: type[DrError]) -> None:
    before = kind("the disk is full", "free some room")
    before.add_note("where it happened")
    after = pickle.loads(pickle.dumps(before))
    assert type(after) is kind
    assert after.lines() == ("the disk is full", "hint: free some room")
    assert after.__notes__ == ["where it happened"]


@pytest.mark.parametrize("kind", list(every_class()), ids=lambda kind: kind.__name__)
def test_always_gives_two_lines(kind: type[DrError]) -> None:
    lines = kind("line one\n  line two").lines()
    assert lines[0] == "line one line two"
    assert lines[1].startswith("hint: ")
    assert len(lines[1]) > len("hint: ")


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("cannot reach postgresql://app:s3cr%40t@db:5432/core", "s3cr%40t"),
        ("PGPASSWORD=hunter2 psql", "hunter2"),
        ('{"password": "hunter two", "user": "app"}', "hunter two"),
        ("AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG", "wJalrXUtnFEMI"),
        ("key AKIAIOSFODNN7EXAMPLE is not valid", "AKIAIOSFODNN7EXAMPLE"),
        ("PULUMI_CONFIG_PASSPHRASE: correct-horse", "correct-horse"),
        ("value v1:c2VjcmV0c2VjcmV0:aGlkZGVuaGlkZGVu cannot be read", "aGlkZGVuaGlkZGVu"),
    ],
)
def test_masks_what_looks_like_a_secret(text: str, secret: str) -> None:
    assert secret in text
    assert secret not in redact(text)
    assert secret not in str(DrError(text, text))
    assert secret not in DrError(text, text).hint


def test_a_long_text_is_searched_in_one_pass() -> None:
    """Ten million characters without a secret; a search that looks back at each of them would take hours."""
    text = "x" * 5_000_000 + "a.b-" * 1_250_000
    assert redact(text) == text


def test_leaves_ordinary_text_alone() -> None:
    text = "https://www.pulumi.com/docs: plans/samia.yaml: sites[0].stack: 'prod' (token bucket, 3 s)"
    assert redact(text) == text


def test_exit_codes_of_errors_that_are_not_ours() -> None:
    assert exit_code_of(KeyboardInterrupt()) == 1
    assert exit_code_of(ValueError("x")) == 1
    with pytest.raises(PlanError) as caught:
        load_plan("no-such-plan")
    assert exit_code_of(caught.value) == BadInput.exit_code

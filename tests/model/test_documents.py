"""Files that are no plan: malformed, truncated, hostile, unreadable. Each is refused by name, and quickly."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from model import PlanError, load_plan

from .conftest import SAMIA

BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{after}: &{after} [{', '.join([f'*{before}'] * 9)}]\n"
    for before, after in zip("abcdefgh", "bcdefghi", strict=True)
)
CASES: dict[str, tuple[Any, str]] = {
    "unclosed bracket": ("version: [1", "is not valid YAML"),
    "tab as indentation": ("version: 1\nsites:\n\t- name: x\n", "is not valid YAML"),
    "truncated in the middle of a string": (SAMIA[: SAMIA.index("123456789012") + 4], "is not valid YAML"),
    "duplicate key": ("a: 1\nsystem: a\nsystem: b\n", 'line 3, column 1: the key "system" stands here for the second'),
    "duplicate key deep inside": ("a:\n  b:\n  - c: 1\n    c: 2\n", 'line 4, column 5: the key "c" stands here'),
    "bomb of aliases": (BOMB, "aliases (*a) are not supported"),
    "alias as a convenience": ("a: &k primary\nb: *k\n", "aliases (*k) are not supported: write it out"),
    "two documents": (SAMIA + "---\n" + SAMIA, "a second document begins here"),
    "nested deeply": ("a: " + "[" * 5000 + "]" * 5000, "is nested deeper than 40 levels"),
    "tag that builds an object": ("version: !!python/object/apply:os.system ['true']\n", "are not supported"),
    "tag that builds bytes": ("version: !!binary aGVsbG8=\n", 'line 1, column 10: tags ("!!binary") are not supported'),
    "merge key": ("a: {<<: {b: 1}}\n", "line 1, column 5: merge keys (<<) are not supported: write it out"),
    "key that is a list": ("? [1, 2]\n: x\n", "a key must be text"),
    "key that is a number": ("a: 1\n2: x\n", "line 2, column 1: a key must be text"),
    "control characters": ("version: 1\nsystem: \x01\n", "is not valid YAML"),
    "half of UTF-16": (SAMIA.encode("utf-16")[:-1], "is neither UTF-8 nor UTF-16 text"),
    "Latin-1": ("description: caf\xe9".encode("latin-1"), "is neither UTF-8 nor UTF-16 text (byte 16)"),
    "binary": (bytes(range(256)), "is neither UTF-8 nor UTF-16 text"),
    "huge": ("# " + "x" * (2 << 20), "is larger than 1 MiB"),
    "day that is none": ("version: 2026-02-31", "line 1, column 10: 2026-02-31 is no day of the calendar"),
    "number of ten thousand digits": ("version: " + "9" * 10_000, "line 1, column 10: a number of 10000 characters"),
    "empty": ("", "holds no plan"),
    "only a comment": ("# nothing\n", "holds no plan"),
    "a list": ("- 1\n", "holds no plan"),
    "a word": ("samia", "holds no plan"),
    "JSON of something else": ('{"resources": []}', "version: is required"),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_file_is_refused_by_name(write: Callable[[Any], Path], name: str) -> None:
    content, expected = CASES[name]
    path = write(content)
    with pytest.raises(PlanError) as caught:
        load_plan(path)
    assert expected in str(caught.value)
    assert all(line.startswith(f"{path}: ") for line in str(caught.value).splitlines())


def test_byte_order_mark_is_no_mistake(write: Callable[[Any], Path]) -> None:
    assert load_plan(write(b"\xef\xbb\xbf" + SAMIA.encode())) == load_plan("samia")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be"])
def test_what_a_shell_of_windows_writes_is_no_mistake(write: Callable[[Any], Path], encoding: str) -> None:
    mark = b"\xfe\xff" if encoding == "utf-16-be" else b""
    assert load_plan(write(mark + SAMIA.encode(encoding))) == load_plan("samia")


def test_windows_line_ends_are_no_mistake(write: Callable[[Any], Path]) -> None:
    assert load_plan(write(SAMIA.replace("\n", "\r\n").encode())) == load_plan("samia")


@pytest.mark.parametrize("cut", range(100, len(SAMIA) - 20, 211))
def test_truncated_plan_is_refused(write: Callable[[Any], Path], cut: int) -> None:
    """A plan cut off anywhere lacks something."""
    path = write(SAMIA[:cut])
    with pytest.raises(PlanError):
        load_plan(path)


def test_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(PlanError, match="there is no such file"):
        load_plan(tmp_path / "nowhere.yaml")


def test_name_of_a_plan_that_is_not_there() -> None:
    with pytest.raises(PlanError, match=r"^plans/nowhere\.yaml: there is no such file$"):
        load_plan("nowhere")


def test_directory(tmp_path: Path) -> None:
    with pytest.raises(PlanError, match="is a directory, not a file"):
        load_plan(tmp_path)


def test_path_with_a_zero_byte() -> None:
    with pytest.raises(PlanError, match="cannot be read"):
        load_plan("/tmp/a\0b.yaml")


def test_path_with_spaces_and_umlauts(tmp_path: Path) -> None:
    folder = tmp_path / "our plans ÄÖ"
    folder.mkdir()
    (folder / "samia.yaml").write_text(SAMIA, encoding="utf-8")
    assert load_plan(folder / "samia.yaml") == load_plan(str(folder / "samia.yaml")) == load_plan("samia")


def test_endless_file() -> None:
    with pytest.raises(PlanError, match="is larger than 1 MiB"):
        load_plan("/dev/zero")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_file_without_permission(write: Callable[[Any], Path]) -> None:
    path = write(SAMIA)
    path.chmod(0)
    with pytest.raises(PlanError, match="cannot be read: Permission denied"):
        load_plan(path)

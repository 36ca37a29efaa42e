"""How plain words and numbers in YAML are read: in project and stack files as the CLI does, in plans as YAML 1.2."""

from typing import Any

import pytest
import yaml

from model.yaml_document import DocumentError, parse_document
from model.yaml_reading import read_settings, settings_node, settings_text

# what the CLI (gopkg.in/yaml.v3) makes of a plain scalar
AS_THE_CLI = [
    ("yes", "yes"), ("no", "no"), ("on", "on"), ("off", "off"), ("y", "y"), ("true", True), ("True", True),
    ("~", None), ("null", None), ("", None), ("0x10", 16), ("0o17", 15), ("017", 15), ("0b11", 3), ("1_000", 1000),
    ("08", 8.0), ("1e3", 1000.0), (".5", 0.5), ("1.", 1.0), ("-0", 0), ("12:30:45", "12:30:45"), ("1e400", "1e400"),
    ("2026-01-02", "2026-01-02 00:00:00 +0000 UTC"), ("2026-01-02T03:04:05Z", "2026-01-02 03:04:05 +0000 UTC"),
    ("2026-01-02 3:4:5.50", "2026-01-02 03:04:05.5 +0000 UTC"),
    ("2026-01-02T03:04:05+01:00", "2026-01-02 03:04:05 +0100 +0100"), ("2026-13-02", "2026-13-02"),
    ("v1.2.3", "v1.2.3"), ("1.2.3", "1.2.3"), ("-", "-"), ("!custom 3", "3"), ("!!str 3", "3"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "value"), AS_THE_CLI)
def test_a_stack_file_is_read_as_the_cli_reads_it(text: str, value: Any) -> None:
    read = read_settings(f"config:\n  a:b: {text}\n")["config"]["a:b"] if text != "-" else read_settings("[-]")[0]
    assert (read, type(read)) == (value, type(value)) or text == "-"


@pytest.mark.parametrize(
    ("text", "value"), [*AS_THE_CLI, ("two\nlines", "two\nlines"), (" led", " led"), ("a: b", "a: b")]
)
def test_what_is_written_is_read_back_as_the_same(text: str, value: Any) -> None:
    del value
    for written in (text, [text], {"in": {text or "empty": text}}):
        assert read_settings(settings_text("key", written)) == {"key": written}


def test_a_key_that_stands_twice_is_refused() -> None:
    with pytest.raises(yaml.YAMLError, match='mapping key "a" already defined at line 1'):
        read_settings("a: 1\na: 2\n")


def test_an_edit_keeps_order_and_style() -> None:
    old = settings_node("k: {b: no, a: 'x', gone: 1}")
    assert old is not None
    assert settings_text("k", {"a": "x", "b": "no", "z": 1.0, "c": "1e3"}, old.value[0][1]) == (
        "k: {b: no, a: 'x', c: \"1e3\", z: 1}\n"
    )


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"),
        ("off", "off"),
        ("1_0", "1_0"),
        ("1:20", "1:20"),
        ("0o17", 15),
        ("0x10", 16),
        ("5", 5),
        ("1e3", 1e3),
    ],
)
def test_a_plan_is_read_as_yaml_1_2(text: str, value: Any) -> None:
    assert parse_document(f"a: {text}".encode()) == {"a": value}


@pytest.mark.parametrize("number", ["0443", "012345670123", "-010", "00"])
def test_a_number_of_two_readings_is_refused_in_a_plan(number: str) -> None:
    with pytest.raises(DocumentError, match=rf"line 1, column 4: {number} begins with a zero.*quote it"):
        parse_document(f"a: {number}".encode())

"""The parts of the embedded engine that stand alone: values, paths, settings, arguments, configuration."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from sandbox.engine import paths, urns, wire
from sandbox.engine.arguments import parse
from sandbox.engine.assets import with_hash
from sandbox.engine.backend import Backend
from sandbox.engine.errors import EngineError, NotSupportedError
from sandbox.engine.goals import seconds
from sandbox.engine.passphrase import Crypter
from sandbox.engine.stack_settings import Settings
from sandbox.engine.state import State, from_json, resource_from_json, resource_json, secret_text, to_json
from sandbox.engine.values import (
    ARCHIVE_SIG,
    ASSET_SIG,
    SECRET_SIG,
    SIG,
    UNKNOWN,
    Asset,
    Output,
    ResourceRef,
    Secret,
    same,
)
from sandbox.engine.versions import at_least, fits

URN = "urn:pulumi:dev::p::a:index:B$c:index:D::name::with::colons"


def test_values_make_the_round_trip_over_the_wire() -> None:
    values = {
        "text": "ü",
        "int": 2**53,
        "float": 1.5,
        "yes": True,
        "none": None,
        "list": [1, [], {}],
        "unknown": UNKNOWN,
        "secret": Secret({"a": [1]}),
        "output": Output("x", secret=True, dependencies=(URN,)),
        "ref": ResourceRef(URN, "id"),
        "asset": Asset(ASSET_SIG, {"hash": "h", "text": "t"}),
    }
    full = wire.Writer(unknowns=True, secrets=True, resources=True, outputs=True)
    assert same(wire.from_struct(full.struct(values), keep_outputs=True), values)


def test_a_receiver_gets_only_what_it_accepts() -> None:
    sent = wire.from_struct(wire.Writer().struct({"s": Secret(1), "u": UNKNOWN, "r": ResourceRef(URN, "id")}))
    assert same(sent, {"s": 1, "r": "id"})


def test_true_is_not_one() -> None:
    assert not same(True, 1)
    assert same(1, 1.0)
    assert not same({"a": Secret(1)}, {"a": 1})


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("a", ["a"]),
        ("a.b[0].c", ["a", "b", 0, "c"]),
        ('a["b.c"]', ["a", "b.c"]),
        ("*", ["*"]),
        ("a[*].b", ["a", "*", "b"]),
    ],
)
def test_paths(text: str, parts: list[Any]) -> None:
    assert paths.parse(text) == parts
    assert paths.contains(paths.parse(text), [*parts, "below"])


@pytest.mark.parametrize(
    ("path", "old", "new", "after", "possible"),
    [
        ("a", {"a": 1}, {"a": 2}, {"a": 1}, True),
        ("a", {}, {"a": 2}, {}, True),
        ("a", {"a": 1}, {}, {"a": 1}, True),
        ("a.b", {"a": {"b": 1}}, {"a": {"b": 2, "c": 3}}, {"a": {"b": 1, "c": 3}}, True),
        ("a.b", {"a": {"b": 1}}, {}, {}, False),
        ("l[0]", {"l": [1, 2]}, {"l": [3, 4]}, {"l": [1, 4]}, True),
        ("l[2]", {"l": [1, 2]}, {"l": [3, 4, 5]}, {"l": [3, 4, 5]}, False),
        ("*", {"a": 1, "b": 2}, {"a": 3, "c": 4}, {"a": 1, "b": 2}, True),
    ],
)
def test_ignored_changes(path: str, old: Any, new: Any, after: Any, possible: bool) -> None:
    assert paths.reset(paths.parse(path), old, new) is possible
    assert new == after


def test_a_secret_that_is_ignored_stays_secret() -> None:
    new = {"a": {"b": 2}}
    assert paths.reset(["a", "b"], {"a": Secret({"b": 1})}, new)
    assert same(new, {"a": {"b": Secret(1)}})


def test_urns() -> None:
    assert urns.name_of(URN) == "name::with::colons"
    assert urns.type_of(URN) == "c:index:D"
    assert urns.make("s", "p", urns.parent_type_of(URN), "e:f:G", "n").startswith(
        "urn:pulumi:s::p::a:index:B$c:index:D$e:"
    )
    assert str(urns.parse_ref(f"{URN}::the-id")) == f"{URN}::the-id"
    targets = urns.Targets(["**::name*", "urn:pulumi:dev::p::*::x"])
    assert "urn:pulumi:dev::p::t:i:T::name5" in targets
    assert "urn:pulumi:dev::p::t:i:T::x" not in targets
    assert "anything" in urns.Targets()


def test_settings_are_edited_in_place(tmp_path: Path) -> None:
    file = tmp_path / "Pulumi.dev.yaml"
    file.write_text(
        "# the stack of the second region\nencryptionsalt: v1:abc\nconfig:\n"
        "  # who is active\n  dr:activeSite: one # now\n"
        "  dr:list:\n    - a\n    # the last\n    - b\n\n  aws:region: eu-west-1\n"
    )
    settings = Settings(file)
    settings.set_config("dr:activeSite", "two")
    settings.set_config("dr:epoch", "7")
    settings.set_config("dr:list", ["c"])
    settings.remove_config("aws:region")
    text = file.read_text()
    assert text.startswith("# the stack of the second region\n")
    assert "  # who is active\n" in text
    assert yaml.safe_load(text) == {
        "encryptionsalt": "v1:abc",
        "config": {"dr:activeSite": "two", "dr:epoch": "7", "dr:list": ["c"]},
    }


@pytest.mark.parametrize("value", ["yes", "1", "a: b", "", " x", "multi\nline", "ünï", "#x", "null", "{a}", "1e3", "~"])
def test_settings_keep_any_text(tmp_path: Path, value: str) -> None:
    settings = Settings(tmp_path / "Pulumi.dev.yaml")
    settings.set_config("p:key", value)
    settings.set_config("p:deep", {"y": [value, {"n": value}]})
    again = Settings(settings.path).config
    assert again == {"p:key": value, "p:deep": {"y": [value, {"n": value}]}}


def test_arguments() -> None:
    known = {"stack": True, "yes": False, "target": True}
    found = parse(["-s", "dev", "word", "--yes", "--target=a", "--target", "b", "--", "--not-a-flag"], known, "up")
    assert found.one("stack") == "dev"
    assert found.has("yes")
    assert found.all("target") == ["a", "b"]
    assert found.words == ["word", "--not-a-flag"]
    with pytest.raises(NotSupportedError, match="--plan"):
        parse(["--plan", "x"], known, "up")


def test_a_secret_opens_with_its_own_passphrase_only() -> None:
    crypter = Crypter.new({"PULUMI_CONFIG_PASSPHRASE": "one"})
    sealed = crypter.encrypt("word")
    assert "word" not in sealed
    assert Crypter(crypter.salt, {"PULUMI_CONFIG_PASSPHRASE": "one"}).decrypt(sealed) == "word"
    with pytest.raises(EngineError, match="incorrect passphrase"):
        Crypter(crypter.salt, {"PULUMI_CONFIG_PASSPHRASE": "two"}).decrypt(sealed)
    with pytest.raises(EngineError, match="passphrase must be set"):
        Crypter(crypter.salt, {}).decrypt(sealed)


def test_a_secret_inside_a_secret_is_sealed_anew_where_it_is_taken_out() -> None:
    """Inside, its own plaintext stands where a ciphertext stands elsewhere."""
    sealed = {"sealed": secret_text({"name": "shop", "word": Secret("marmot")})}
    assert json.loads(sealed["sealed"])["word"] == {SIG: SECRET_SIG, "ciphertext": '"marmot"'}
    outer = from_json({SIG: SECRET_SIG, "ciphertext": "sealed"}, sealed.__getitem__)
    assert isinstance(outer, Secret)
    assert outer.sealed == "sealed"
    inner = outer.value["word"]
    assert isinstance(inner, Secret)
    assert (inner.value, inner.sealed) == ("marmot", None)
    assert "marmot" not in json.dumps(to_json(inner, lambda _: "sealed again"))


@pytest.mark.parametrize(
    ("version", "wanted", "enough"),
    [
        ("1.2.3", "1.2.3", True),
        ("1.10.0", "1.9.9", True),
        ("1.2.3", "1.2.4", False),
        ("v2.0.0", "1.9.9", True),
        ("1.2.4-alpha.1", "1.2.4", False),
        ("1.2.4", "1.2.4-alpha.1", True),
        ("1.2.3+build", "1.2.3", True),
        ("", "0.0.1", False),
    ],
)
def test_a_plugin_has_a_wanted_version_or_a_later_one(version: str, wanted: str, enough: bool) -> None:
    assert at_least(version, wanted) is enough


def test_fields_of_the_state_that_are_not_known_are_kept() -> None:
    data = {"urn": URN, "custom": True, "type": "c:index:D", "id": "i", "viewOf": "x", "inputs": {"a": 1.0}}
    state = resource_from_json(data, lambda text: text)
    assert resource_json(state, lambda _: "") == {**data, "inputs": {"a": 1}}
    assert resource_json(State(URN, "t", custom=False), lambda _: "") == {"urn": URN, "custom": False, "type": "t"}


def test_asset_hashes(tmp_path: Path) -> None:
    (tmp_path / "data.txt").write_text("data\n")
    text = Asset(ASSET_SIG, {"text": "x"})
    file = Asset(ASSET_SIG, {"path": "data.txt"})
    archive = Asset(ARCHIVE_SIG, {"assets": {"x.txt": text, "dir/y.txt": file}})
    assert with_hash(text, tmp_path).hash == "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"
    # recorded from the real CLI: SHA-256 of the archive that it builds
    assert with_hash(archive, tmp_path).hash == "e53cecd549af8b542960945e8f5ec0593d585eafb7616bd1f981a7a5f08ddaef"
    with pytest.raises(EngineError, match="gone"):
        with_hash(Asset(ASSET_SIG, {"path": "gone.txt"}), tmp_path)


def test_durations_and_versions() -> None:
    assert seconds("1h30m10s") == 5410
    assert seconds("500ms") == 0.5
    with pytest.raises(ValueError, match="5x"):
        seconds("5x")
    assert fits(">=3.200.0 <4.0.0")
    assert not fits(">=4")
    assert fits(">=4 || 3.260.0")


def test_a_state_that_cannot_be_reached_is_told_as_such(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("the region is lost")
    backend = Backend(f"file://{tmp_path / 'state'}")
    with pytest.raises(EngineError, match=r"the state in file://.* cannot be reached"):
        backend.read("dr", "prod")

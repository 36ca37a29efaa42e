"""The topology in the stacks' files: written in place, read back the same, and never half."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from model import Plan, Topology, load_plan
from model.topology import after_failover, after_isolation, after_release, after_reprotect
from scripts.core.errors import BadInput, Refused
from scripts.stacks import topology_files as files

FILE = """\
# The primary site.
secretsprovider: passphrase
encryptionsalt: v1:salt:v1:more

config:
  # which plan
  dr:plan: samia
  dr:activeSite: primary   # who is active
  dr:epoch: 1
  dr:stores:
    primary: {core: {number: 1}}
    # the warm one
    secondary:
      core:
        number: 1
        source: primary
  dr:other: keep me
  dr:databasePassword:
    secure: v1:abc:def
# the end
"""


@pytest.fixture
def plan() -> Plan:
    return load_plan("samia")


def test_a_project_without_a_topology_has_the_plans_initial_one(plan: Plan, tmp_path: Path) -> None:
    assert files.read_topology(plan, tmp_path) == Topology.initial(plan)


def test_what_is_written_is_read_back(plan: Plan, tmp_path: Path) -> None:
    moved = after_reprotect(after_failover(Topology.initial(plan), plan, "secondary"), plan, "primary")
    paths = files.write_topology(plan, tmp_path, moved)
    assert [path.name for path in paths] == [f"Pulumi.{stack}.yaml" for stack in plan.stacks]
    assert files.read_topology(plan, tmp_path) == moved
    assert files.write_topology(plan, tmp_path, moved) == []
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(path.name for path in paths)


@pytest.mark.parametrize(
    ("source", "written"),
    [
        ("samia", "samia"),
        ("project/plans/samia.yaml", "plans/samia.yaml"),
        ("elsewhere/samia.yaml", "HERE/elsewhere/samia.yaml"),
        ("samia.yaml", "HERE/samia.yaml"),
    ],
)
def test_a_plan_is_written_so_that_the_program_finds_it(
    plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str, written: str
) -> None:
    project = tmp_path / "project"
    project.mkdir()
    monkeypatch.chdir(tmp_path)
    files.write_plan(plan, project, source)
    for stack in plan.stacks:
        assert files.read_settings(project, stack)["config"]["dr:plan"] == written.replace("HERE", str(tmp_path))


def test_what_is_no_longer_isolated_does_not_stay_in_the_files(plan: Plan, tmp_path: Path) -> None:
    since = datetime(2026, 1, 31, 12, tzinfo=UTC)
    moved = after_isolation(after_failover(Topology.initial(plan), plan, "secondary"), plan, ["primary"], since)
    files.write_topology(plan, tmp_path, moved)
    assert files.read_topology(plan, tmp_path) == moved
    released = after_release(moved, plan, "primary")
    assert files.write_topology(plan, tmp_path, released)
    assert files.read_topology(plan, tmp_path) == released
    assert released.tainted == {"samia-primary-core-1": since}
    assert files.write_topology(plan, tmp_path, Topology.initial(plan))
    assert files.read_topology(plan, tmp_path) == Topology.initial(plan)


def test_a_site_that_is_isolated_and_unknown(plan: Plan, tmp_path: Path) -> None:
    files.write_topology(plan, tmp_path, Topology.initial(plan))
    path = tmp_path / "Pulumi.prod.yaml"
    path.write_text(path.read_text() + "  dr:isolated: [mars]\n")
    with pytest.raises(BadInput, match='dr:isolated: "mars" is no site'):
        files.read_topology(plan, tmp_path)


def test_everything_else_in_a_file_stays(plan: Plan, tmp_path: Path) -> None:
    path = tmp_path / "Pulumi.prod.yaml"
    path.write_text(FILE)
    files.write_topology(plan, tmp_path, after_failover(Topology.initial(plan), plan, "secondary"))
    text = path.read_text()
    for kept in (
        "# The primary site.",
        "  # which plan",
        "encryptionsalt: v1:salt:v1:more",
        "dr:other: keep me",
        "# the end",
    ):
        assert kept in text
    before, after = yaml.safe_load(FILE), yaml.safe_load(text)
    assert after["config"]["dr:databasePassword"] == before["config"]["dr:databasePassword"]
    assert after["config"]["dr:epoch"] == 2
    assert text.index("dr:activeSite") < text.index("dr:other") < text.index("# the end")


def test_numbers_that_the_cli_has_quoted_are_numbers(plan: Plan, tmp_path: Path) -> None:
    files.write_topology(plan, tmp_path, Topology.initial(plan))
    path = tmp_path / "Pulumi.prod.yaml"
    path.write_text(path.read_text().replace("dr:epoch: 1", 'dr:epoch: "1"'))
    assert files.read_topology(plan, tmp_path).epoch == 1
    assert files.write_topology(plan, tmp_path, Topology.initial(plan)) == []


def test_a_record_is_added_to_every_file_beside_the_others(plan: Plan, tmp_path: Path) -> None:
    files.write_record(plan, tmp_path, "primary", {"key": "arn:1"})
    files.write_record(plan, tmp_path, "secondary", {"key": "arn:2"})
    for stack in plan.stacks:
        held = yaml.safe_load((tmp_path / f"Pulumi.{stack}.yaml").read_text())["config"]["dr:records"]
        assert held == {"primary": {"key": "arn:1"}, "secondary": {"key": "arn:2"}}
    assert files.write_record(plan, tmp_path, "secondary", {"key": "arn:2"}) == []


def test_files_that_contradict_each_other_are_refused_by_name(plan: Plan, tmp_path: Path) -> None:
    first = Topology.initial(plan)
    files.write_topology(plan, tmp_path, first)
    kept = (tmp_path / "Pulumi.cold.yaml").read_bytes()
    files.write_topology(plan, tmp_path, after_failover(first, plan, "secondary"))
    (tmp_path / "Pulumi.cold.yaml").write_bytes(kept)
    with pytest.raises(Refused, match=r"Pulumi\.prod\.yaml and .*Pulumi\.cold\.yaml disagree .*\(epoch 2 and 1\)"):
        files.read_topology(plan, tmp_path)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("config: [1, 2]\n", "expected a mapping with `config`"),
        ("config:\n  dr:epoch: 1\n", "activeSite"),
        ("config:\n  dr:activeSite: primary\n  dr:epoch: many\n", "epoch"),
        ("config:\n  dr:activeSite: mars\n  dr:epoch: 1\n", '"mars" is no site of the plan samia'),
        ("config:\n  dr:activeSite: primary\n  dr:epoch: 1\n  dr:stores: {mars: {core: {number: 1}}}\n", '"mars"'),
        ("config:\n  dr:activeSite: {\n", "line 3: not YAML"),
        ("a: b: c\n", "line 1: not YAML"),
        ("config:\n  dr:activeSite: primary\n  dr:epoch: 0\n", "epoch"),
    ],
)
def test_bad_files_are_named_and_nothing_is_written(plan: Plan, tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "Pulumi.prod.yaml"
    path.write_text(text)
    with pytest.raises(BadInput) as caught:
        files.read_topology(plan, tmp_path)
    assert str(path) in str(caught.value)
    assert says in str(caught.value)
    assert path.read_text() == text


def test_a_file_that_is_not_text_is_bad_input(plan: Plan, tmp_path: Path) -> None:
    (tmp_path / "Pulumi.dr.yaml").write_bytes(b"\xff\xfe\x00config")
    with pytest.raises(BadInput, match="cannot be read"):
        files.read_topology(plan, tmp_path)


def test_a_layout_that_cannot_be_edited_by_line_is_written_anew(tmp_path: Path) -> None:
    path = tmp_path / "Pulumi.prod.yaml"
    text = "{config: {'dr:epoch': 1, 'dr:other': &x [1, 2], 'dr:more': *x}}\n"
    new = files.with_config(path, text, {"dr:epoch": 2})
    assert yaml.safe_load(new) == {"config": {"dr:epoch": 2, "dr:other": [1, 2], "dr:more": [1, 2]}}


def test_line_separators_that_are_not_line_ends_survive(tmp_path: Path) -> None:
    new = {"dr:a": "one\x85two", "dr:b": "\u2028", "dr:c": ["\u2029"]}
    after = files.with_config(tmp_path / "Pulumi.x.yaml", "config:\n  dr:kept: é\n", new)
    assert yaml.safe_load(after) == {"config": {"dr:kept": "é", **new}}


names = st.text("abcdef", min_size=1, max_size=6)
plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=6,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    held=st.dictionaries(names.map("dr:{}".format), plain, max_size=5),
    new=st.dictionaries(
        names.map("dr:{}".format), plain.filter(lambda it: not (isinstance(it, str) and it.isdecimal())), max_size=3
    ),
    flow=st.booleans(),
    comment=st.booleans(),
)
def test_setting_keys_sets_them_and_nothing_else(
    tmp_path: Path, held: dict[str, object], new: dict[str, object], flow: bool, comment: bool
) -> None:
    text = yaml.safe_dump({"encryptionsalt": "x", "config": held}, default_flow_style=flow, sort_keys=False)
    text = f"# {'kept'}\n{text}" if comment else text
    after = files.with_config(tmp_path / "Pulumi.x.yaml", text, new)
    assert yaml.safe_load(after) == {"encryptionsalt": "x", "config": {**held, **new}}

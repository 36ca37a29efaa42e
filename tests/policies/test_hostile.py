"""Whatever stands in a property: no rule breaks, nothing leaks, and no finding hides another."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from policies.rules.kernel.durations import go_minutes, iso_minutes, longest_gap_minutes
from policies.rules.kernel.evaluate import RuleSet, Settings
from policies.rules.kernel.model import Finding
from policies.rules.kernel.registry import all_rules
from policies.rules.kernel.resource import Resource, plain_type
from policies.rules.kernel.values import Node, Unknown
from scripts.packs.analyzer import PackProcess, PackResource

from .scenes import SECRET, SIGNATURE, UNKNOWN, Scene, definitions, resources_of

pytestmark = pytest.mark.thorough

RULES = RuleSet(all_rules())
FACTS = {
    "siteRole": "all",
    "primaryRegion": "eu-north-1",
    "recoveryRegions": ["eu-west-1"],
    "allowedRegions": ["eu-north-1", "eu-west-1"],
    "rtoMinutes": 60,
    "rpoMinutes": 15,
    "expectedReplicas": {"database": 1},
    "stateBackends": [{"site": "a", "region": "eu-west-1", "url": "s3://a"}],
    "secretsProvider": "awskms://alias/a?region=eu-west-1",
    "quotas": {},
}
SCENES: list[Scene] = [
    definition["scene"] for given_ in definitions().values() for definition in given_ if definition["scene"]
]
PATIENT = settings(
    max_examples=300,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)

leaves = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.text(max_size=30),
    st.sampled_from(
        [
            UNKNOWN,
            "",
            "0",
            "-1",
            "1e999",
            "nan",
            "true",
            "arn:aws:rds:::",
            "arn:aws:kms:eu-north-1:1:key/a",
            "P",
            "R/",
            "R/P1D",
        ]
    ),
    st.sampled_from(
        ["rate(0 minutes)", "cron(* * * * * *)", "cron(0 0 31 2 ? *)", "0 0 L * *", "@every 0s", "\u202e", "x" * 9000]
    ),
)
values = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(
            st.one_of(st.text(max_size=8), st.sampled_from(["value", SIGNATURE, "name", "rules"])), inner, max_size=4
        ),
        st.builds(lambda value: {SIGNATURE: SECRET, "value": value}, inner),
        st.just({SIGNATURE: SECRET}),
        st.just({SIGNATURE: "d0e6a833031e9bbcd3f4e8bde6ca49a4"}),
    ),
    max_leaves=8,
)


def paths(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield at
    entries = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in entries:
        yield from paths(inner, (*at, key))


@st.composite
def odd_scenes(draw: st.DrawFn) -> Scene:
    """A scene of some rule with values put where they do not belong."""
    scene = copy.deepcopy(draw(st.sampled_from(SCENES)))
    for _ in range(draw(st.integers(1, 4))):
        item = draw(st.sampled_from(scene))
        places = [path for path in paths(item.get("props", {})) if path]
        if not places:
            item["props"] = {"region": copy.deepcopy(draw(values))}
            continue
        *way, last = draw(st.sampled_from(places))
        place = item["props"]
        for key in way:
            place = place[key]
        place[last] = copy.deepcopy(draw(values))
    return scene


def resources(scene: Scene) -> list[Resource]:
    def one(resource: PackResource) -> Resource:
        return Resource(
            type=plain_type(resource.type),
            urn=resource.urn,
            name=resource.name,
            read=lambda: resource.inputs,
            protect=resource.protect,
            property_dependencies=resource.property_dependencies,
        )

    return [one(resource) for resource in resources_of(scene)]


def look(scene: Scene, facts: Mapping[str, Any] = FACTS) -> list[Finding]:
    known = Settings({"DR-PLN-001": facts})
    found = [finding for resource in resources(scene) for finding in RULES.look_at(resource, known)]
    return found + list(RULES.look_at_stack(resources(scene), known))


@given(odd_scenes())
@PATIENT
def test_no_rule_breaks(scene: Scene) -> None:
    for finding in look(scene):
        assert finding.kind in ("broken", "unknown"), finding.text
        assert finding.text.isascii()
        assert finding.text.isprintable()
        assert len(finding.text) < 1000


@given(odd_scenes())
@PATIENT
def test_one_resource_hides_nothing_of_another(scene: Scene) -> None:
    weak = {
        "as": "weak",
        "type": "aws:docdb/cluster:Cluster",
        "props": {"backupRetentionPeriod": 1, "deletionProtection": UNKNOWN, "storageEncrypted": False},
    }
    alone = {(f.rule.id, f.kind, f.text) for f in look([weak]) if f.urn.endswith("::weak")}
    beside = {(f.rule.id, f.kind, f.text) for f in look([*scene, weak]) if f.urn.endswith("::weak")}
    assert alone <= beside
    assert {("DR-RET-002", "broken"), ("DR-PRO-001", "unknown"), ("DR-KEY-001", "broken")} <= {
        (rule, kind) for rule, kind, _ in alone
    }


@given(st.sampled_from(SCENES), st.data())
@PATIENT
def test_an_unknown_value_hides_no_other_rule(scene: Scene, data: st.DataObject) -> None:
    """Making one property unknown may turn findings of rules that read it into "not known"; the rest stays."""
    item_at = data.draw(st.integers(0, len(scene) - 1))
    props = scene[item_at].get("props", {})
    keys = [key for key in props if isinstance(key, str)]
    if not keys:
        return
    unknown = copy.deepcopy(scene)
    unknown[item_at]["props"][data.draw(st.sampled_from(keys))] = UNKNOWN
    before = {(f.rule.id, f.urn): f for f in look(scene) if f.kind == "broken"}
    after = {(f.rule.id, f.urn) for f in look(unknown)}
    assert set(before) <= after | {key for key, f in before.items() if reads(f, scene, unknown)}


def reads(finding: Finding, scene: Scene, unknown: Scene) -> bool:
    """Whether a rule stops reporting because the unknown value answers it: an unknown source is a source."""
    return (
        finding.rule.id in ("DR-REP-004", "DR-DNS-011", "DR-DNS-012", "DR-ALM-001", "DR-ALM-005") and scene != unknown
    )


@given(st.text(min_size=1, max_size=40), st.sampled_from(SCENES), st.data())
@PATIENT
def test_no_secret_is_shown(hidden: str, scene: Scene, data: st.DataObject) -> None:
    scene = copy.deepcopy(scene)
    item = data.draw(st.sampled_from(scene))
    places = [path for path in paths(item.get("props", {})) if path]
    if not places:
        return
    *way, last = data.draw(st.sampled_from(places))
    place = item["props"]
    for key in way:
        place = place[key]
    # Recognisable whatever is done to it: a text that stands in no rule's own words.
    marked = f"zq{hidden}qz"
    place[last] = {SIGNATURE: SECRET, "value": marked}
    for finding in look(scene):
        assert "zq" not in finding.text or "qz" not in finding.text


@given(values)
@PATIENT
def test_reading_a_value_never_breaks(value: Any) -> None:
    def read(node: Node) -> None:
        for reader in (node.text, node.flag, node.number, node.shown, node.present, node.names):
            reader()
        for name in node.names():
            try:
                read(node.key(name))
            except Unknown:
                continue
        try:
            for item in node.items():
                if item is not node:
                    read(item)
        except Unknown:
            return

    try:
        read(Node(value))
    except Unknown:
        return


@given(st.text(max_size=60))
@PATIENT
def test_schedules_and_durations_are_read_or_refused(text: str) -> None:
    for reader in (longest_gap_minutes, go_minutes, iso_minutes):
        found = reader(text)
        assert found is None or found >= 0


@pytest.mark.parametrize(
    ("schedule", "minutes"),
    [
        ("0 */6 * * *", 360),
        ("*/5 * * * *", 5),
        ("0 2 * * *", 1440),
        ("0 2 * * 1-5", 3 * 1440),
        ("0 2 * * MON", 7 * 1440),
        ("0 2 1 * *", 31 * 1440),
        ("0 2 1 * 1", 7 * 1440),
        ("30 22 * * 0,3", 4 * 1440),
        ("cron(0 5 ? * * *)", 1440),
        ("cron(0 5 ? * MON-FRI *)", 3 * 1440),
        ("cron(0/30 * * * ? *)", 30),
        ("rate(12 hours)", 720),
        ("@every 90m", 90),
        ("@weekly", 7 * 1440),
        ("CRON_TZ=UTC 0 3 * * *", 1440),
        ("R/2026-01-01T00:00:00+00:00/PT4H", 240),
        ("R/2026-01-01T00:00:00+00:00/P1W", 7 * 1440),
        ("0 2 31 2 *", None),
        ("61 * * * *", None),
        ("* * * *", None),
        ("cron(0 5 * * *)", None),
        ("rate(1 fortnight)", None),
        ("R/2026/never", None),
        ("", None),
    ],
)
def test_schedules_mean_what_their_clouds_say(schedule: str, minutes: float | None) -> None:
    assert longest_gap_minutes(schedule) == minutes


@given(odd_scenes())
@settings(parent=PATIENT, max_examples=60)
def test_the_same_through_the_wire(pack: PackProcess, scene: Scene) -> None:
    pack.configure({"DR-PLN-001": FACTS})
    for finding in pack.analyze(resources_of(scene)):
        assert finding.kind in ("broken", "unknown")
        assert finding.text.isascii()

"""The pack as a process: configuration, waivers, remediation, and the same answers through the SDK's own server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scripts.core.errors import BadInput, EngineFailed
from scripts.packs.analyzer import PackProcess, PackResource

from .conftest import PACK
from .scenes import SECRET, SIGNATURE, UNKNOWN, cases, findings_of, resources_of

pytestmark = pytest.mark.thorough

URN = "urn:pulumi:prod::shop::aws:rds/instance:Instance::core"
STACK = PackResource("pulumi:pulumi:Stack", "urn:pulumi:prod::shop::pulumi:pulumi:Stack::shop-prod", "shop-prod")


def database(**inputs: Any) -> PackResource:
    return PackResource("aws:rds/instance:Instance", URN, "core", inputs)


def test_the_pack_introduces_itself(pack: PackProcess) -> None:
    assert pack.info.name == "dr"
    assert pack.info.version == "0.1.0"
    policies = {policy.name: policy for policy in pack.info.policies}
    retention = policies["DR-RET-001"]
    assert retention.enforcementLevel == 1
    assert retention.severity == 4
    assert retention.configSchema.properties["minDays"]["type"] == "number"
    assert "backupRetentionPeriod" in retention.remediation_steps


def test_levels_and_thresholds_are_obeyed(pack: PackProcess) -> None:
    weak = database(backupRetentionPeriod=5)

    def level(config: dict[str, Any]) -> list[str]:
        pack.configure(config)
        return [finding.level for finding in pack.analyze_resource(weak) if finding.rule == "DR-RET-001"]

    assert level({}) == ["mandatory"]
    assert level({"DR-RET-001": "advisory"}) == ["advisory"]
    assert level({"all": "disabled"}) == []
    assert level({"all": "disabled", "DR-RET-001": {"enforcementLevel": "mandatory", "minDays": 6}}) == ["mandatory"]
    assert level({"DR-RET-001": {"minDays": 5}}) == []
    assert level({"DR-RET-001": {"minDays": 5}, "DR-PLN-001": {"pitrDays": 6}}) == ["mandatory"]


def test_mistakes_in_a_configuration_are_named(pack: PackProcess) -> None:
    with pytest.raises(BadInput) as caught:
        pack.configure({"DR-NIX-001": {}, "DR-RET-001": {"maxDays": 3}, "DR-RET-002": "sometimes"})
    for part in ("DR-NIX-001: the pack has no such rule", "no property maxDays", "'sometimes' is none of"):
        assert part in caught.value.message


def waiver(**changes: Any) -> dict[str, Any]:
    return {"rule": "DR-RET-001", "reason": "a toy", "owner": "sre", "expires": "2026-12-31", **changes}


@pytest.mark.parametrize(
    ("given", "as_of", "kind"),
    [
        (waiver(), "2026-12-31", "waived"),
        (waiver(resource="urn:*::core"), "2026-12-31", "waived"),
        (waiver(resource=URN), "2026-12-31", "waived"),
        (waiver(), "2027-01-01", "broken"),
        (waiver(resource="urn:*::other"), "2026-12-31", "broken"),
        (waiver(rule="DR-RET-002"), "2026-12-31", "broken"),
        (waiver(owner=""), "2026-12-31", "broken"),
    ],
)
def test_waivers_hold_until_they_expire(pack: PackProcess, given: dict[str, Any], as_of: str, kind: str) -> None:
    pack.configure({"DR-PLN-001": {"waivers": [given], "asOf": as_of}})
    found = [f for f in pack.analyze([STACK, database(backupRetentionPeriod=1)]) if f.rule == "DR-RET-001"]
    assert [finding.kind for finding in found] == [kind]
    assert found[0].level == ("advisory" if kind == "waived" else "mandatory")
    if kind == "waived":
        assert "waived until 2026-12-31 by sre: a toy" in found[0].text


def test_an_expired_waiver_is_itself_a_finding(pack: PackProcess) -> None:
    pack.configure({"DR-PLN-001": {"waivers": [waiver()], "asOf": "2027-01-01"}})
    found = [finding for finding in pack.analyze_resource(STACK) if finding.rule == "DR-PLN-002"]
    assert [finding.level for finding in found] == ["mandatory"]
    assert "expired on 2026-12-31" in found[0].text


def test_rules_without_their_facts_say_so(pack: PackProcess) -> None:
    pack.configure({})
    pack.analyze([STACK, database()])
    assert "allowedRegions" in pack.not_applicable["DR-RES-001"]
    assert "expectedReplicas" in pack.not_applicable["DR-REP-004"]


def test_remediation_is_off_unless_asked_for(pack: PackProcess) -> None:
    pack.configure({})
    assert pack.remediate(database(backupRetentionPeriod=1)) == {}


def test_remediation_changes_nothing_else(pack: PackProcess) -> None:
    secret = {SIGNATURE: SECRET, "value": "hunter2-hunter2"}
    inputs = {"backupRetentionPeriod": 1, "password": secret, "kmsKeyId": UNKNOWN, "tags": {"a": None, "b": [1, True]}}
    pack.configure({"DR-RET-001": "remediate", "DR-PRO-001": "remediate", "DR-KEY-001": "remediate"})
    changed = pack.remediate(database(**inputs))
    assert set(changed) == {"DR-RET-001", "DR-PRO-001"}, "a rule without a safe fix mends nothing"
    assert changed["DR-PRO-001"] | changed["DR-RET-001"] != inputs
    last = changed[list(changed)[-1]]
    assert last == {**inputs, "backupRetentionPeriod": 14, "deletionProtection": True}


def test_remediation_leaves_alone_what_it_cannot_know(pack: PackProcess) -> None:
    pack.configure({"DR-RET-001": "remediate", "DR-RET-006": "remediate"})
    assert pack.remediate(database(backupRetentionPeriod=UNKNOWN)) == {}
    hidden = {"backup": {SIGNATURE: SECRET, "value": {"backupRetentionDays": 7}}}
    server = PackResource("azure-native:dbforpostgresql:Server", "urn:pulumi:a::b::c::d", "d", hidden)
    assert pack.remediate(server) == {}


def test_every_fix_mends_its_rule(pack: PackProcess) -> None:
    fixed = set()
    for case in cases():
        if case.expect != "broken" or len(case.scene) != 1 or "secret" in case.name:
            continue
        policy = next(policy for policy in pack.info.policies if policy.name == case.rule)
        pack.configure({case.rule: {**case.config, "enforcementLevel": "remediate"}})
        [resource] = resources_of(case.scene)
        if not (changed := pack.remediate(resource)):
            continue
        fixed.add(policy.name)
        mended = PackResource(resource.type, resource.urn, resource.name, changed[case.rule])
        assert not [f for f in pack.analyze_resource(mended) if f.rule == case.rule and f.kind == "broken"], case.name
    assert len(fixed) >= 25


@pytest.fixture(scope="module")
def through_sdk() -> Iterator[PackProcess]:
    process = PackProcess(PACK)
    process.environment["DR_POLICY_SERVER"] = "sdk"
    with process:
        yield process


def test_the_sdk_serves_the_same_rules(pack: PackProcess, through_sdk: PackProcess) -> None:
    ours = {p.name: (p.enforcementLevel, p.severity, p.policy_type, p.description) for p in pack.info.policies}
    theirs = {p.name: (p.enforcementLevel, p.severity, p.policy_type, p.description) for p in through_sdk.info.policies}
    assert ours == theirs


def test_the_sdk_gives_the_same_answers(pack: PackProcess, through_sdk: PackProcess) -> None:
    # Every case through the SDK takes long: one in four.
    for case in list(cases())[::4]:
        if "secret" in case.name or not case.scene:
            continue  # the SDK does not tell secrets from other values, and asks nothing of no resources
        ours = {(f.urn, f.kind, f.text) for f in findings_of(pack, case)}
        theirs = {(f.urn, f.kind, f.text) for f in findings_of(through_sdk, case)}
        assert ours == theirs, str(case)


def test_a_folder_that_is_no_pack_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="is not a policy pack"), PackProcess(tmp_path):
        pass


def test_a_pack_that_does_not_start_says_why(tmp_path: Path) -> None:
    (tmp_path / "PulumiPolicy.yaml").write_text("runtime: python\n")
    (tmp_path / "__main__.py").write_text("raise RuntimeError('no rules today')\n")
    with pytest.raises(EngineFailed, match="did not start"), PackProcess(tmp_path):
        pass


def test_a_fix_is_put_only_where_it_fits(pack: PackProcess) -> None:
    """A rule over several types may know how to mend one of them."""
    pack.configure({"DR-DNS-013": {"enforcementLevel": "remediate"}})
    endpoint = "azure-native:trafficmanager:Endpoint"
    profile = "azure-native:trafficmanager:Profile"
    served = {"alwaysServe": "Enabled"}
    assert pack.remediate(PackResource(endpoint, f"urn:pulumi:a::b::{endpoint}::x", "x", served)) == {
        "DR-DNS-013": {"alwaysServe": "Disabled"}
    }
    inline = {"endpoints": [served]}
    assert pack.remediate(PackResource(profile, f"urn:pulumi:a::b::{profile}::x", "x", inline)) == {}

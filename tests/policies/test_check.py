"""`dr policy`: exit codes, what a person reads, states of all sorts, and what the plan says."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from model import load_plan
from scripts.core.errors import BadInput
from scripts.dr import main
from scripts.packs.facts import facts_of
from scripts.packs.state_resources import resources_of
from scripts.policy import configuration

pytestmark = pytest.mark.thorough

SIGNATURE = "4dabf18193072939515e22adb298388d"
SECRET = "1b47061264138c4ac30d75fd1eb44270"
PROVIDER = "urn:pulumi:prod::shop::pulumi:providers:aws::default"
PLAN = load_plan("samia")


def entry(token: str, name: str, **more: Any) -> dict[str, Any]:
    return {
        "urn": f"urn:pulumi:prod::shop::{token}::{name}",
        "type": token,
        "custom": True,
        "provider": f"{PROVIDER}::1234",
        **more,
    }


def table(**inputs: Any) -> dict[str, Any]:
    good = {
        "deletionProtectionEnabled": True,
        "pointInTimeRecovery": {"enabled": True},
        "replicas": [{"regionName": "eu-west-1", "pointInTimeRecovery": True, "deletionProtectionEnabled": True}],
        "tags": {"backup": "daily"},
    }
    return entry("aws:dynamodb/table:Table", "cart", protect=True, inputs={**good, **inputs})


SELECTION = entry(
    "aws:backup/selection:Selection",
    "daily",
    inputs={"selectionTags": [{"type": "STRINGEQUALS", "key": "backup", "value": "daily"}]},
)


def state(tmp_path: Path, *resources: dict[str, Any], name: str = "state.json") -> str:
    provider = {"urn": PROVIDER, "type": "pulumi:providers:aws", "custom": True, "inputs": {"region": "eu-north-1"}}
    path = tmp_path / name
    path.write_text(json.dumps({"version": 3, "deployment": {"resources": [provider, *resources]}}))
    return str(path)


def test_a_good_state_passes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["policy", "check", "--file", state(tmp_path, table(), SELECTION)]) == 0
    assert "0 broken" in capsys.readouterr().out


def test_a_weak_state_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    weak = state(tmp_path, table(deletionProtectionEnabled=False), SELECTION)
    assert main(["policy", "check", "--file", weak]) == 3
    said = capsys.readouterr()
    assert "DR-PRO-002" in said.out
    assert said.err.splitlines()[-2:] == [
        "error: 1 finding(s) of 1 rule(s): DR-PRO-002",
        "hint: `dr policy explain DR-PRO-002` says how to mend it; the plan holds waivers",
    ]
    assert main(["policy", "check", "--file", weak, "--fail-on", "never"]) == 0
    assert main(["policy", "check", "--file", weak, "--environment", "dev"]) == 0


def test_machines_read_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    weak = state(tmp_path, table(deletionProtectionEnabled=False), SELECTION)
    assert main(["policy", "check", "--file", weak, "--format", "json"]) == 3
    report = json.loads(capsys.readouterr().out)
    assert [finding["rule"] for finding in report["findings"]] == ["DR-PRO-002"]
    assert report["resources"] == 3
    assert "DR-RES-001" in report["notApplicable"]


def test_several_states_are_looked_at_as_one(tmp_path: Path) -> None:
    alone = state(tmp_path, table())
    other = state(tmp_path, SELECTION, name="other.json")
    assert main(["policy", "check", "--file", alone, "--fail-on", "advisory"]) == 3
    assert main(["policy", "check", "--file", alone, "--file", other, "--fail-on", "advisory"]) == 0


def test_a_kept_configuration_outlives_its_waivers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A configuration written once and used for months is judged by the day on which it is used."""
    weak = state(tmp_path, entry("pulumi:pulumi:Stack", "shop-prod"), table(deletionProtectionEnabled=False), SELECTION)
    waiver = {"rule": "DR-PRO-002", "reason": "emptied nightly", "owner": "sre", "expires": "2001-01-01"}
    kept = tmp_path / "kept.json"
    kept.write_text(json.dumps({"DR-PLN-001": {"waivers": [waiver]}}))
    assert main(["policy", "check", "--file", weak, "--config", str(kept), "--format", "json"]) == 3
    found = json.loads(capsys.readouterr().out)["findings"]
    assert {"DR-PRO-002", "DR-PLN-002"} <= {finding["rule"] for finding in found if finding["level"] == "mandatory"}


def plan_with(tmp_path: Path, waivers: list[dict[str, str]]) -> str:
    document = yaml.safe_load(Path("plans/samia.yaml").read_text(encoding="utf-8"))
    path = tmp_path / "plan.yaml"
    path.write_text(yaml.safe_dump({**document, "waivers": waivers}))
    return str(path)


def test_waivers_of_the_plan_count_until_they_expire(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    weak = state(tmp_path, entry("pulumi:pulumi:Stack", "shop-prod"), table(deletionProtectionEnabled=False), SELECTION)
    waiver = {"rule": "DR-PRO-002", "resource": "*::cart", "reason": "emptied nightly", "owner": "sre"}
    holds = plan_with(tmp_path, [{**waiver, "expires": "2999-12-31"}])
    assert main(["policy", "check", "--file", weak, "--plan", holds]) == 0
    assert "waived until 2999-12-31 by sre: emptied nightly" in " ".join(
        capsys.readouterr().out.replace("│", " ").split()
    )
    ended = plan_with(tmp_path, [{**waiver, "expires": "2001-01-01"}])
    assert main(["policy", "check", "--file", weak, "--plan", ended]) == 2
    assert "the waiver of DR-PRO-002 expired on 2001-01-01" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--plan", "mars"], "mars"),
        (["--stack", "mars"], "'mars' is not a stack of samia"),
        (["--stack", "prod", "--plan", "minimal"], "'prod' is not a stack of minimal"),
        (["--file", "nowhere.json"], "nowhere.json: cannot be read"),
        (["--file", "{state}", "--environment", "moon"], "config.moon.json: cannot be read"),
        (["--file", "{state}", "--config", "{state}"], "the pack has no such rule"),
        (["--file", "{state}", "--pack", "{folder}"], "is not a policy pack"),
        (["--file", "{text}"], "is not JSON"),
        (["--file", "{list}"], "holds no state"),
        (["--file", "{new}"], "state version 9 is not 3 or 4"),
        (["--file", "{odd}"], "deployment.resources is not a list of objects"),
    ],
)
def test_bad_input_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    for name, text in {
        "text": "nothing",
        "list": "[]",
        "new": '{"version": 9}',
        "odd": '{"version": 3, "deployment": {"resources": [1]}}',
    }.items():
        (tmp_path / name).write_text(text)
    places = {name: str(tmp_path / name) for name in ("text", "list", "new", "odd")}
    places |= {"state": state(tmp_path, table()), "folder": str(tmp_path)}
    assert main(["policy", "check", *(argument.format(**places) for argument in arguments)]) == 2
    first, second = capsys.readouterr().err.splitlines()[-2:]
    assert said in first
    assert second.startswith("hint: ")


def test_a_configuration_is_written_for_a_stack_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["policy", "config", "--stack", "dr"]) == 0
    assert json.loads(capsys.readouterr().out)["DR-PLN-001"]["siteRole"] == "warm"
    assert main(["policy", "config", "--stack", "mars"]) == 2
    assert "'mars' is not a stack of samia" in capsys.readouterr().err


def test_rules_are_listed_and_explained(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["policy", "list", "--format", "json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert len(listed) >= 60
    assert main(["policy", "explain", "dr-dns-003"]) == 0
    assert "# DR-DNS-003: Every failover record has a health check" in capsys.readouterr().out
    assert main(["policy", "explain", "DR-NIX-001"]) == 2
    assert "there is no rule DR-NIX-001" in capsys.readouterr().err


def test_secrets_are_opened_only_where_the_file_has_them() -> None:
    resources = resources_of(
        {
            "version": 3,
            "checkpoint": {
                "latest": {
                    "resources": [
                        entry(
                            "aws:rds/instance:Instance",
                            "core",
                            inputs={
                                "password": {SIGNATURE: SECRET, "ciphertext": "v1:x"},
                                "username": {SIGNATURE: SECRET, "plaintext": '"root"'},
                                "nested": [{"token": {SIGNATURE: SECRET, "plaintext": "not json"}}],
                            },
                        ),
                        entry("aws:rds/instance:Instance", "old", delete=True),
                    ]
                }
            },
        },
        "state",
    )
    assert [resource.name for resource in resources] == ["core"]
    assert resources[0].inputs["password"] == {SIGNATURE: SECRET}
    assert resources[0].inputs["username"] == {SIGNATURE: SECRET, "value": "root"}
    assert resources[0].inputs["nested"][0]["token"]["value"] == "not json"


def test_the_plan_becomes_facts() -> None:
    whole = facts_of(PLAN)
    assert whole["siteRole"] == "all"
    assert whole["siteRoles"] == {"prod": "active", "dr": "warm", "cold": "cold", "traffic": "traffic"}
    assert whole["rpoMinutes"] == 15
    assert whole["rtoMinutes"] == 60
    assert whole["pitrDays"] == 14
    assert whole["backupEveryMinutes"] == 1440
    assert whole["dnsTtlSeconds"] == PLAN.traffic.ttl / timedelta(seconds=1)
    warm = facts_of(PLAN, ["dr"])
    assert warm["siteRole"] == "warm"
    assert warm["expectedReplicas"] == {"database": 1, "objects": 1}
    after = {"primary": "warm", "secondary": "active", "tertiary": "cold"}
    assert facts_of(PLAN, ["dr"], roles=after)["siteRole"] == "active"
    assert "expectedReplicas" not in facts_of(PLAN, ["dr"], roles=after)


def test_configurations_lie_over_each_other(tmp_path: Path) -> None:
    more = tmp_path / "more.json"
    more.write_text(json.dumps({"DR-RET-001": {"enforcementLevel": "advisory"}, "DR-RET-002": "disabled"}))
    config = configuration("staging", {"rpoMinutes": 5}, more)
    assert config["DR-RET-001"] == {"enforcementLevel": "advisory", "minDays": 7}
    assert config["DR-RET-002"] == "disabled"
    assert config["DR-PLN-001"] == {"rpoMinutes": 5}
    more.write_text("[]")
    with pytest.raises(BadInput, match="is not an object of rules"):
        configuration("prod", None, more)


def test_what_no_rule_looks_at_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Silence about a provider that no rule knows is not a good report."""
    unknown = [
        entry("cloudflare:index/r2Bucket:R2Bucket", "media"),
        entry("datadog:index/monitor:Monitor", "lag"),
        entry("azure-native:web/v20240401:StaticSite", "front"),
        {**entry("shop:index:Site", "site"), "custom": False},
    ]
    path = state(tmp_path, table(), SELECTION, *unknown)
    assert main(["policy", "check", "--file", path]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    # What holds data comes first; a component is nobody's data, and what rules look at is not named.
    assert (
        "No rule looks at cloudflare:index/r2Bucket:R2Bucket (1), azure-native:web:StaticSite (1), "
        "datadog:index/monitor:Monitor (1)" in shown
    )
    assert "DR-PLN-003" in shown
    assert main(["policy", "check", "--file", path, "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["unseenTypes"] == {
        "cloudflare:index/r2Bucket:R2Bucket": 1,
        "azure-native:web:StaticSite": 1,
        "datadog:index/monitor:Monitor": 1,
    }


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ('{"DR-RET-001": {"minDays": "14"}}', 'DR-RET-001.minDays: "14" is not a number'),
        ('{"DR-RET-001": {"minDays": true}}', "DR-RET-001.minDays: true is not a number"),
        ('{"DR-RET-001": {"minDays": null}}', "DR-RET-001.minDays: null is not a number"),
        ('{"DR-RET-001": {"minDays": [14]}}', "DR-RET-001.minDays: [14] is not a number"),
        ('{"DR-RET-001": {"minDays": -1}}', "DR-RET-001.minDays: -1 is below 0"),
        ('{"DR-RET-001": {"minDays": 1e999}}', "DR-RET-001.minDays: inf is not a number that can be compared"),
        ('{"DR-RET-001": {"minDays": NaN}}', "DR-RET-001.minDays: nan is not a number that can be compared"),
        ('{"DR-IMM-005": {"backupNames": "backup"}}', 'DR-IMM-005.backupNames: "backup" is not an array'),
        ('{"DR-IMM-005": {"backupNames": ["a", 1]}}', "DR-IMM-005.backupNames: [1] 1 is not a string"),
        ('{"DR-PLN-001": {"siteRole": "hot"}}', 'DR-PLN-001.siteRole: "hot" is none of "active", "warm"'),
        ('{"DR-PLN-001": {"rtoMinutes": -5}}', "DR-PLN-001.rtoMinutes: -5 is below 0"),
        ('{"DR-RET-001": 5}', "DR-RET-001: enforcement level 5 is none of"),
    ],
)
def test_a_configuration_of_the_wrong_kind_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], given: str, says: str
) -> None:
    config = tmp_path / "config.json"
    config.write_text(given)
    assert main(["policy", "check", "--file", state(tmp_path, table(), SELECTION), "--config", str(config)]) == 2
    assert says in " ".join(capsys.readouterr().err.split())

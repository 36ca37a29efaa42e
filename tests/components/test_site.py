"""What a site declares in each role, as it goes over the wire."""

import json
from typing import Any

import pulumi
import pytest

from model import Topology, load_plan
from model.site_records import SiteRecord
from model.topology import after_cold_activation, after_failover, after_reprotect

from .declared import PASSWORD, RECORDS, Declared, config_of, declared, of_type, run

PLAN = load_plan("samia")
INITIAL = Topology.initial(PLAN)
FAILED_OVER = after_failover(INITIAL, PLAN, "secondary")
REPROTECTED = after_reprotect(FAILED_OVER, PLAN, "primary")


def replicas(seen: dict[str, Declared]) -> dict[str, int]:
    found = of_type(seen, "Deployment")
    return {each.inputs["metadata"]["name"]: int(each.inputs["spec"]["replicas"]) for each in found}


def instance(seen: dict[str, Declared], name: str) -> Declared:
    return next(each for each in of_type(seen, "Instance") if each.name == name)


def test_active_site_runs_the_active_number_of_pods() -> None:
    assert replicas(declared("prod", INITIAL)) == {
        "emergency-call": 3, "auth": 2, "payments": 2, "booking": 2, "reader-tools": 1, "analytics": 1,
        "notifications": 1, "dr-sentinel": 1,
    }  # fmt: skip


def test_warm_site_runs_the_fewest_pods() -> None:
    assert replicas(declared("dr", INITIAL)) == {
        "emergency-call": 1, "auth": 1, "payments": 1, "booking": 1, "reader-tools": 1, "analytics": 0,
        "notifications": 0, "dr-sentinel": 1,
    }  # fmt: skip


def test_cold_site_runs_no_compute_and_no_database() -> None:
    seen = declared("cold", INITIAL)
    for kind in ("Instance", "Cluster", "NodeGroup", "Deployment", "Provider"):
        assert of_type(seen, kind) == []


def test_cold_site_has_a_front_door_so_that_the_traffic_stack_never_changes() -> None:
    assert [each.inputs["name"] for each in of_type(declared("cold", INITIAL), "LoadBalancer")] == ["samia-tertiary"]
    assert declared("traffic", INITIAL) == declared("traffic", FAILED_OVER) == declared("traffic", REPROTECTED)


def test_site_that_takes_over_grows_to_the_active_number() -> None:
    assert replicas(declared("dr", FAILED_OVER)) == replicas(declared("prod", INITIAL))


def test_site_that_was_lost_stays_declared_exactly_as_it_was() -> None:
    assert declared("prod", FAILED_OVER) == declared("prod", INITIAL)


def test_warm_site_stays_as_it_was_when_the_cold_one_takes_over() -> None:
    active = after_cold_activation(INITIAL, PLAN, "tertiary", {"core": "samia-primary-core-1-20260101"})
    assert declared("dr", active) == declared("dr", INITIAL)


def test_primary_database_has_a_standby_backups_and_protection() -> None:
    found = instance(declared("prod", INITIAL), "core-1")
    assert found.protect
    expected = {
        "identifier": "samia-primary-core-1", "region": "eu-north-1", "multiAz": True, "backupRetentionPeriod": 14,
        "deletionProtection": True, "deleteAutomatedBackups": False, "storageEncrypted": True,
        "publiclyAccessible": False, "engine": "postgres", "username": "samia_owner", "dbName": "core",
        "skipFinalSnapshot": False, "finalSnapshotIdentifier": "samia-primary-core-1-final",
    }  # fmt: skip
    assert {key: found.inputs[key] for key in expected} == expected


def test_replica_is_fit_to_be_promoted() -> None:
    found = instance(declared("dr", INITIAL), "core-1")
    assert found.inputs["replicateSourceDb"] == "arn:aws:rds:eu-north-1:123456789012:db:samia-primary-core-1"
    assert found.inputs["backupRetentionPeriod"] == 14  # with 0 it would be promoted to a primary without backups
    assert found.inputs["multiAz"] is True
    assert found.inputs["kmsKeyId"] == "arn:of:key-replica"  # a key of its own region
    # RDS refuses these for a replica, and a final snapshot of one cannot be taken.
    for refused in ("engine", "engineVersion", "username", "dbName", "password", "finalSnapshotIdentifier"):
        assert refused not in found.inputs


def test_promotion_changes_nothing_but_the_source_and_the_final_snapshot() -> None:
    before = instance(declared("dr", INITIAL), "core-1").inputs
    after = instance(declared("dr", FAILED_OVER), "core-1").inputs
    changed = {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
    assert changed == {"replicateSourceDb", "skipFinalSnapshot", "finalSnapshotIdentifier"}


def test_reprotection_builds_beside_the_old_incarnation_and_unprotects_it() -> None:
    seen = declared("prod", REPROTECTED)
    old, new = instance(seen, "core-1"), instance(seen, "core-2")
    assert (old.protect, old.inputs["deletionProtection"]) == (False, False)
    assert {"replicateSourceDb", "engine", "username", "password", "finalSnapshotIdentifier"} <= set(old.ignored)
    assert (new.protect, new.inputs["deletionProtection"]) == (True, True)
    assert new.inputs["replicateSourceDb"] == "arn:aws:rds:eu-west-1:123456789012:db:samia-secondary-core-1"


@pytest.mark.parametrize(
    ("backup", "expected"),
    [
        ("samia-primary-core-1-20260101", {"snapshotIdentifier": "samia-primary-core-1-20260101"}),
        (
            "db-L2IJCEXJP7XQ7HOJ4SIEXAMPLE",
            {
                "restoreToPointInTime": {
                    "sourceDbiResourceId": "db-L2IJCEXJP7XQ7HOJ4SIEXAMPLE",
                    "useLatestRestorableTime": True,
                }
            },
        ),
        (
            "db-L2IJCEXJP7XQ7HOJ4SIEXAMPLE@2026-01-01T12:00:00Z",
            {
                "restoreToPointInTime": {
                    "sourceDbiResourceId": "db-L2IJCEXJP7XQ7HOJ4SIEXAMPLE",
                    "restoreTime": "2026-01-01T12:00:00Z",
                }
            },
        ),
        (
            "arn:aws:rds:us-east-1:123456789012:auto-backup:ab-1",
            {
                "restoreToPointInTime": {
                    "sourceDbInstanceAutomatedBackupsArn": "arn:aws:rds:us-east-1:123456789012:auto-backup:ab-1",
                    "useLatestRestorableTime": True,
                }
            },
        ),
        (
            "arn:aws:rds:us-east-1:123456789012:auto-backup:ab-1@2026-01-01T12:00:00Z",
            {
                "restoreToPointInTime": {
                    "sourceDbInstanceAutomatedBackupsArn": "arn:aws:rds:us-east-1:123456789012:auto-backup:ab-1",
                    "restoreTime": "2026-01-01T12:00:00Z",
                }
            },
        ),
    ],
)
def test_cold_site_is_restored_from_the_backup_that_the_topology_names(backup: str, expected: dict[str, Any]) -> None:
    seen = declared("cold", after_cold_activation(INITIAL, PLAN, "tertiary", {"core": backup}))
    inputs = instance(seen, "core-2").inputs
    origin = {key: inputs[key] for key in ("snapshotIdentifier", "restoreToPointInTime") if key in inputs}
    assert origin == expected
    assert "replicateSourceDb" not in inputs
    assert replicas(seen) == replicas(declared("prod", INITIAL))


def test_pods_use_the_database_of_their_own_site() -> None:
    for stack, site in (("prod", "primary"), ("dr", "secondary")):
        maps = {
            each.inputs["metadata"]["name"]: each.inputs["data"]
            for each in of_type(declared(stack, INITIAL), "ConfigMap")
        }
        assert maps["store.core"]["DR_STORE_CORE_HOST"].startswith(f"samia-{site}-core-1.")
        assert maps["site"]["DR_SITE"] == site
        assert maps["site"]["DR_WITNESS_BUCKET"] == "samia-tertiary-recovery"


def _name(each: Declared) -> str:
    return str(each.inputs["metadata"]["name"])


def test_pods_start_anew_when_their_database_is_another_one() -> None:
    def revisions(topology: Topology) -> set[str]:
        found = [each for each in of_type(declared("prod", topology), "Deployment") if _name(each) != "notifications"]
        return {each.inputs["spec"]["template"]["metadata"]["annotations"]["dr/revision"] for each in found}

    assert len(revisions(INITIAL)) == 1
    assert revisions(INITIAL) == revisions(FAILED_OVER)
    assert revisions(INITIAL).isdisjoint(revisions(REPROTECTED))


def test_update_never_waits_for_pods() -> None:
    """A warm or fenced site's pods are rightly not ready, and an update must not hang on them."""
    for each in of_type(declared("dr", INITIAL), "Deployment"):
        assert each.inputs["metadata"]["annotations"]["pulumi.com/skipAwait"] == "true"


def test_password_is_secret_wherever_it_goes() -> None:
    for stack in PLAN.stacks:
        for each in declared(stack, INITIAL).values():
            assert PASSWORD not in json.dumps(_without_secrets(each.inputs)), each.name


def _without_secrets(value: Any) -> Any:
    if isinstance(value, dict):
        return {} if set(value) == {"secret"} else {key: _without_secrets(each) for key, each in value.items()}
    return [_without_secrets(each) for each in value] if isinstance(value, list) else value


def test_every_regional_resource_names_its_region() -> None:
    worldwide = ("aws:iam/", "aws:route53/")
    regions = {"prod": "eu-north-1", "dr": "eu-west-1", "cold": "us-east-1"}
    for stack, region in regions.items():
        for each in declared(stack, INITIAL).values():
            if each.type.startswith("aws:") and not each.type.startswith(worldwide):
                assert each.inputs.get("region") == region, each.name


def test_no_resource_uses_a_default_provider() -> None:
    for stack in PLAN.stacks:
        for each in declared(stack, INITIAL).values():
            if each.custom and each.type.startswith(("aws:", "kubernetes:")):
                assert each.provider, each.name


def test_everything_stateful_is_protected_unless_its_data_is_given_up() -> None:
    stateful = (
        "Instance",
        "Bucket",
        "Key",
        "ReplicaKey",
        "Vault",
        "VaultLockConfiguration",
        "Secret",
        "Zone",
        "LoadBalancer",
    )
    for stack in PLAN.stacks:
        for kind in stateful:
            if kind == "Secret":
                found = [each for each in of_type(declared(stack, INITIAL), kind) if each.type.startswith("aws:")]
            else:
                found = of_type(declared(stack, INITIAL), kind)
            assert all(each.protect for each in found), (stack, kind)
        assert not any(each.protect for each in declared(stack, INITIAL, deleteData=True).values())


def test_objects_are_copied_both_ways_and_archived_under_lock() -> None:
    rules = {
        stack: [
            rule["destination"]["bucket"]
            for each in of_type(declared(stack, INITIAL), "BucketReplicationConfig")
            for rule in each.inputs["rules"]
        ]
        for stack in ("prod", "dr", "cold")
    }
    assert rules == {
        "prod": ["arn:aws:s3:::samia-secondary-media", "arn:aws:s3:::samia-tertiary-media"],
        "dr": ["arn:aws:s3:::samia-primary-media", "arn:aws:s3:::samia-tertiary-media"],
        "cold": [],
    }
    cold = declared("cold", INITIAL)
    lock = of_type(cold, "BucketObjectLockConfiguration")[0].inputs["rule"]["defaultRetention"]
    assert lock == {"mode": "COMPLIANCE", "days": 35}
    named = {each.name: each.inputs for each in of_type(cold, "BucketLifecycleConfiguration")}
    moved = named["media-lifecycle"]["rules"][0]["transitions"]
    assert moved == [{"days": 1, "storageClass": "GLACIER"}]


def test_objects_are_copied_once_the_receiving_bucket_is_recorded() -> None:
    nobody: dict[str, SiteRecord] = {}
    assert of_type(declared("prod", INITIAL, nobody), "BucketReplicationConfig") == []
    one = {"secondary": RECORDS["secondary"]}
    rules = of_type(declared("prod", INITIAL, one), "BucketReplicationConfig")[0].inputs["rules"]
    assert [rule["id"] for rule in rules] == ["to-secondary"]


def test_backups_reach_the_cold_site_two_ways() -> None:
    cold = declared("cold", INITIAL)
    copies = of_type(cold, "InstanceAutomatedBackupsReplication")
    assert [each.inputs["sourceDbInstanceArn"] for each in copies] == [
        "arn:aws:rds:eu-north-1:123456789012:db:samia-primary-core-1"
    ]
    assert copies[0].inputs["retentionPeriod"] == 14
    rule = of_type(declared("prod", INITIAL), "Plan")[0].inputs["rules"][0]
    assert rule["lifecycle"] == {"deleteAfter": 35}
    assert [each["destinationVaultArn"] for each in rule["copyActions"]] == [
        "arn:aws:backup:us-east-1:123456789012:backup-vault:samia-tertiary"
    ]
    lock = of_type(cold, "VaultLockConfiguration")[0].inputs
    assert lock["minRetentionDays"] == 35


def test_selection_of_backups_finds_every_incarnation() -> None:
    selection = of_type(declared("prod", REPROTECTED), "Selection")[0].inputs["selectionTags"]
    tags = [each.inputs["tags"] for each in of_type(declared("prod", REPROTECTED), "Instance")]
    assert len(tags) == 2
    assert all(each[selection[0]["key"]] == selection[0]["value"] for each in tags)


def test_secrets_are_copied_to_every_other_region() -> None:
    secret = next(each for each in of_type(declared("prod", INITIAL), "Secret") if each.type.startswith("aws:"))
    assert [each["region"] for each in secret.inputs["replicas"]] == ["eu-west-1", "us-east-1"]


def test_claims_can_be_read_by_anybody_and_nothing_else() -> None:
    policy = json.loads(of_type(declared("cold", INITIAL), "BucketPolicy")[0].inputs["policy"])
    allowed = [each for each in policy["Statement"] if each["Effect"] == "Allow"]
    assert [(each["Principal"], each["Action"], each["Resource"]) for each in allowed] == [
        ("*", "s3:GetObject", "arn:aws:s3:::samia-tertiary-recovery/claims/*")
    ]


def test_the_agent_alone_may_touch_the_lease_and_only_its_own_claim() -> None:
    lease, claim = "arn:aws:s3:::samia-tertiary-recovery/lease/writer.json", "claims/active"
    for stack, site in (("prod", "primary"), ("dr", "secondary")):
        seen = declared(stack, INITIAL)
        may = {
            each.inputs["role"]: {
                (action, resource)
                for statement in json.loads(each.inputs["policy"])["Statement"]
                for action in statement["Action"]
                for resource in statement["Resource"]
            }
            for each in of_type(seen, "RolePolicy")
        }
        agent = may.pop(f"samia-{site}-agent")
        assert agent == {
            ("s3:GetObject", lease),
            ("s3:PutObject", lease),
            ("s3:ListBucket", "arn:aws:s3:::samia-tertiary-recovery"),
            ("s3:DeleteObject", f"arn:aws:s3:::samia-{site}-recovery/{claim}"),
        }
        others = {resource for allowed in may.values() for action, resource in allowed if action.startswith("s3:")}
        assert not [resource for resource in others if "recovery" in resource or resource == "*"]
        role = next(each for each in of_type(seen, "Role") if each.inputs["name"] == f"samia-{site}-agent")
        (trust,) = json.loads(role.inputs["assumeRolePolicy"])["Statement"]
        issuer = f"issuer/samia-{site}"
        assert trust["Condition"]["StringEquals"] == {
            f"{issuer}:sub": "system:serviceaccount:samia:dr-sentinel",
            f"{issuer}:aud": "sts.amazonaws.com",
        }


def test_no_pod_but_the_agent_has_its_account_and_none_has_a_token_of_the_cluster() -> None:
    specs = {
        each.inputs["metadata"]["name"]: each.inputs["spec"]["template"]["spec"]
        for each in of_type(declared("prod", INITIAL), "Deployment")
    }
    assert [name for name, spec in specs.items() if spec.get("serviceAccountName") == "dr-sentinel"] == ["dr-sentinel"]
    assert len(specs) > 1
    assert {spec["automountServiceAccountToken"] for spec in specs.values()} == {False}


def test_replica_of_the_key_needs_the_original_recorded() -> None:
    with pytest.raises(pulumi.RunError, match="key of site primary is not recorded"):
        declared("dr", INITIAL, {})


def test_stack_that_the_plan_does_not_have() -> None:
    with pytest.raises(pulumi.RunError, match="stack staging is not in the plan samia; it has prod, dr, cold, traffic"):
        declared("staging", INITIAL)


def test_config_with_mistakes_names_all_of_them() -> None:
    config = config_of(INITIAL, RECORDS) | {"dr:epoch": "0", "dr:stores": '{"primary": {"core": {"number": "one"}}}'}
    with pytest.raises(pulumi.RunError) as caught:
        run("prod", config)
    assert "dr:epoch" in str(caught.value)
    assert "dr:stores.primary.core.number" in str(caught.value)


def test_config_that_names_a_site_of_another_plan() -> None:
    config = config_of(INITIAL, RECORDS) | {"dr:activeSite": "berlin"}
    with pytest.raises(pulumi.RunError, match='dr:activeSite: "berlin" is no site of the plan samia'):
        run("prod", config)


def test_plan_with_mistakes_stops_the_program() -> None:
    with pytest.raises(pulumi.RunError, match=r"plans/nowhere\.yaml: there is no such file"):
        run("prod", config_of(INITIAL, RECORDS) | {"dr:plan": "nowhere"})


def test_password_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DR_DATABASE_PASSWORD_FILE", raising=False)
    config = config_of(INITIAL, RECORDS)
    del config["dr:databasePassword"]
    with pytest.raises(pulumi.RunError, match="pulumi config set --secret dr:databasePassword"):
        run("prod", config)


def test_exports() -> None:
    assert run("prod", config_of(INITIAL, RECORDS)).exports == ["site", "region", "role", "record", "stores"]

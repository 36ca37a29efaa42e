"""
After whatever happens, an update of any stack deletes and replaces nothing, but what a retirement was asked to drop.

A random life of the system: failovers, cold activations, re-protections, retirements, in any order that the topology
allows. After each transition every stack's program is run and compared with what it declared before.
"""

from collections.abc import Mapping
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from model import Topology, TopologyError, load_plan, role_of
from model.topology import (
    after_backups_settled,
    after_backups_switch,
    after_cold_activation,
    after_failover,
    after_isolation,
    after_release,
    after_reprotect,
    after_restore,
    after_retirement,
    after_stand_down,
)

from .declared import Declared, declared

pytestmark = pytest.mark.thorough

PLAN = load_plan("samia")
SITES = [site.name for site in PLAN.sites]

# Properties that the provider cannot change in place (hashicorp/terraform-provider-aws: ForceNew), for what we declare.
CREATE_ONLY: dict[str, set[str]] = {
    "aws:rds/instance:Instance": {
        "identifier", "engine", "username", "dbName", "kmsKeyId", "storageEncrypted", "snapshotIdentifier",
        "restoreToPointInTime", "availabilityZone",
    },
    "aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication": {
        "sourceDbInstanceArn", "retentionPeriod", "kmsKeyId"
    },
    "aws:rds/subnetGroup:SubnetGroup": {"name"},
    "aws:backup/vault:Vault": {"name", "kmsKeyArn"},
    "aws:backup/vaultLockConfiguration:VaultLockConfiguration": {
        "backupVaultName", "minRetentionDays", "maxRetentionDays", "changeableForDays"
    },
    "aws:backup/plan:Plan": {"name"},
    "aws:backup/selection:Selection": {"name", "planId", "iamRoleArn", "selectionTags", "resources", "conditions"},
    "aws:kms/key:Key": {"multiRegion"},
    "aws:kms/replicaKey:ReplicaKey": {"primaryKeyArn"},
    "aws:s3/bucket:Bucket": {"bucket", "objectLockEnabled"},
    "aws:s3/bucketReplicationConfig:BucketReplicationConfig": {"bucket"},
    "aws:secretsmanager/secret:Secret": {"name"},
    "aws:secretsmanager/secretVersion:SecretVersion": {"secretId", "secretString"},
    "aws:lb/loadBalancer:LoadBalancer": {"name", "internal", "loadBalancerType"},
    "aws:lb/targetGroup:TargetGroup": {"name", "port", "protocol", "targetType", "vpcId"},
    "aws:eks/cluster:Cluster": {"name", "roleArn"},
    "aws:eks/nodeGroup:NodeGroup": {
        "nodeGroupName", "clusterName", "subnetIds", "instanceTypes", "amiType", "nodeRoleArn"
    },
    "aws:cloudwatch/metricAlarm:MetricAlarm": {"name"},
    "aws:ec2/vpc:Vpc": {"cidrBlock"},
    "aws:ec2/subnet:Subnet": {"cidrBlock", "availabilityZone", "vpcId"},
    "aws:ec2/securityGroup:SecurityGroup": {"description", "vpcId", "name"},
    "aws:ec2/launchTemplate:LaunchTemplate": {"name"},
    "aws:autoscaling/group:Group": {"name"},
    "aws:iam/instanceProfile:InstanceProfile": {"name"},
    "aws:route53/record:Record": {"name", "zoneId"},
    "aws:route53/healthCheck:HealthCheck": {"type", "requestInterval"},
    "aws:route53/zone:Zone": {"name"},
    "aws:iam/role:Role": {"name"},
    "kubernetes:apps/v1:Deployment": {"kind"},
}  # fmt: skip
KUBERNETES_CREATE_ONLY = ("name", "namespace")


def declarations(topology: Topology) -> dict[str, dict[str, Declared]]:
    return {stack: declared(stack, topology) for stack in PLAN.stacks}


# pulumi-kubernetes replaces these when their content changes, unless its provider is told otherwise.
MUTABLE_BY_OPTION = {
    "kubernetes:core/v1:ConfigMap": ("enableConfigMapMutable", "data"),
    "kubernetes:core/v1:Secret": ("enableSecretMutable", "stringData"),
}


def gone(before: Mapping[str, Declared], after: Mapping[str, Declared]) -> set[str]:
    return set(before) - set(after)


def replaced(before: Mapping[str, Declared], after: Mapping[str, Declared]) -> list[str]:
    """What a create-only property of would have to change. An ignored one keeps its old value."""
    found = []
    options = next((each.inputs for each in after.values() if each.type == "pulumi:providers:kubernetes"), {})
    for urn in before.keys() & after.keys():
        old, new = before[urn], after[urn]
        properties = CREATE_ONLY.get(new.type, set()) | ({"region"} if new.type.startswith("aws:") else set())
        checked = sorted(properties - set(new.ignored))
        found += [f"{urn}: {name}" for name in checked if old.inputs.get(name) != new.inputs.get(name)]
        if new.type.startswith("kubernetes:"):
            was, now = old.inputs["metadata"], new.inputs["metadata"]
            found += [f"{urn}: metadata.{name}" for name in KUBERNETES_CREATE_ONLY if was.get(name) != now.get(name)]
            option, content = MUTABLE_BY_OPTION.get(new.type, ("", ""))
            if content and not options.get(option) and old.inputs.get(content) != new.inputs.get(content):
                found.append(f"{urn}: {content}")
            if old.inputs.get("spec", {}).get("selector") != new.inputs.get("spec", {}).get("selector"):
                found.append(f"{urn}: spec.selector")
    return found


def promoted_by_accident(before: Mapping[str, Declared], after: Mapping[str, Declared], active: str) -> list[str]:
    """Databases that would lose their source, or get another, in a stack that did not take over."""
    found = []
    for urn in before.keys() & after.keys():
        old, new = before[urn].inputs.get("replicateSourceDb"), after[urn].inputs.get("replicateSourceDb")
        ours = f"-{active}-" in str(after[urn].inputs.get("identifier"))
        if old != new and "replicateSourceDb" not in after[urn].ignored and not (ours and new is None):
            found.append(f"{urn}: {old} -> {new}")
    return found


def assert_only_retirement_deletes(old: Topology, new: Topology, *, retired: str | None = None) -> None:
    before, after = declarations(old), declarations(new)
    for stack in PLAN.stacks:
        assert replaced(before[stack], after[stack]) == [], stack
        assert promoted_by_accident(before[stack], after[stack], new.active_site) == [], stack
        lost = gone(before[stack], after[stack])
        if retired is None:
            assert lost == set(), stack
            continue
        assert not any(before[stack][urn].protect for urn in lost), f"{stack}: a protected resource would be deleted"
        for urn in lost:
            resource = before[stack][urn]
            ours = stack == PLAN.site(retired).stack
            went_cold = ours and role_of(PLAN, new, retired) == "cold"
            copy = resource.type.endswith("InstanceAutomatedBackupsReplication")
            number = f"-{resource.name.rsplit('-', 1)[-1]}"
            retiring = {f"-{number}" for held in old.stores[retired].values() for number in held.retiring}
            instance = ours and resource.type.endswith(":Instance") and number in retiring
            assert went_cold or copy or instance, f"{stack}: {urn} would be deleted"


Move = tuple[str, str]
MOVES = st.one_of(
    st.tuples(st.just("failover"), st.sampled_from(SITES)),
    st.tuples(st.just("activate"), st.just("tertiary")),
    st.tuples(st.just("restore"), st.just("")),
    st.tuples(st.just("compromise"), st.just("tertiary")),
    st.tuples(st.just("release"), st.sampled_from(SITES)),
    st.tuples(st.just("reprotect"), st.sampled_from(SITES)),
    st.tuples(st.just("retire"), st.sampled_from(SITES)),
    st.tuples(st.just("stand down"), st.just("tertiary")),
    st.tuples(st.just("switch backups"), st.just("")),
)


def moved(topology: Topology, move: Move) -> Topology:
    what, site = move
    if what == "failover":
        return after_failover(topology, PLAN, site)
    if what == "activate":
        return after_cold_activation(topology, PLAN, site, {"core": f"backup-of-epoch-{topology.epoch}"})
    if what == "restore":
        at = datetime(2026, 1, 31, 12, 0, topology.epoch, tzinfo=UTC)
        return after_restore(topology, PLAN, {"core": f"{what}@{at:%Y-%m-%dT%H:%M:%SZ}"}, at)
    if what == "compromise":
        built = after_cold_activation(topology, PLAN, site, {"core": f"backup-of-epoch-{topology.epoch}"})
        return after_isolation(built, PLAN, ["primary", "secondary"], datetime(2026, 1, 31, tzinfo=UTC))
    if what == "release":
        return after_release(topology, PLAN, site)
    if what == "reprotect":
        return after_reprotect(topology, PLAN, site)
    if what == "retire":
        return after_retirement(topology, PLAN, site)
    if what == "stand down":
        return after_stand_down(topology, PLAN, site)
    return after_backups_switch(topology, PLAN)


@pytest.mark.engine
@settings(max_examples=10, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(st.lists(MOVES, min_size=1, max_size=8))
def test_no_life_of_the_system_deletes_or_replaces(moves: list[Move]) -> None:
    topology = Topology.initial(PLAN)
    for move in moves:
        try:
            new = moved(topology, move)
        except TopologyError:
            continue
        retired = move[1] if move[0] == "retire" else None
        if new != topology:
            assert_only_retirement_deletes(topology, new, retired=retired)
        topology = new


@pytest.mark.engine
def test_the_life_that_a_drill_leads() -> None:
    """Failover and back, then both regions lost and the cold site opened, then home again."""
    topology = Topology.initial(PLAN)
    home: list[Move] = [
        ("failover", "secondary"), ("reprotect", "primary"), ("switch backups", ""), ("retire", "primary"),
        ("failover", "primary"), ("reprotect", "secondary"), ("switch backups", ""), ("retire", "secondary"),
        ("activate", "tertiary"), ("reprotect", "primary"), ("retire", "primary"), ("reprotect", "secondary"),
        ("retire", "secondary"), ("failover", "primary"), ("switch backups", ""), ("reprotect", "secondary"),
        ("retire", "secondary"), ("stand down", "tertiary"), ("retire", "tertiary"),
    ]  # fmt: skip
    for move in home:
        new = moved(topology, move)
        assert new != topology, move
        assert_only_retirement_deletes(topology, new, retired=move[1] if move[0] == "retire" else None)
        topology = new
    assert {site: role_of(PLAN, topology, site) for site in SITES} == {
        "primary": "active", "secondary": "warm", "tertiary": "cold"
    }  # fmt: skip
    assert topology.epoch == 5
    assert after_backups_settled(topology, PLAN) == topology


@pytest.mark.engine
def test_a_restore_in_place_is_followed_by_everything_else() -> None:
    """What followed the damaged database is fenced until it is re-protected; only what was damaged is deleted."""
    topology = Topology.initial(PLAN)
    life: list[Move] = [
        ("restore", ""), ("retire", "primary"), ("switch backups", ""), ("reprotect", "secondary"),
        ("retire", "secondary"), ("restore", ""), ("retire", "primary"), ("switch backups", ""),
    ]  # fmt: skip
    for number, move in enumerate(life):
        new = moved(topology, move)
        assert new != topology, move
        assert_only_retirement_deletes(topology, new, retired=move[1] if move[0] == "retire" else None)
        topology = new
        if move[0] == "restore":
            assert topology.epoch == number // 5 + 2
            assert role_of(PLAN, topology, "primary") == "active"
            assert role_of(PLAN, topology, "secondary") == "fenced"
    assert topology.backups_of == {"primary": {"core": topology.incarnation("primary", "core")}}


@pytest.mark.engine
def test_a_site_that_was_isolated_is_left_as_it_is_until_it_is_released() -> None:
    topology = moved(Topology.initial(PLAN), ("compromise", "tertiary"))
    assert_only_retirement_deletes(Topology.initial(PLAN), topology)
    for move in (("failover", "primary"), ("reprotect", "primary"), ("reprotect", "secondary")):
        with pytest.raises(TopologyError, match="isolated"):
            moved(topology, move)
    home: list[Move] = [
        ("release", "primary"), ("reprotect", "primary"), ("retire", "primary"), ("release", "secondary"),
        ("reprotect", "secondary"), ("retire", "secondary"), ("failover", "primary"), ("switch backups", ""),
        ("reprotect", "secondary"), ("retire", "secondary"), ("stand down", "tertiary"), ("retire", "tertiary"),
    ]  # fmt: skip
    for move in home:
        new = moved(topology, move)
        assert new != topology, move
        assert_only_retirement_deletes(topology, new, retired=move[1] if move[0] == "retire" else None)
        topology = new
    assert {site: role_of(PLAN, topology, site) for site in SITES} == {
        "primary": "active", "secondary": "warm", "tertiary": "cold"
    }  # fmt: skip
    assert set(topology.tainted) == {"samia-primary-core-1", "samia-secondary-core-1"}, "backups outlive all that"
    assert Topology.from_config(topology.to_config()) == topology


def test_the_comparison_sees_a_delete_a_replace_and_a_promotion() -> None:
    """A check that cannot fail proves nothing."""
    before = declared("dr", Topology.initial(PLAN))
    urn, instance = next((urn, each) for urn, each in before.items() if each.type.endswith(":Instance"))
    assert gone(before, {}) == set(before)
    other = Declared(
        **{**vars(instance), "inputs": {**instance.inputs, "kmsKeyId": "another", "replicateSourceDb": None}}
    )
    assert replaced(before, {**before, urn: other}) == [f"{urn}: kmsKeyId"]
    assert len(promoted_by_accident(before, {**before, urn: other}, "primary")) == 1
    with pytest.raises(AssertionError):
        assert_only_retirement_deletes(Topology.initial(PLAN), Topology.initial(PLAN).model_copy(update={"stores": {}}))

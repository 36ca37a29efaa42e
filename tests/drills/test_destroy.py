"""
A system taken down to the end, by hand with `dr`: refused with everything told and nothing changed, killed in the
middle and repeated, and nothing left of it in any region.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml

from components.aws import addresses
from model import Topology, load_plan, names
from model.loading import PLANS
from sandbox.client import World
from scripts.runs import journal
from scripts.stacks import topology_files
from tests.asserts.waiting import MULTIPLIER, wait_until

pytestmark = [pytest.mark.drill, pytest.mark.timeout(900 * MULTIPLIER)]
ROOT = Path(__file__).resolve().parents[2]
ARCHIVE = {
    "name": "papers",
    "kind": "objects",
    "archive": {"site": "tertiary", "storage_class": "GLACIER", "after": "1d", "lock": "7d"},
}
Done = subprocess.CompletedProcess[str]


@dataclass
class System:
    """The minimal plan with an archive that is locked, up in a world of its own."""

    world: World
    env: dict[str, str]
    path: Path

    def __post_init__(self) -> None:
        self.plan = load_plan(str(self.path))
        self.project = self.world.home / "project"
        self.regions = [site.region for site in self.plan.sites]

    def begin(self, *words: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "scripts.dr", *words]
        return subprocess.Popen(
            command, cwd=ROOT, env=self.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def dr(self, *words: str) -> Done:
        process = self.begin(*words)
        out, err = process.communicate()
        return subprocess.CompletedProcess(words, process.returncode, out, err)

    def client(self, service: str, region: str) -> Any:
        inside = self.world.env()
        unchecked: Any = boto3.client
        return unchecked(
            service,
            region_name=region,
            endpoint_url=inside["AWS_ENDPOINT_URL"],
            aws_access_key_id=inside["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=inside["AWS_SECRET_ACCESS_KEY"],
        )

    def held(self) -> Any:
        shown = self.dr("destroy", "--all", "--dry-run", "--format", "json")
        assert shown.returncode == 0, shown.stderr
        return json.loads(shown.stdout)

    def everything(self) -> Any:
        """What a refusal must not change: states, settings, journals, databases and buckets."""
        return (
            {stack: found["resources"] for stack, found in self.held().items()},
            {path.name: path.read_text() for path in self.project.glob("Pulumi.*.yaml")},
            {path.read_text() for path in (self.world.home / "regions").glob("*/state/**/stacks/**/*.json")},
            journal.runs(),
            {each["identifier"] for each in self.world.status()["databases"]},
            {region: self.left(region)["buckets"] for region in self.regions},
        )

    def left(self, region: str) -> dict[str, list[str]]:
        """What of the system is to be seen in a region; keys wait a month for their deletion and are not there."""
        ask = {
            "buckets": ("s3", "list_buckets", "Buckets", "Name"),
            "databases": ("rds", "describe_db_instances", "DBInstances", "DBInstanceIdentifier"),
            "snapshots": ("rds", "describe_db_snapshots", "DBSnapshots", "DBSnapshotIdentifier"),
            "kept backups": (
                "rds", "describe_db_instance_automated_backups", "DBInstanceAutomatedBackups", "DBInstanceIdentifier",
            ),
            "subnet groups": ("rds", "describe_db_subnet_groups", "DBSubnetGroups", "DBSubnetGroupName"),
            "vaults": ("backup", "list_backup_vaults", "BackupVaultList", "BackupVaultName"),
            "backup plans": ("backup", "list_backup_plans", "BackupPlansList", "BackupPlanName"),
            "balancers": ("elbv2", "describe_load_balancers", "LoadBalancers", "LoadBalancerName"),
            "clusters": ("eks", "list_clusters", "clusters", ""),
            "alarms": ("cloudwatch", "describe_alarms", "MetricAlarms", "AlarmName"),
            "topics": ("sns", "list_topics", "Topics", "TopicArn"),
            "roles": ("iam", "list_roles", "Roles", "RoleName"),
            "zones": ("route53", "list_hosted_zones", "HostedZones", "Name"),
            "checks": ("route53", "list_health_checks", "HealthChecks", "Id"),
        }  # fmt: skip
        found = {}
        for what, (service, operation, key, name) in ask.items():
            shown = getattr(self.client(service, region), operation)()[key]
            found[what] = sorted(each[name] if name else each for each in shown)
        secrets = self.client("secretsmanager", region).list_secrets(IncludePlannedDeletion=True)["SecretList"]
        found["secrets"] = sorted(each["Name"] for each in secrets)
        keys = self.client("kms", region)
        described = [keys.describe_key(KeyId=each["KeyId"])["KeyMetadata"] for each in keys.list_keys()["Keys"]]
        found["keys"] = [each["KeyId"] for each in described if each["KeyState"] == "Enabled"]
        networks = self.client("ec2", region).describe_vpcs()["Vpcs"]
        found["networks"] = [each["VpcId"] for each in networks if not each["IsDefault"]]
        return {what: those for what, those in found.items() if those or what == "buckets"}


@pytest.fixture
def system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[System]:
    plan = tmp_path / "minimal.yaml"
    minimal = yaml.safe_load((PLANS / "minimal.yaml").read_text(encoding="utf-8"))
    plan.write_text(yaml.safe_dump(minimal | {"stores": [*minimal["stores"], ARCHIVE]}), encoding="utf-8")
    monkeypatch.setenv("DR_HOME", str(tmp_path / "home"))
    world = World.up(tmp_path / "w", plan, owner=os.getpid())
    try:
        ours = {"DR_SANDBOX": str(world.home), "DR_PLAN": str(plan), "DR_ENGINE": "embedded", "COLUMNS": "200"}
        made = System(world, {**os.environ, **ours}, plan)
        up = made.dr("up", "--all", "--yes")
        assert up.returncode == 0, up.stderr
        yield made
    finally:
        world.down()


def given_up(*stacks: str) -> list[str]:
    return [word for stack in stacks for word in ("--delete-data", stack)]


def test_a_stack_is_taken_down_while_another_region_is_lost(system: System) -> None:
    """What is asked of the other stacks afterwards does not make a failure of what was done."""
    traffic = system.plan.traffic.stack
    before = topology_files.read_topology(system.plan, system.project)
    system.world.break_("region", region=system.plan.primary.region)
    done = system.dr("destroy", traffic, "--yes", *given_up(traffic))
    assert done.returncode == 0, done.stderr
    assert "cannot be reached: what it holds is taken for still there" in done.stderr
    assert topology_files.read_topology(system.plan, system.project) == before


def test_taken_down_to_the_end(system: System) -> None:
    plan = system.plan
    prod, dr, cold, traffic = plan.stacks
    backups_of_all_kinds(system)
    deny = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]}
    system.client("iam", plan.primary.region).put_role_policy(  # as `dr compromise` does, outside Pulumi
        RoleName="minimal-primary-backup", PolicyName="older-sessions", PolicyDocument=json.dumps(deny)
    )
    before = system.everything()

    # Without the word: everything is told at once, with the way to go on, and nothing happens.
    refused = system.dr("destroy", prod, dr, traffic, "--yes", *given_up(dr))
    assert (refused.returncode, refused.stdout) == (3, "")
    for told in (
        "minimal-primary-core-1", "a database of 100 GiB", "deletion protection", "vault lock", "minimal-primary",
        "minimal.example.com", "key-original", "1 recovery point", "minimal-primary-core-1-by-hand", "outside Pulumi",
        f"error: {prod}, {traffic}: ", "nothing was deleted",
    ):  # fmt: skip
        assert told in refused.stderr
    assert "minimal-secondary-core-1" not in refused.stderr, "what was given up is not in the way"
    words = f"dr destroy {prod} {dr} {traffic} --delete-data {prod} --delete-data {dr} --delete-data {traffic}"
    assert words in refused.stderr

    for given, says in (
        ((), "name the stacks to delete, or say --all"),
        ((prod, "--all"), "name the stacks to delete, or say --all"),
        ((prod, *given_up(dr)), f"--delete-data {dr}: that stack is not among those to destroy"),
        ((prod, *given_up("mars")), "'mars' is not a stack of minimal"),
    ):
        bad = system.dr("destroy", "--yes", *given)
        assert (bad.returncode, f"error: {says}" in bad.stderr) == (2, True), bad.stderr
    asked = system.dr("destroy", traffic, *given_up(traffic))
    assert asked.returncode == 5, asked.stderr
    assert "minimal stops serving" in asked.stderr
    half = system.dr("destroy", prod, cold, "--yes", *given_up(prod, cold))
    assert half.returncode == 3, half.stderr
    assert f"primary is active: without {prod} minimal stops serving, and {dr}, {traffic} would stay" in half.stderr
    system.world.break_("control-plane", region=plan.primary.region)
    unseen = system.dr("destroy", prod, "--yes", *given_up(prod))
    assert unseen.returncode == 7, unseen.stderr
    system.world.heal()

    # What nobody can delete stops it with and without the word, says until when, and how to go on without it.
    locked_until = papers_that_nobody_can_delete(system, timedelta(seconds=60 * MULTIPLIER))
    for extra in ([], given_up(*plan.stacks)):
        refused = system.dr("destroy", "--all", "--yes", *extra)
        assert refused.returncode == 3
        assert "1 object version locked for good until" in refused.stderr
        assert "error: Bucket minimal-tertiary-papers (1 object version, 6 B" in refused.stderr
        assert f"cannot be deleted by anybody until {locked_until:%Y-%m-%d %H:%M} UTC" in refused.stderr
        assert f"hint: `dr destroy {prod} {dr} {traffic}" in refused.stderr
    assert system.everything() == before
    wait_until(lambda: system.dr("status").returncode == 0, timeout=60, what="the service to take writes as ever")

    wait_until(
        lambda: not any(each["stuck"] for each in system.held()[cold]["holdings"]),
        timeout=120,
        what="the lock of the papers to end",
        every=1,
    )
    all_of_it = ["destroy", "--all", "--yes", *given_up(*plan.stacks)]
    killed_in_the_middle(system, all_of_it, cold)
    ended = system.dr(*all_of_it)
    assert ended.returncode == 0, ended.stderr

    assert {stack: (it["resources"], it["holdings"]) for stack, it in system.held().items()} == {
        stack: ([], []) for stack in plan.stacks
    }
    for region in system.regions:
        assert system.left(region) == {"buckets": []}, region
    status = system.world.status()
    assert status["databases"] == []
    assert all(region["pods"] == [] and region["backups"] == [] for region in status["regions"].values())
    assert topology_files.read_topology(plan, system.project) == Topology.initial(plan)
    assert topology_files.read_records(plan, system.project) == {}
    assert not any("deleteData" in path.read_text() for path in system.project.glob("Pulumi.*.yaml"))
    journalled(plan.stacks)
    again = system.dr("destroy", "--all", "--yes")
    assert again.returncode == 0, "there is nothing left that would need the word"


def backups_of_all_kinds(system: System) -> None:
    """A recovery point in the primary's vault, and a snapshot that Pulumi knows nothing of."""
    region = system.plan.primary.region
    identifier = names.store_identifier(system.plan, "primary", "core", 1)
    system.client("rds", region).create_db_snapshot(
        DBInstanceIdentifier=identifier, DBSnapshotIdentifier=f"{identifier}-by-hand"
    )
    backup = system.client("backup", region)
    job = backup.start_backup_job(
        BackupVaultName=names.vault(system.plan, "primary"),
        ResourceArn=addresses.database_arn(system.plan, "primary", "core", 1),
        IamRoleArn=f"arn:aws:iam::{system.plan.primary.account}:role/minimal-primary-backup",
        Lifecycle={"DeleteAfterDays": 35},
    )["BackupJobId"]

    def is_taken() -> bool:
        state = backup.describe_backup_job(BackupJobId=job)
        assert state["State"] != "FAILED", state
        return bool(state["State"] == "COMPLETED")

    wait_until(is_taken, timeout=60, what="the recovery point")


def papers_that_nobody_can_delete(system: System, lasting: timedelta) -> datetime:
    """An object in the archive with a lock of its own, shorter than the bucket's; when it ends."""
    until = datetime.now(UTC) + lasting
    system.client("s3", system.plan.site("tertiary").region).put_object(
        Bucket=names.bucket(system.plan, "tertiary", "papers"), Key="deed", Body=b"signed",
        ObjectLockMode="COMPLIANCE", ObjectLockRetainUntilDate=until,
    )  # fmt: skip
    return until


def killed_in_the_middle(system: System, words: list[str], stack: str) -> None:
    """It dies without a word while it deletes what `stack` holds; what was deleted before stays gone."""
    process = system.begin(*words)
    try:

        def is_at_work() -> bool:
            runs = [run for run in journal.runs() if run.startswith("destroy")]
            entries = journal.read(journal.path_of(runs[0]), live=True) if runs else iter(())
            last = [(each.evidence["stack"], each.evidence["operation"]) for each in entries if each.name == "engine"]
            return last[-1:] == [(stack, "destroy")]

        wait_until(is_at_work, timeout=240, what=f"the destruction of {stack} to begin")
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate()
    held = system.held()
    assert held[system.plan.traffic.stack]["resources"] == []
    assert held[system.plan.primary.stack]["resources"]


def journalled(stacks: list[str]) -> None:
    """Each word that was given stands in the journal, with what it cost."""
    entries = [
        each for run in journal.runs() if run.startswith("destroy") for each in journal.read(journal.path_of(run))
    ]
    overridden = [each for each in entries if (each.kind, each.status) == ("decision", "overridden")]
    assert {each.evidence["stack"] for each in overridden} == set(stacks)
    assert any("a database of 100 GiB" in told for each in overridden for told in each.evidence["holdings"])
    assert all(each.evidence["by"] for each in overridden)
    assert [each.status for each in entries if each.kind == "end"] == ["done"]

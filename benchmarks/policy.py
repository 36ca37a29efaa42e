"""
Time and memory of the policy pack for 100, 1,000 and 5,000 resources, beside checkov where it is there.

    python -m benchmarks.policy [--sizes 100,1000,5000] [--json FILE] [--checkov PATH]

The pack runs as a process and is asked over its protocol, every resource by itself and then the whole stack, as Pulumi
does it. checkov gets the same resources as a Terraform plan in JSON. `DR_POLICY_SERVER=sdk` in the
environment measures the same rules behind the SDK's own server.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psutil

from benchmarks.narration import Unmeasured, bounded, measured, say
from scripts.core.home import CHECKOUT
from scripts.packs.analyzer import PackProcess, PackResource
from scripts.policy import configuration

LONGEST_SECONDS = 1800
"""How long checkov may take; it needs minutes for thousands of resources."""
PACK = CHECKOUT / "policies"
REGIONS = ("eu-north-1", "eu-west-1")
FACTS = {
    "siteRole": "all",
    "primaryRegion": REGIONS[0],
    "recoveryRegions": [REGIONS[1]],
    "allowedRegions": list(REGIONS),
    "rtoMinutes": 60,
    "rpoMinutes": 15,
}


def resources(number: int) -> list[PackResource]:
    """A mix of good and bad resources, of types that rules look at and of types that none does."""
    makers = (
        *(_database, _bucket, _versioning, _record, _key, _table, _server, _deployment, _role, _subnet),
        *(_cluster, _instance, _balancer, _listener, _files, _selection, _budget, _sql, _access_block, _gcs),
    )
    return [makers[position % len(makers)](position) for position in range(number)]


def _resource(token: str, position: int, props: Mapping[str, Any]) -> PackResource:
    name = f"{token.rsplit(':', 1)[-1].lower()}-{position}"
    urn = f"urn:pulumi:prod::bench::{token}::{name}"
    return PackResource(token, urn, name, props, {**props, "id": name, "arn": f"arn:aws:x:{REGIONS[0]}:1:{name}"})


def _database(n: int) -> PackResource:
    return _resource(
        "aws:rds/instance:Instance",
        n,
        {
            "identifier": f"db-{n}",
            "region": REGIONS[n // 10 % 2],
            "engine": "postgres",
            "engineVersion": "16.3",
            "instanceClass": "db.r6g.large",
            "allocatedStorage": 100,
            "backupRetentionPeriod": n % 40,
            "deletionProtection": n % 3 == 0,
            "multiAz": n % 2 == 0,
            "storageEncrypted": True,
            "copyTagsToSnapshot": True,
            "vpcSecurityGroupIds": ["sg-1", "sg-2"],
            "tags": {"team": "shop", "tier": str(n % 4)},
        },
    )


def _bucket(n: int) -> PackResource:
    return _resource("aws:s3/bucket:Bucket", n, {"bucket": f"bucket-{n}", "region": REGIONS[0], "forceDestroy": False})


def _versioning(n: int) -> PackResource:
    status = "Enabled" if n % 2 else "Suspended"
    return _resource(
        "aws:s3/bucketVersioning:BucketVersioning",
        n,
        {"bucket": f"bucket-{n - 1}", "versioningConfiguration": {"status": status}},
    )


def _record(n: int) -> PackResource:
    return _resource(
        "aws:route53/record:Record",
        n,
        {
            "zoneId": "Z1",
            "name": f"api-{n}.example.com",
            "type": "CNAME",
            "ttl": 30 + n % 300,
            "records": ["a.example.com"],
            "failoverRoutingPolicies": [{"type": "PRIMARY"}],
            "setIdentifier": "a",
        },
    )


def _key(n: int) -> PackResource:
    return _resource(
        "aws:kms/key:Key", n, {"multiRegion": n % 2 == 0, "enableKeyRotation": True, "deletionWindowInDays": 7}
    )


def _table(n: int) -> PackResource:
    return _resource(
        "aws:dynamodb/table:Table",
        n,
        {
            "name": f"table-{n}",
            "region": REGIONS[0],
            "hashKey": "id",
            "billingMode": "PAY_PER_REQUEST",
            "pointInTimeRecovery": {"enabled": n % 2 == 0},
            "attributes": [{"name": "id", "type": "S"}],
        },
    )


def _server(n: int) -> PackResource:
    return _resource(
        "azure-native:dbforpostgresql:Server",
        n,
        {
            "serverName": f"pg-{n}",
            "location": "eastus",
            "sku": {"name": "Standard_D4ds_v5", "tier": "GeneralPurpose"},
            "backup": {"backupRetentionDays": 7 + n % 30, "geoRedundantBackup": "Enabled"},
            "highAvailability": {"mode": "ZoneRedundant"},
        },
    )


def _deployment(n: int) -> PackResource:
    probe = {"httpGet": {"path": "/health", "port": 8080}}
    return _resource(
        "kubernetes:apps/v1:Deployment",
        n,
        {
            "metadata": {"name": f"app-{n}", "namespace": "shop"},
            "spec": {
                "replicas": n % 4,
                "template": {
                    "metadata": {"labels": {"app": f"app-{n}"}},
                    "spec": {"containers": [{"name": "app", "image": "app:1", "readinessProbe": probe}]},
                },
            },
        },
    )


def _role(n: int) -> PackResource:
    return _resource("aws:iam/role:Role", n, {"name": f"role-{n}", "assumeRolePolicy": "{}"})


def _subnet(n: int) -> PackResource:
    return _resource("aws:ec2/subnet:Subnet", n, {"vpcId": "vpc-1", "cidrBlock": f"10.{n // 256 % 256}.{n % 256}.0/24"})


def _cluster(n: int) -> PackResource:
    return _resource("aws:rds/cluster:Cluster", n, {"clusterIdentifier": f"aurora-{n}", "tags": {"backup": "daily"}})


def _instance(n: int) -> PackResource:
    return _resource("aws:rds/clusterInstance:ClusterInstance", n, {"clusterIdentifier": f"aurora-{n - 1}"})


def _balancer(n: int) -> PackResource:
    return _resource("aws:lb/loadBalancer:LoadBalancer", n, {"subnets": [f"subnet-{n - 3}", f"subnet-{n + 17}"]})


def _listener(n: int) -> PackResource:
    policy = f"ELBSecurityPolicy-TLS13-1-{n % 3}-2021-06"
    return _resource("aws:lb/listener:Listener", n, {"protocol": "HTTPS", "port": 443, "sslPolicy": policy})


def _files(n: int) -> PackResource:
    return _resource("aws:efs/fileSystem:FileSystem", n, {"tags": {"backup": "daily" if n % 3 else "never"}})


def _selection(n: int) -> PackResource:
    """Many resources have a few selections: only the first of these takes in anything."""
    tag = {"type": "STRINGEQUALS", "key": "backup", "value": "daily" if n < 20 else f"{n}"}
    token = "aws:backup/selection:Selection" if n < 200 else "aws:backup/reportPlan:ReportPlan"
    return _resource(token, n, {"planId": "p", "selectionTags": [tag]})


def _budget(n: int) -> PackResource:
    return _resource(
        "kubernetes:policy/v1:PodDisruptionBudget",
        n,
        {
            "metadata": {"name": f"app-{n}", "namespace": f"shop-{n % 50}"},
            "spec": {"minAvailable": 1, "selector": {"matchLabels": {"app": f"app-{n - 9}"}}},
        },
    )


def _sql(n: int) -> PackResource:
    return _resource("azure-native:sql:Database", n, {"databaseName": f"orders-{n}", "serverName": "shop"})


def _access_block(n: int) -> PackResource:
    flags = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
    return _resource(
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        n,
        {"bucket": f"bucket-{n - 17}", **dict.fromkeys(flags, n % 2 == 0)},
    )


def _gcs(n: int) -> PackResource:
    return _resource("gcp:storage/bucket:Bucket", n, {"name": f"media-{n}", "location": "EU"})


def measure(number: int) -> dict[str, Any]:
    """Seconds and MiB for the whole look at `number` resources. The time to start the pack is given by itself."""
    known = resources(number)
    process = PackProcess(PACK)
    began, own = time.perf_counter(), time.process_time()
    with process:
        process.configure(configuration("prod", FACTS))
        started = time.perf_counter()
        each = [finding for resource in known for finding in process.analyze_resource(resource)]
        middle = time.perf_counter()
        whole = process.analyze_stack(known)
        ended = time.perf_counter()
        peak = peak_mib(process.process.pid)
        used = psutil.Process(process.process.pid).cpu_times()
        rules = len(process.info.policies)
    return {
        "tool": "dr policy pack" + (" (SDK server)" if os.environ.get("DR_POLICY_SERVER") == "sdk" else ""),
        "resources": number,
        "rules": rules,
        "start_seconds": started - began,
        "resource_seconds": middle - started,
        "stack_seconds": ended - middle,
        "seconds": ended - began,
        # Ours too: encoding resources for the pack is work that Pulumi does.
        "processor_seconds": used.user + used.system + time.process_time() - own,
        "per_resource_ms": (ended - started) / number * 1000,
        "peak_mib": peak,
        "findings": len(each) + len(whole),
    }


def peak_mib(pid: int) -> float:
    """The most memory a process ever held; what it holds now where the kernel does not say."""
    try:
        for line in Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    except OSError:
        pass
    return float(psutil.Process(pid).memory_info().rss) / 1024**2


COLUMNS = {
    "resources": "resources",
    "rules": "rules",
    "seconds": "seconds",
    "processor_seconds": "cpu s",
    "per_resource_ms": "ms each",
    "peak_mib": "peak MiB",
    "findings": "findings",
}
TERRAFORM = {
    "aws:rds/instance:Instance": "aws_db_instance",
    "aws:s3/bucket:Bucket": "aws_s3_bucket",
    "aws:s3/bucketVersioning:BucketVersioning": "aws_s3_bucket_versioning",
    "aws:route53/record:Record": "aws_route53_record",
    "aws:kms/key:Key": "aws_kms_key",
    "aws:dynamodb/table:Table": "aws_dynamodb_table",
    "azure-native:dbforpostgresql:Server": "azurerm_postgresql_flexible_server",
    "kubernetes:apps/v1:Deployment": "kubernetes_deployment",
    "aws:iam/role:Role": "aws_iam_role",
    "aws:ec2/subnet:Subnet": "aws_subnet",
    "aws:rds/cluster:Cluster": "aws_rds_cluster",
    "aws:rds/clusterInstance:ClusterInstance": "aws_rds_cluster_instance",
    "aws:lb/loadBalancer:LoadBalancer": "aws_lb",
    "aws:lb/listener:Listener": "aws_lb_listener",
    "aws:efs/fileSystem:FileSystem": "aws_efs_file_system",
    "aws:backup/selection:Selection": "aws_backup_selection",
    "aws:backup/reportPlan:ReportPlan": "aws_backup_report_plan",
    "kubernetes:policy/v1:PodDisruptionBudget": "kubernetes_pod_disruption_budget_v1",
    "azure-native:sql:Database": "azurerm_mssql_database",
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": "aws_s3_bucket_public_access_block",
    "gcp:storage/bucket:Bucket": "google_storage_bucket",
}


def snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)


def as_terraform(value: Any) -> Any:
    """Properties as Terraform writes them: names with underscores, objects as lists of one."""
    if isinstance(value, Mapping):
        return {snake(str(key)): _block(item) for key, item in value.items()}
    return [as_terraform(item) for item in value] if isinstance(value, list) else value


def _block(item: Any) -> Any:
    return [as_terraform(item)] if isinstance(item, Mapping) else as_terraform(item)


def terraform_plan(known: list[PackResource]) -> dict[str, Any]:
    entries = [
        {
            "address": f"{TERRAFORM[resource.type]}.{resource.name.replace('-', '_')}",
            "mode": "managed",
            "type": TERRAFORM[resource.type],
            "name": resource.name.replace("-", "_"),
            "provider_name": "registry.terraform.io/hashicorp/aws",
            "values": as_terraform(resource.inputs),
        }
        for resource in known
    ]
    changes = [
        {
            **{key: entry[key] for key in ("address", "mode", "type", "name", "provider_name")},
            "change": {"actions": ["create"], "before": None, "after": entry["values"]},
        }
        for entry in entries
    ]
    return {
        "format_version": "1.2",
        "terraform_version": "1.9.0",
        "planned_values": {"root_module": {"resources": entries}},
        "resource_changes": changes,
        "configuration": {"root_module": {}},
    }


def measure_checkov(program: str, number: int) -> dict[str, Any]:
    """The same resources through checkov. Raises Unmeasured when it does not work."""
    with tempfile.TemporaryDirectory() as folder:
        plan = Path(folder) / "plan.json"
        plan.write_text(json.dumps(terraform_plan(resources(number))), encoding="utf-8")
        command = [program, "-f", str(plan), "--framework", "terraform_plan", "-o", "json", "--compact", "--quiet"]
        began = time.perf_counter()
        process = psutil.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=folder)
        peak = 0.0
        what = f"{program} on {number} resources"
        with bounded(process, what, seconds=LONGEST_SECONDS), (Path(folder) / "out.json").open("wb") as out:
            while chunk := process.stdout.read(65536):
                out.write(chunk)
                peak = max(peak, _tree_peak(process))
            _, _, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        try:
            report = json.loads((Path(folder) / "out.json").read_bytes())
        except ValueError:
            raise Unmeasured(f"{program} gave no report on {number} resources") from None
    summary = report["summary"] if isinstance(report, dict) else report[0]["summary"]
    return {
        "tool": f"checkov {summary['checkov_version']}",
        "resources": summary["resource_count"],
        "rules": None,
        "seconds": seconds,
        "processor_seconds": usage.ru_utime + usage.ru_stime,
        "per_resource_ms": seconds / number * 1000,
        "peak_mib": peak,
        "findings": summary["failed"],
    }


def _tree_peak(process: psutil.Popen) -> float:
    try:
        return sum(peak_mib(each.pid) for each in [process, *process.children(recursive=True)])
    except psutil.NoSuchProcess:
        return 0.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default="100,1000,5000")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--checkov", default=shutil.which("checkov"))
    options = parser.parse_args()
    rows = []
    for size in map(int, options.sizes.split(",")):
        say(f"{size} resources: the policy pack")
        rows.append(measure(size))
        if options.checkov:
            say(f"{size} resources: {options.checkov}")
            rows.append(measure_checkov(options.checkov, size))
    print(f"{'':28} " + " ".join(f"{title:>9}" for title in COLUMNS.values()))
    for row in rows:
        numbers = (row[key] for key in COLUMNS)
        shown = ("-" if n is None else str(n) if isinstance(n, int) else f"{n:.2f}" for n in numbers)
        print(f"{row['tool']:28} " + " ".join(f"{text:>9}" for text in shown))
    if not options.checkov:
        say("checkov is not installed here, so nothing is compared: install it in an environment of its own, --checkov")
    if options.json:
        machine = {"python": platform.python_version(), "processors": os.cpu_count(), "machine": platform.machine()}
        options.json.write_text(json.dumps({"benchmark": "policy", "machine": machine, "rows": rows}, indent=2) + "\n")


if __name__ == "__main__":
    sys.exit(measured(main))

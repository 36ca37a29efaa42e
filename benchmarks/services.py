"""
Failover time of plans with 1, 10, 50 and 200 services, against the sum over tiers of the slowest service of each tier.

    python -m benchmarks.services [--counts 1,10,50,200] [--out out/services-benchmark.json]
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import yaml

from benchmarks.narration import measured, say
from model import load_plan
from scripts.drills.stage import entered, stage
from scripts.failover import failover
from scripts.people.output import out, seconds, table
from scripts.runbooks.tables import table as table_of
from scripts.runs import run_records
from scripts.runs.journal import Journal, path_of, read
from scripts.runs.runbook import Options

PLANS = Path(__file__).resolve().parents[1] / "plans"
TIERS = 4


def plan_with(services: int, folder: Path) -> Path:
    """
    The smallest plan with so many services, spread over four tiers, each with one pod when active and none when warm.
    """
    raw: dict[str, Any] = yaml.safe_load((PLANS / "minimal.yaml").read_text(encoding="utf-8"))
    raw["tiers"] = [{"tier": tier, "max_downtime": f"{15 * (tier + 1)}m"} for tier in range(TIERS)]
    raw["services"][0]["replicas"] = {"active": 1, "warm": 1}
    raw["services"] += [
        # Workers: a front door leads to a hundred services at most.
        {"name": f"service-{number}", "kind": "pods", "front_door": False, "tier": number % TIERS, "uses": ["core"]}
        for number in range(1, services)
    ]
    path = folder / "minimal.yaml"
    path.write_text(yaml.safe_dump(raw, sort_keys=False), encoding="utf-8")
    return path


def failed_over(services: int, folder: Path) -> dict[str, Any]:
    """One regional failover of a plan with so many services."""
    path = plan_with(services, folder)
    plan = load_plan(path)
    with entered({"DR_HOME": str(folder / "home")}):
        journal = Journal.of(run_records.new_run_id("drill"))
        with stage(plan, str(path), journal, folder, say) as made:
            say(f"{services} services: provisioning")
            began = time.monotonic()
            made.provision()
            provisioned = time.monotonic() - began
            say(f"{services} services: provisioned in {seconds(provisioned)}; losing the region and failing over")
            made.lose("primary")
            outcome = failover(plan, "secondary", plan_path=str(path))
            if outcome.error is not None:
                raise outcome.error
            memory = made.world.status()["memory_bytes"]
            say(f"{services} services: failed over")
        steps = [entry for entry in read(path_of(outcome.run)) if entry.kind == "step" and entry.seconds is not None]
        took = {entry.name: float(entry.seconds or 0) for entry in steps}
        waves = table_of("failover", plan, Options()).waves()
        compute = [wave for wave in waves if wave[0].phase == "compute"]
        path_seconds = sum(max(took[row.name] for row in wave) for wave in compute)
        parts = outcome.measures["parts"]
        return {
            "services": services, "provision_seconds": provisioned, "service_back_seconds": parts["failover"],
            "all_tiers_seconds": (parts["failover"] or 0) + (parts["validation"] or 0),
            "critical_path_seconds": path_seconds,
            "sum_of_starts_seconds": sum(took[row.name] for wave in compute for row in wave), "world_bytes": memory,
        }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure failovers of plans with many services.")
    parser.add_argument("--counts", default="1,10,50,200")
    parser.add_argument("--out", type=Path, default=Path("out/services-benchmark.json"))
    arguments = parser.parse_args()
    found = []
    for count in map(int, arguments.counts.split(",")):
        with tempfile.TemporaryDirectory() as folder:
            found.append(failed_over(count, Path(folder)))
    timed = ("service_back_seconds", "all_tiers_seconds", "critical_path_seconds", "sum_of_starts_seconds")
    rows = [
        [
            str(each["services"]), *(seconds(each[name]) for name in timed), seconds(each["provision_seconds"]),
            f"{each['world_bytes'] / 2**20:.0f} MiB",
        ]
        for each in found
    ]  # fmt: skip
    columns = ("services", "back", "all tiers", "critical path", "one after the other", "provisioned", "world")
    out().print(table("Regional failover by number of services", columns, rows))
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(json.dumps(found, indent=2))


if __name__ == "__main__":
    sys.exit(measured(main))

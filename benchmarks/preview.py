"""
`dr preview`: from a preview of 1,000 and 5,000 steps to the comment, time and peak memory of the whole process.

    python -m benchmarks.preview            # prints a table, writes out/benchmarks/preview.json

Half of the steps change something. Each run is a process of its own, start of Python included; the best and the worst
of several runs are shown. Aim: 5,000 steps in under 2 s and under 300 MiB.
"""

from __future__ import annotations

import copy
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.narration import Unmeasured, bounded, measured, say
from tests.previews import samples
from tests.previews.worlds import STACK_TYPE, Resource, digest, events

RUNS = 5
LONGEST_SECONDS = 120
SIZES = (1_000, 5_000)
OUT = Path("out/benchmarks/preview.json")


def world(size: int) -> tuple[list[Resource], list[Resource]]:
    """`size` resources of the kinds of a site, before and after a change of half of them."""
    kinds = [item for stack in samples.aws().values() for item in stack if item["type"] != STACK_TYPE]
    before = [
        {**copy.deepcopy(kinds[n % len(kinds)]), "name": f"{kinds[n % len(kinds)]['name']}-{n}"} for n in range(size)
    ]
    after = copy.deepcopy(before)
    for number, item in enumerate(after):
        if number % 2:
            item["inputs"]["tags"] = {"release": str(number)}
        if "backupRetentionPeriod" in item["inputs"] and number % 3 == 0:
            item["inputs"]["backupRetentionPeriod"] = 1
    return before, after


def measure(file: Path, out: Path) -> tuple[float, float, float]:
    """Seconds, seconds of a processor, and peak MiB of one `dr preview`."""
    command = [
        sys.executable,
        "-m",
        "scripts.dr",
        "preview",
        f"prod={file}",
        "--format",
        "markdown",
        "--output",
        str(out),
    ]
    started = time.perf_counter()
    process = subprocess.Popen(command)
    with bounded(process, f"`dr preview` of {file.name}", seconds=LONGEST_SECONDS):
        _, status, usage = os.wait4(process.pid, 0)
    elapsed = time.perf_counter() - started
    if (code := os.waitstatus_to_exitcode(status)) != 0:
        raise Unmeasured(f"`dr preview` of {file.name} ended with {code}")
    scale = 2**20 if platform.system() == "Darwin" else 2**10
    return elapsed, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / scale


def main() -> None:
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for size in SIZES:
            before, after = world(size)
            files = {"event log": Path(folder) / "events.json", "digest": Path(folder) / "digest.json"}
            files["event log"].write_text("".join(json.dumps(event) + "\n" for event in events("prod", before, after)))
            files["digest"].write_text(json.dumps(digest("prod", before, after, sames=True), indent=4))
            for kind, file in files.items():
                out = Path(folder) / "comment.md"
                say(f"{size} steps, read from the {kind}: {RUNS} runs")
                results = [measure(file, out) for _ in range(RUNS)]
                rows.append(
                    {
                        "source": kind,
                        "steps": size,
                        "file_mib": round(file.stat().st_size / 2**20, 1),
                        "best_s": round(min(seconds for seconds, _, _ in results), 3),
                        "worst_s": round(max(seconds for seconds, _, _ in results), 3),
                        "cpu_s": round(min(cpu for _, cpu, _ in results), 3),
                        "peak_mib": round(max(mib for _, _, mib in results), 1),
                        "comment_bytes": out.stat().st_size,
                    }
                )
    heads = ("file MiB", "best s", "worst s", "cpu s", "peak MiB")
    print(f"{'source':<10} {'steps':>6} " + " ".join(f"{head:>9}" for head in heads) + f" {'comment bytes':>14}")
    for row in rows:
        figures = " ".join(f"{row[key]:>9}" for key in ("file_mib", "best_s", "worst_s", "cpu_s", "peak_mib"))
        print(f"{row['source']:<10} {row['steps']:>6} {figures} {row['comment_bytes']:>14}")
    OUT.parent.mkdir(parents=True, exist_ok=True)
    facts = {"python": platform.python_version(), "cpus": os.cpu_count(), "runs": RUNS, "results": rows}
    OUT.write_text(json.dumps(facts, indent=1) + "\n")


if __name__ == "__main__":
    sys.exit(measured(main))
